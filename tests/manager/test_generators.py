"""Where each generator lets an optimizer start."""

from collections import Counter
from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm, uniform

from paramsrun.arrays import Matrix, Vector
from paramsrun.manager.spawning import Known
from paramsrun.problem.scaling import Kind, Scaling
from paramsrun.settings.families import generators
from tests.manager.told import RANGES, Told

X0 = np.array([0.75, 4.0])
"""Real units; the second is at the end of its range."""
AWKWARD = np.array([[0.1, 0.3], [-1e-3, 0.7], [1e8, 1e8 + 1], [-7.0, 1e-9]])
"""Ranges whose lower end plus length is not their upper end, by rounding."""
SAMPLES = {"ExploreExploit": {"max_function_calls": 100}}


def rng(seed: int = 112) -> np.random.Generator:
    return np.random.default_rng(seed)


def generator(name: str, **keys: Any) -> Any:
    return generators[name](**SAMPLES.get(name, {}) | keys)


def known(told: Told, kind: Kind = "linear", ranges: Matrix = RANGES, x0: Vector = X0) -> Known:
    scaling = Scaling(ranges, kind)
    return Known(scaling, scaling.scaled(x0), told.state)


def searched() -> Told:
    """Return a run of three optimizers with the lowest losses 1, 3 and 5 at known points."""
    told = Told().start(1, kind="linear").start(2, kind="std").start(3, kind="none")
    told.points(3, [3, 4], fx=5.0).points(1, [0.5, 0.5], fx=2.0).points(1, [0.25, 1], fx=1.0)
    told.points(2, [0, 0], fx=3.0).points(1, [1, 1], fx=inf)
    return told


@pytest.mark.parametrize("kind", ["linear", "std", "none"])
@pytest.mark.parametrize("name", list(generators))
def test_points_are_fresh_within_the_bounds_and_the_same_for_the_same_random_numbers(
    name: str, kind: Kind
) -> None:
    for told, ranges, x0 in (
        (searched(), RANGES, X0),
        (Told(), RANGES, X0),
        (Told(), AWKWARD, AWKWARD[:, 1]),
    ):
        seen = known(told, kind, ranges, x0)
        before = seen.x0.copy()
        for seed in range(50):
            x = generator(name).x0(seen, rng(seed))
            assert x.shape == before.shape
            assert x.dtype == np.float64
            assert (x >= seen.bounds[:, 0]).all()
            assert (x <= seen.bounds[:, 1]).all()
            assert np.array_equal(x, generator(name).x0(seen, rng(seed)))
            x += 1.0
            assert np.array_equal(seen.x0, before)


def test_single_point_is_that_of_the_parameter_interface() -> None:
    assert generator("SinglePoint").x0(known(searched()), rng()).tolist() == [0.25, 1.0]
    assert generator("SinglePoint").x0(known(searched(), "none"), rng()).tolist() == [0.75, 4.0]


def drawn(name: str, n: int = 2000, kind: Kind = "linear", **keys: Any) -> Matrix:
    """Return (n, 2) points."""
    seen, numbers = known(Told(), kind), rng()
    points: Matrix = np.array([generator(name, **keys).x0(seen, numbers) for _ in range(n)])
    return points


def test_random_points_are_uniform() -> None:
    points = drawn("Random", kind="none")
    for i, (lower, upper) in enumerate(RANGES):
        assert kstest(points[:, i], uniform(lower, upper - lower).cdf).pvalue > 0.01


def test_the_incumbent_is_the_best_point_in_the_space_of_the_optimizer_that_starts() -> None:
    assert generator("Incumbent").x0(known(searched()), rng()).tolist() == [0.25, 1.0]
    assert generator("Incumbent").x0(known(searched(), "std"), rng()).tolist() == [-0.5, 1.0]
    assert generator("Incumbent").x0(known(searched(), "none"), rng()).tolist() == [0.75, 4.0]


@pytest.mark.parametrize("told", [Told(), Told().start(1).losses(1, inf)])
def test_without_a_best_point_the_incumbent_is_random(told: Told) -> None:
    expected = generator("Random").x0(known(told), rng())
    assert np.array_equal(generator("Incumbent").x0(known(told), rng()), expected)


@pytest.mark.parametrize("sd", [1e-9, 0.05, 0.2, 0.999, 1.0, 7.0, 1e9, 1e300])
def test_perturbations_are_normal_and_cut_off_at_the_bounds(sd: float) -> None:
    points = drawn("Perturbation", standard_deviation=sd)
    for i, mean in enumerate([0.25, 1.0]):
        if sd > 1e3:  # flat within the bounds
            expected = uniform(0.0, 1.0)
        else:
            expected = truncnorm(-mean / sd, (1.0 - mean) / sd, loc=mean, scale=sd)
        assert kstest(points[:, i], expected.cdf).pvalue > 0.01


def test_wide_perturbations_are_fewer_far_from_the_middle() -> None:
    points = drawn("Perturbation", n=40_000, standard_deviation=1.0)[:, 1]
    # Density at both ends of the range: exp(-0.5) = 0.607 to 1.
    ends = np.histogram(points, bins=20, range=(0.0, 1.0))[0][[0, -1]]
    assert ends[0] / ends[1] == pytest.approx(0.62, abs=0.04)


def test_perturbations_have_one_size_in_the_space_of_the_optimizer() -> None:
    points = drawn("Perturbation", kind="none", standard_deviation=0.01)
    assert points[:, 0].std() == pytest.approx(0.01, rel=0.1)
    # Half a normal distribution: its mean is sd * sqrt(2 / pi) off its end.
    assert 4.0 - points[:, 1].mean() == pytest.approx(0.01 * sqrt(2 / np.pi), rel=0.1)


def at(calls: int) -> Told:
    """Return a run with so many evaluations and two optimizers, of which the first is better."""
    told = Told().start(1, 2, kind="linear").points(1, [0.25, 1], fx=1.0).points(2, [0, 0], fx=3.0)
    return told.points(2, *[[1, 1]] * (calls - 2), fx=9.0)


@pytest.mark.parametrize(
    ("calls", "focus", "share"),
    [
        (2, 1.0, 0.02),
        (50, 1.0, 0.5),
        (50, 2.0, 0.25),
        (50, 0.5, sqrt(0.5)),
        (100, 3.0, 1.0),
        (150, 3.0, 1.0),  # no more than all of it
    ],
)
def test_the_share_of_a_good_point_grows_with_the_evaluations(
    calls: int, focus: float, share: float
) -> None:
    # Weights 3 - 1 = 2 and 3 - 3 = 0: the first optimizer is drawn always.
    x = generator("ExploreExploit", focus=focus).x0(known(at(calls)), rng())
    random = generator("Random").x0(known(at(calls)), rng())
    assert x == pytest.approx(share * np.array([0.25, 1.0]) + (1 - share) * random, rel=1e-15)


def test_good_points_are_drawn_by_their_losses_and_the_worst_never() -> None:
    # Losses 1, 3, 5: weights 4, 2, 0.
    seen, numbers = known(searched()), rng()
    late = generator("ExploreExploit", max_function_calls=2)
    points = Counter(tuple(late.x0(seen, numbers)) for _ in range(3000))
    assert points.keys() == {(0.25, 1.0), (0.5, 0.5)}
    assert points[0.25, 1.0] == pytest.approx(2000, rel=0.05)


@pytest.mark.parametrize(
    "told",
    [
        Told(),
        Told().start(1).losses(1, 3.0, 3.0),
        Told().start(1, 2).losses(1, 3.0).losses(2, 3.0),
        Told().start(1, 2).losses(1, 3.0).losses(2, inf),
    ],
    ids=["none", "one", "equal", "infinite"],
)
def test_the_point_is_random_where_no_optimizer_is_better_than_another(told: Told) -> None:
    late = generator("ExploreExploit", max_function_calls=2)
    expected = generator("Random").x0(known(told), rng())
    assert np.array_equal(late.x0(known(told), rng()), expected)


def test_losses_far_apart_are_weighed_all_the_same() -> None:
    told = Told().start(1, 2, kind="linear")
    told.points(1, [0.25, 0.5], fx=-1.7e308).points(2, [1, 1], fx=1.7e308)
    late = generator("ExploreExploit", max_function_calls=2)
    assert late.x0(known(told), rng()).tolist() == [0.25, 0.5]
