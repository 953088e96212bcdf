import numpy as np
import pytest

from paramsrun.optimizers.cmaes import CMAES
from paramsrun.optimizers.contract import tell
from paramsrun.optimizers.replay import Divergence, Injected, Told, replay
from paramsrun.optimizers.scipy import Scipy

BOX = np.array([[0.0, 1.0], [0.0, 10.0]])
X0 = np.array([0.3, 4.0])


def start(optimizer):
    return optimizer.start(BOX, X0, np.random.default_rng(1))


def record(optimizer, n=6):
    proposer = start(optimizer)
    history = []
    for b in range(n):
        if b == 3:
            history.append(Injected(np.array([0.5, 5.0]), 0.1))
            proposer.inject(*history[-1])
        x = proposer.ask()
        history.append(Told(x, (x**2).sum(axis=1)))
        tell(proposer, *history[-1])
    proposer.close()
    return history


def shifted(history, b, by):
    k = [k for k, event in enumerate(history) if isinstance(event, Told)][b]
    x = history[k].x.copy()
    x[0, 1] += by
    return [*history[:k], Told(x, history[k].fx), *history[k + 1 :]]


def test_an_equal_replay_is_silent():
    assert replay(start(CMAES()), record(CMAES()), BOX) is None


def test_an_empty_history_changes_nothing():
    proposer = start(CMAES())
    assert replay(proposer, [], BOX) is None
    assert np.array_equal(proposer.ask(), start(CMAES()).ask())


def test_a_small_deviation_is_a_warning_and_goes_on():
    proposer = start(CMAES())
    history = record(CMAES())
    told = replay(proposer, shifted(history, 4, 1e-6), BOX)
    assert told == Divergence(False, "its points differ by up to 1e-07 of their range")
    exact = start(CMAES())
    replay(exact, history, BOX)
    assert np.array_equal(proposer.ask(), exact.ask())


def test_a_large_deviation_is_fatal_and_names_the_batch():
    told = replay(start(CMAES()), shifted(record(CMAES()), 2, 0.1), BOX)
    assert told == Divergence(True, "batch 2 differs from the recorded one by 0.01 of its range")


@pytest.mark.parametrize(("by", "fatal"), [(9.9e-3, False), (1.01e-2, True)])
def test_the_limit_is_a_thousandth_of_the_range(by, fatal):
    assert replay(start(CMAES()), shifted(record(CMAES()), 5, by), BOX).fatal is fatal


def test_a_point_that_is_no_number_is_fatal():
    assert replay(start(CMAES()), shifted(record(CMAES()), 1, np.nan), BOX).fatal


def test_another_batch_size_is_fatal():
    told = replay(start(CMAES(popsize=9)), record(CMAES()), BOX)
    assert told == Divergence(True, "batch 0 has 9 points where 6 were recorded")


def test_an_optimizer_that_ends_early_is_fatal():
    told = replay(start(CMAES(settings={"maxiter": 2})), record(CMAES()), BOX)
    assert told.fatal
    assert told.reason.startswith("it ended before batch 2: maxiter 2")


def test_a_missing_injection_shows():
    history = [event for event in record(CMAES()) if isinstance(event, Told)]
    assert replay(start(CMAES()), history, BOX).fatal


def test_a_blocking_optimizer_is_replayed_likewise():
    proposer = start(Scipy())
    assert replay(proposer, record(Scipy()), BOX) is None
    proposer.close()
