"""What a journal says of an optimizer is taken only where it can be true."""

import numpy as np
import pytest

from paramsrun.errors import RunError
from paramsrun.manager.events import Eval
from paramsrun.manager.tape import tapes
from paramsrun.optimizers.replay import Told


def evaluated(n: int, b: int, i: int) -> Eval:
    return Eval(n, 1, b, i, np.zeros(1), 1.0, 0.0)


@pytest.mark.parametrize("b", [2, 900_000_000, -1])
def test_a_batch_without_the_one_before_it_is_refused(b: int) -> None:
    with pytest.raises(RunError, match=f"evaluation 2 is of batch {b} of optimizer 1, of which 1"):
        tapes([evaluated(1, 0, 0), evaluated(2, b, 0)], {1})


def test_results_of_a_batch_may_come_in_any_order() -> None:
    tape = tapes([evaluated(1, 0, 1), evaluated(2, 0, 0), evaluated(3, 1, 0)], {1})[1]
    assert tape.n_before == 2
    assert tape.n_batches == 2
    assert list(tape.last) == [0]


def test_evaluations_come_back_as_they_were() -> None:
    x = np.array([0.1, -0.0, 1e-300])
    recorded = [
        Eval(3, 1, 0, 0, x, 0.25, 1.5),
        Eval(5, 1, 1, 2**64 - 1, x + 1.0, np.inf, 2.5, "job a: it failed"),
        Eval(7, 1, 1, 0, x + 2.0, -1.0, 3.5, val=0.5, pruned=True, r=np.arange(4.0)),
        Eval(8, 1, 2, 0, x + 3.0, 0.0, 4.5),
    ]
    tape = tapes(recorded, {1})[1]
    back = list(tape.evaluations)
    assert [e._replace(x=None, r=None) for e in back] == [
        e._replace(x=None, r=None) for e in recorded
    ]
    assert [e.x.tobytes() for e in back] == [e.x.tobytes() for e in recorded]
    assert [e.r is None for e in back] == [True, True, False, True]
    np.testing.assert_array_equal(back[2].r, np.arange(4.0))


def test_batches_are_told_in_the_order_of_their_candidates() -> None:
    x = [np.full(2, float(n)) for n in range(4)]
    recorded = [
        Eval(1, 1, 0, 1, x[1], 1.0, 0.0, r=np.ones(3)),
        Eval(2, 1, 0, 0, x[0], 0.0, 0.0, r=np.zeros(3)),
        Eval(3, 1, 1, 0, x[2], 2.0, 0.0),
        Eval(4, 1, 2, 0, x[3], 3.0, 0.0),
    ]
    first, second = tapes(recorded, {1})[1].told_from()
    assert isinstance(first, Told)
    assert isinstance(second, Told)
    np.testing.assert_array_equal(first.x, [x[0], x[1]])
    np.testing.assert_array_equal(first.residuals, [np.zeros(3), np.ones(3)])
    np.testing.assert_array_equal(second.fx, [2.0])
