import contextlib
import gc
import warnings
import weakref

import numpy as np
import pytest

from paramsrun.optimizers.blocking import BlockingProposer, Closed
from paramsrun.optimizers.contract import Ended


def countdown(loss):
    """Ask at 3, 2 and 1 and say what came back."""
    answers = [float(loss(np.array([k, 0.0]))) for k in (3.0, 2.0, 1.0)]
    return Ended("converged", str(answers))


def test_calls_become_batches_of_one():
    proposer = BlockingProposer(countdown)
    for k in (3.0, 2.0, 1.0):
        assert proposer.ended is None
        x = proposer.ask()
        assert x.tolist() == [[k, 0.0]]
        proposer.tell(x, np.array([10.0 * k]))
    assert proposer.ended == ("converged", "[30.0, 20.0, 10.0]")


def test_calls_with_many_points_become_one_batch():
    def minimize(loss):
        return Ended("converged", str(loss.many(np.eye(3)).tolist()))

    proposer = BlockingProposer(minimize)
    x = proposer.ask()
    assert x.tolist() == np.eye(3).tolist()
    proposer.tell(x, np.array([1.0, np.inf, 3.0]))
    assert proposer.ended == ("converged", "[1.0, inf, 3.0]")


def test_an_algorithm_that_asks_nothing_has_ended_at_the_start():
    assert BlockingProposer(lambda loss: Ended("converged", "done")).ended.reason == "done"


def test_an_exception_is_a_failure_with_its_words():
    def minimize(loss):
        loss(np.zeros(2))
        raise ValueError("two\n  lines")

    proposer = BlockingProposer(minimize)
    proposer.tell(proposer.ask(), np.zeros(1))
    assert proposer.ended == ("failed", "ValueError: two lines")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_no_number_is_a_failure(bad):
    def minimize(loss):
        loss(np.zeros(2))
        loss(np.array([bad, 0.0]))

    proposer = BlockingProposer(minimize)
    proposer.tell(proposer.ask(), np.zeros(1))
    assert proposer.ended == ("failed", "lost its way: its next point is not a number")


def test_close_unwinds_the_algorithm():
    unwound = []

    def minimize(loss):
        try:
            return countdown(loss)
        except Closed:
            unwound.append("except")
            raise
        finally:
            unwound.append("finally")

    proposer = BlockingProposer(minimize)
    proposer.close()
    assert unwound == ["except", "finally"]
    assert proposer.ended is None
    proposer.close()


def test_close_insists_where_the_algorithm_swallows_it(capfd):
    def minimize(loss):
        for _ in range(5):
            with contextlib.suppress(BaseException):
                loss(np.zeros(2))
        return Ended("converged", "at last")

    proposer = BlockingProposer(minimize)
    gone = weakref.ref(proposer)
    proposer.close()
    del proposer
    gc.collect()
    assert gone() is None
    assert capfd.readouterr() == ("", "")


def test_one_that_is_forgotten_unclosed_says_nothing(capfd):
    proposer = BlockingProposer(countdown)
    del proposer
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_inside_the_algorithm_reaches_the_run():
    def minimize(loss):
        loss(np.zeros(2))
        raise KeyboardInterrupt

    proposer = BlockingProposer(minimize)
    with pytest.raises(KeyboardInterrupt):
        proposer.tell(proposer.ask(), np.zeros(1))


def test_warnings_of_the_algorithm_stay_inside_and_those_outside_are_heard():
    def minimize(loss):
        warnings.warn("unheard", stacklevel=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss(np.zeros(2))
        warnings.warn("unheard", stacklevel=1)
        np.float64(1.0) / np.float64(0.0)
        return Ended("converged", "")

    before = list(warnings.filters)
    proposer = BlockingProposer(minimize)
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)
    proposer.tell(proposer.ask(), np.zeros(1))
    assert proposer.ended == ("converged", "")
    assert list(warnings.filters) == before


def test_a_warning_shown_once_is_not_shown_again_after_a_switch(recwarn):
    warnings.simplefilter("default")

    def minimize(loss):
        while True:
            loss(np.zeros(2))

    proposer = BlockingProposer(minimize)
    for _ in range(3):
        warnings.warn("of the loss function", stacklevel=1)
        proposer.tell(proposer.ask(), np.zeros(1))
    proposer.close()
    assert len(recwarn) == 1


def test_floating_point_errors_set_inside_stay_inside():
    def minimize(loss):
        with np.errstate(all="raise"):
            loss(np.zeros(2))
            inside.append(np.geterr()["divide"])
        return Ended("converged", "")

    inside = []
    before = np.geterr()
    proposer = BlockingProposer(minimize)
    assert np.geterr() == before
    with np.errstate(divide="call"):
        proposer.tell(proposer.ask(), np.zeros(1))
    assert inside == ["raise"]
    assert np.geterr() == before
