"""What stays of curves that are denser than a canvas."""

import numpy as np
import pytest

from paramsrun.report.thinning import COLUMNS, thinned

N = 200_000


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(size=N)


def test_a_curve_that_fits_is_left_alone() -> None:
    n, fx = np.arange(1, 101), np.full(100, np.nan)
    assert thinned(n, fx, 1, 100) == (n, fx)


def test_no_more_than_four_points_a_column_stay(noise: np.ndarray) -> None:
    n, fx = thinned(np.arange(1, N + 1), noise, 1, N)
    assert len(n) == len(fx) <= 4 * (COLUMNS + 1)
    assert (np.diff(n) > 0).all()


def test_the_lowest_and_highest_point_of_every_column_stay(noise: np.ndarray) -> None:
    n, fx = thinned(np.arange(1, N + 1), noise, 1, N)
    column = np.arange(N) * COLUMNS // (N - 1)
    kept = (n - 1) * COLUMNS // (N - 1)
    for c in range(0, COLUMNS, 97):
        assert fx[kept == c].min() == noise[column == c].min()
        assert fx[kept == c].max() == noise[column == c].max()


def test_the_first_and_last_point_stay(noise: np.ndarray) -> None:
    n, _ = thinned(np.arange(1, N + 1), noise, 1, N)
    assert (n[0], n[-1]) == (1, N)


def test_points_are_those_that_were_evaluated(noise: np.ndarray) -> None:
    n, fx = thinned(np.arange(1, N + 1), noise, 1, N)
    np.testing.assert_array_equal(fx, noise[n - 1])


def test_a_gap_stays(noise: np.ndarray) -> None:
    noise[50_000:60_000] = np.nan
    n, fx = thinned(np.arange(1, N + 1), noise, 1, N)
    (gap,) = np.flatnonzero(np.isnan(fx))
    assert n[gap - 1] == 50_000
    assert n[gap + 1] == 60_001


def test_a_curve_without_a_finite_loss_keeps_none() -> None:
    n, fx = thinned(np.arange(1, N + 1), np.full(N, np.nan), 1, N)
    assert (len(n), len(fx)) == (0, 0)


def test_an_optimizer_that_lived_for_a_short_while_gets_its_own_columns_only() -> None:
    n = np.arange(1, N + 1)
    kept, _ = thinned(n, np.cos(n), 1, 100 * N)
    assert len(kept) <= 4 * (COLUMNS // 100 + 1)
