"""Each stopper is met exactly when its page says so: numbers worked by hand, on both sides."""

import copy
import pickle
from collections.abc import Sequence
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paramsrun.settings.families import stoppers
from tests.manager.told import Told

HUGE = 1.7e308
"""The sum and the difference of two such are beyond all numbers."""


def lone(*losses: float) -> Told:
    """Return a run of one optimizer with these losses."""
    return Told().start(1).losses(1, *losses)


@pytest.mark.parametrize(
    ("tolerance", "losses", "met"),
    [
        (0.0, [4, 4], False),  # as many as n, not more
        (0.0, [4, 4, 4], True),  # |4 - 4| <= 0
        (0.0, [4, 3, 3], False),  # |3 - 4| > 0
        (0.0, [4, 3, 3, 3], True),
        (0.0, [3, 9, 8], True),  # the lowest of before is still the lowest
        (0.25, [4, 5, 3], True),  # |3 - 4| = 1 <= 4 * 0.25 = 1
        (0.24, [4, 5, 3], False),  # 1 > 0.96
        (0.25, [9, 4, 3.5, 3], True),  # only the latest two count: 4 -> 3
        (0.25, [-4, -4, -5], True),  # |-5 + 4| = 1 <= |-4 * 0.25| = 1
        (0.24, [-4, -4, -5], False),
        (0.5, [0, 0, -1], False),  # nothing is small against 0
        (0.5, [0, 1, 1], True),
        (0.0, [inf, inf, inf], True),  # no improvement either
        (9.0, [inf, inf, 5], False),  # from nothing to something
        (9.0, [inf, 5, 5], False),
        (0.0, [5, inf, inf], True),
        (1.9, [HUGE, HUGE, -HUGE], False),  # 2 HUGE > 1.9 HUGE
        (2.0, [HUGE, HUGE, -HUGE], True),  # 2 HUGE <= 2 HUGE
    ],
)
def test_best_value_unmoving_over_two_evaluations(
    tolerance: float, losses: list[float], met: bool
) -> None:
    stopper = stoppers["BestFunctionValueUnmoving"](number_of_function_calls=2, tolerance=tolerance)
    assert lone(*losses).judge(stopper) is met


@pytest.mark.parametrize(
    ("n", "tolerance", "losses", "met"),
    [
        (2, 0.2, [5], False),  # fewer than n
        (2, 0.2, [3, 5], True),  # mean 4, deviations -1 and 1: 1 <= 5 * 0.2 = 1
        (2, 0.19, [3, 5], False),  # 1 > 0.95
        (2, 0.2, [5, 3], False),  # 1 > 3 * 0.2
        (2, 0.2, [-3, -5], True),  # 1 <= |-5 * 0.2|
        (2, 0.2, [100, 3, 5], True),  # only the latest two count
        (4, 0.5, [1, 3, 5, 3], True),  # mean 3, sqrt((4 + 0 + 4 + 0) / 4) = 1.414 <= 1.5
        (4, 0.4, [1, 3, 5, 3], False),  # 1.414 > 1.2; so would be 1.633 of a sample
        (4, 0.5, [1, 3, 3, 5], True),  # 1.414 <= 2.5
        (3, 0.0, [0.1, 0.1, 0.1], True),
        (3, 0.0, [0.1, 0.1, 0.2], False),
        (3, 0.9, [1, -1, 0], False),  # 0.816 > 0
        (3, 0.9, [0, 0, 0], True),
        (3, 0.2, [inf, 3, 5], True),  # what is infinite is passed over
        (3, 0.2, [3, 5, inf], True),  # 5 is the last finite one
        (3, 0.2, [5, inf, 3], False),
        (3, 9.0, [inf, inf, 5], False),  # one alone is like no other
        (3, 9.0, [5, inf, inf], False),
        (3, 0.0, [inf, inf, inf], True),  # all alike
        (3, 0.0, [5, inf, inf, inf], True),
        (2, 0.9, [HUGE, -HUGE], False),
        (2, 0.0, [HUGE, HUGE], True),
        (3, 0.5, [-HUGE, HUGE, HUGE], False),
    ],
)
def test_current_value_unmoving(n: int, tolerance: float, losses: list[float], met: bool) -> None:
    stopper = stoppers["CurrentFunctionValueUnmoving"](
        number_of_function_calls=n, tolerance=tolerance
    )
    assert lone(*losses).judge(stopper) is met


@given(
    st.lists(st.integers(-9, 9).map(float) | st.just(inf), min_size=6, max_size=9),
    st.sampled_from([0.1, 0.3, 1.0, 3.0]),
)
def test_current_value_unmoving_agrees_with_its_definition(
    losses: list[float], tolerance: float
) -> None:
    finite = [fx for fx in losses[-6:] if isfinite(fx)]
    assume(len(finite) > 1)
    spread, limit = np.std(finite), abs(finite[-1] * tolerance)
    assume(abs(spread - limit) > 1e-9)
    stopper = stoppers["CurrentFunctionValueUnmoving"](
        number_of_function_calls=6, tolerance=tolerance
    )
    assert lone(*losses).judge(stopper) is bool(spread <= limit)


@pytest.mark.parametrize(
    ("n", "losses", "met"),
    [
        (1, [inf], True),
        (1, [inf, 5], False),
        (2, [inf], False),
        (2, [inf, inf], True),
        (2, [inf, inf, 5], False),
        (2, [5, inf, inf], True),
        (2, [inf, 5, inf], False),
    ],
)
def test_consecutive_infinite_evaluations(n: int, losses: list[float], met: bool) -> None:
    stopper = stoppers["ConsecutiveInfiniteEvaluations"](n_infinite=n)
    assert lone(*losses).judge(stopper) is met


@pytest.mark.parametrize(
    ("name", "key"), [("MaxFunctionCalls", "n_max"), ("MinFunctionCalls", "n_min")]
)
def test_calls_are_counted_from_their_number_on_infinite_ones_among_them(
    name: str, key: str
) -> None:
    stopper = stoppers[name](**{key: 3})
    told = Told().start(1, 2).losses(2, 1, 1, 1, 1)
    assert [told.losses(1, fx).judge(stopper) for fx in (5, inf, 4, 3)] == [
        False,
        False,
        True,
        True,
    ]


def distance(far: float = 0.2, compare_all: bool = False) -> object:
    return stoppers["MaxInteroptimizerDistance"](
        max_relative_distance=far, compare_all_optimizers=compare_all
    )


@pytest.mark.parametrize(
    ("point", "far", "met"),
    [
        ([1, 2], 0.2, True),  # 1 of the diagonal of 5
        ([1, 2], 0.19, False),
        ([3, 4], 0.8, True),  # sqrt(4 + 9) = 3.61 <= 4
        ([3, 4], 0.7, False),  # 3.61 > 3.5
        ([1, 1], 0.0, True),
    ],
)
def test_distance_to_the_best(point: Sequence[float], far: float, met: bool) -> None:
    told = Told().start(1, 2).points(2, [3, 4], [1, 1], fx=1.0).points(1, [1, 1], point, fx=2.0)
    assert told.judge(distance(far)) is met


def test_the_latest_points_are_compared_not_the_best_ones() -> None:
    told = Told().start(1, 2).points(2, [1, 1], fx=1.0).points(1, [1, 1], fx=2.0)
    assert told.judge(distance(0.0))
    told.points(2, [3, 1], fx=5.0)
    assert not told.judge(distance(0.39))  # 2 of 5
    assert told.judge(distance(0.4))


def test_no_optimizer_is_near_to_itself() -> None:
    told = Told().start(1).points(1, [1, 1])
    assert not told.judge(distance(1.0))
    assert not told.judge(distance(1.0, compare_all=True))


def test_without_a_best_one_there_is_nothing_to_be_near_to() -> None:
    told = Told().start(1, 2).points(1, [1, 1], fx=inf).points(2, [1, 1], fx=inf)
    assert not told.judge(distance(1.0))
    assert told.judge(distance(0.0, compare_all=True))


def test_others_count_where_all_are_compared_if_they_live_and_have_a_point() -> None:
    told = Told().start(1, 2, 3, 4).points(2, [3, 4], fx=1.0).points(1, [0, 0], fx=2.0)
    assert not told.judge(distance(0.2, compare_all=True))
    told.points(3, [0, 1], fx=3.0)
    assert told.judge(distance(0.2, compare_all=True))
    assert not told.judge(distance(0.2))
    assert not told.judge(distance(0.19, compare_all=True))
    told.end(3)
    assert not told.judge(distance(0.2, compare_all=True))


@pytest.mark.parametrize("compare_all", [False, True])
def test_the_best_one_counts_although_it_has_ended(compare_all: bool) -> None:
    told = Told().start(1, 2).points(2, [0, 1], fx=1.0).end(2).points(1, [0, 0], fx=2.0)
    assert told.judge(distance(0.2, compare_all))
    assert not told.judge(distance(0.19, compare_all))


def test_distances_are_measured_in_the_space_of_the_optimizer_that_is_judged() -> None:
    told = Told().start(1, kind="linear").start(2, kind="none")
    told.points(2, [3, 0], fx=1.0).points(1, [0, 0], fx=2.0)
    assert told.judge(distance(0.71))  # 1 of sqrt(2) = 0.707
    assert not told.judge(distance(0.7))
    told.points(1, [1, 1], fx=0.5)
    assert told.judge(distance(0.8), o=2)  # (3, 4) to (3, 0): 4 of 5
    assert not told.judge(distance(0.79), o=2)


@pytest.mark.parametrize(
    ("n", "relative", "points", "met"),
    [
        (3, 0.2, [[0, 0], [0, 1]], False),  # fewer than n
        (3, 0.2, [[0, 0], [0, 1], [0, 2]], True),  # (1 + 1) / 2 = 1 <= 0.2 * 5 = 1
        (3, 0.19, [[0, 0], [0, 1], [0, 2]], False),
        (3, 0.2, [[0, 0], [0, 2], [0, 2]], True),  # (2 + 0) / 2 = 1
        (3, 0.2, [[0, 0], [0, 1], [0, 0]], True),  # the path counts, not how far it leads
        (3, 0.19, [[0, 0], [0, 1], [0, 0]], False),
        (2, 1.0, [[0, 0], [3, 4]], True),  # 5 <= 5
        (2, 0.99, [[0, 0], [3, 4]], False),
        (2, 0.2, [[3, 4], [0, 0], [0, 1]], True),  # only the latest two count
        (2, 0.0, [[1, 1], [1, 1]], True),
        (2, 0.0, [[1, 1], [1, 1.0000001]], False),
    ],
)
def test_min_step_size(n: int, relative: float, points: list[list[float]], met: bool) -> None:
    stopper = stoppers["MinStepSize"](number_of_function_calls=n, min_relative_distance=relative)
    assert Told().start(1).points(1, *points).judge(stopper) is met
    assert Told().start(1).points(1, *points, fx=inf).judge(stopper) is met


@pytest.mark.parametrize(("type", "met"), [("Scipy", True), ("SCIPY", True), ("CMAES", False)])
def test_optimizer_type_in_any_case(type: str, met: bool) -> None:
    stopper = stoppers["OptimizerType"](type_name=type)
    assert Told().start(1, type="Scipy").losses(1, 1.0).judge(stopper) is met


@pytest.mark.parametrize(
    ("critical", "n_best", "n_target", "draw", "met"),
    [
        (1.0, 2, 4, 0.5, False),  # 0.5 > 2 / 4 does not hold
        (1.0, 2, 4, 0.51, True),
        (1.0, 4, 4, 0.999, False),  # below the ratio of 1 whatever is drawn
        (1.0, 4, 2, 0.999, False),
        (0.5, 2, 4, 0.999, False),  # 0.4995 > 0.5 does not hold: survival is certain
        (0.5, 1, 4, 0.5, False),  # 0.25 > 0.25 does not hold
        (0.5, 1, 4, 0.51, True),
        (2.0, 2, 4, 0.25, False),  # 0.5 > 0.5 does not hold
        (2.0, 2, 4, 0.26, True),
        (2.0, 4, 4, 0.51, True),  # 1.02 > 1
    ],
)
def test_time_annealing(
    critical: float, n_best: int, n_target: int, draw: float, met: bool
) -> None:
    told = Told().start(1, 2).losses(2, *[1.0] * n_best).losses(1, *[2.0] * n_target)
    assert told.judge(stoppers["TimeAnnealing"](critical_ratio=critical), draw=draw) is met


def test_time_annealing_counts_the_calls_of_a_best_one_that_has_ended() -> None:
    told = Told().start(1, 2).losses(2, 1.0).end(2).losses(1, 2.0, 2.0)
    assert told.judge(stoppers["TimeAnnealing"](), draw=0.51)


def test_time_annealing_spares_all_where_no_loss_is_finite() -> None:
    told = Told().start(1, 2).losses(2, inf).losses(1, inf, inf)
    assert not told.judge(stoppers["TimeAnnealing"](), draw=0.999)


@pytest.mark.parametrize(
    ("chance", "best", "losses", "draw", "met"),
    [
        (50.0, 2, [4], 0.5, False),  # r = 1: survives up to 0.5
        (50.0, 2, [4], 0.51, True),
        (50.0, 2, [6], 0.25, False),  # r = 2: 0.25
        (50.0, 2, [6], 0.26, True),
        (25.0, 2, [4], 0.25, False),
        (25.0, 2, [4], 0.26, True),
        (25.0, 2, [3], 0.5, False),  # r = 0.5: 0.5
        (25.0, 2, [3], 0.51, True),
        (50.0, -2, [0], 0.5, False),  # r = 2 / |-2| = 1
        (50.0, -2, [0], 0.51, True),
        (50.0, 2, [4, 100], 0.5, False),  # its lowest loss is judged, not its last
        (50.0, 2, [2], 0.999, False),  # as low as the best
        (50.0, 2, [1], 0.999, False),  # the best itself
        (50.0, 0, [9], 0.999, False),  # no loss is far from 0
        (50.0, 2, [inf], 1e-9, True),  # r is infinite: the chance is 0
        (50.0, inf, [inf], 0.999, False),  # there is no best one
        (50.0, 1e-300, [1e300], 1e-9, True),
        (50.0, -HUGE, [HUGE], 1e-9, True),
    ],
)
def test_value_annealing(
    chance: float, best: float, losses: list[float], draw: float, met: bool
) -> None:
    told = Told().start(1, 2).losses(2, best).losses(1, *losses)
    assert told.judge(stoppers["ValueAnnealing"](critical_stop_chance=chance), draw=draw) is met


SAMPLES = {
    "BestFunctionValueUnmoving": {"number_of_function_calls": 2},
    "CurrentFunctionValueUnmoving": {"number_of_function_calls": 3, "tolerance": 0.5},
    "ConsecutiveInfiniteEvaluations": {"n_infinite": 2},
    "MaxFunctionCalls": {"n_max": 4},
    "MinFunctionCalls": {"n_min": 4},
    "MaxInteroptimizerDistance": {"max_relative_distance": 0.3},
    "MinStepSize": {"number_of_function_calls": 3},
    "OptimizerType": {"type_name": "CMAES"},
}


@pytest.mark.parametrize("name", list(stoppers))
def test_a_stopper_looks_no_further_back_than_its_window_and_changes_nothing(name: str) -> None:
    stopper = stoppers[name](**SAMPLES.get(name, {}))
    window = getattr(stopper, "window", 0)
    wide, narrow = Told(window=50), Told(window=window)
    points = [[0, 1], [1, 1], [1, 2], [1, 2], [1, 2], [1, 2.1], [3, 4], [0, 0], [0, 0.01]]
    losses = [9, 8, inf, inf, 8, 7, 7, 7, 3]
    for told in (wide, narrow):
        told.start(1, 2).points(2, [1, 1], fx=0.5)
    for x, fx in zip(points, losses, strict=True):
        for told in (wide, narrow):
            told.points(1, x, fx=fx)
        before = pickle.dumps(copy.deepcopy(wide.state))
        assert wide.judge(stopper) is narrow.judge(stopper)
        assert pickle.dumps(copy.deepcopy(wide.state)) == before


@pytest.mark.parametrize("name", list(stoppers))
def test_a_stopper_can_judge_after_one_evaluation_and_after_losses_became_incomparable(
    name: str,
) -> None:
    stopper = stoppers[name](**SAMPLES.get(name, {}))
    told = lone(inf)
    told.judge(stopper)
    told.losses(1, 2.0, 2.0, 2.0).resume(10.0, comparable=False)
    told.judge(stopper)
    told.losses(1, 3.0)
    told.judge(stopper)


def test_losses_that_cannot_be_compared_any_more_are_not() -> None:
    stopper = stoppers["BestFunctionValueUnmoving"](number_of_function_calls=2)
    told = lone(1.0, 1.0, 1.0).resume(10.0, comparable=False).losses(1, 5.0, 5.0)
    assert not told.judge(stopper)
    assert told.losses(1, 5.0).judge(stopper)
