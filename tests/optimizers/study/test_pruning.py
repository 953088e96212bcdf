import numpy as np
import pytest

from paramsrun.optimizers.study.pruning import Bars, Pruning, is_pruned, steps_of
from paramsrun.problem.contract import Step

MEDIAN = Pruning(50.0, 3, 0)


def bars(how: Pruning, *trials: list[tuple[int, float]]) -> Bars:
    made = Bars(how)
    for trial in trials:
        made.complete([Step(*step) for step in trial])
    return made


def test_a_bar_is_the_percentile_of_what_completed_trials_had_at_the_step() -> None:
    trials = [[(1, 4.0), (2, 3.0)], [(1, 6.0), (2, 1.0)], [(1, 5.0)]]
    assert bars(MEDIAN, *trials).next() == ((1, 5.0), (2, 2.0))
    assert bars(MEDIAN._replace(percentile=25.0), *trials).next() == ((1, 4.5), (2, 1.5))


def test_nothing_is_pruned_before_enough_trials_are_complete() -> None:
    assert bars(MEDIAN, [(1, 4.0)], [(1, 4.0)]).next() == ()


def test_early_steps_have_no_bar() -> None:
    made = bars(MEDIAN._replace(n_warmup_steps=2), *[[(1, 1.0), (2, 2.0), (3, 3.0)]] * 3)
    assert [number for number, _ in made.next()] == [2, 3]


def test_bars_follow_each_completed_trial() -> None:
    made = bars(MEDIAN, *[[(1, 4.0)]] * 3)
    assert made.next() == ((1, 4.0),)
    for _ in range(4):
        made.complete([Step(1, 1.0)])
    assert made.next() == ((1, 1.0),)


def test_of_two_reports_on_one_step_the_first_counts() -> None:
    assert bars(MEDIAN, *[[(1, 4.0), (1, 9.0)]] * 3).next() == ((1, 4.0),)


@pytest.mark.parametrize(
    ("values", "bar"), [([1.0, np.inf, np.inf], np.inf), ([1.0, 2.0, np.inf, np.inf], 2.0)]
)
def test_infinite_values_make_no_bar_that_is_no_number(values: list[float], bar: float) -> None:
    assert bars(MEDIAN, *[[(1, v)] for v in values]).next() == ((1, bar),)


def test_a_trial_is_pruned_by_its_lowest_value_so_far() -> None:
    at = (Step(1, 4.0), Step(2, 2.0))
    assert is_pruned([Step(1, 5.0)], at)
    assert is_pruned([Step(1, 3.0), Step(2, 9.0)], at)
    assert not is_pruned([Step(1, 1.5), Step(2, 9.0), Step(3, 99.0)], at)
    assert not is_pruned([], at)


def test_steps_come_back_from_a_journal() -> None:
    steps = (Step(-1, 0.5), Step(2**52, np.inf))
    assert steps_of(np.array(steps, dtype=float).ravel()) == steps
    assert steps_of(None) == ()
