"""Orthogonal arrays: balance of every pair of columns, and few rows."""

from collections.abc import Sequence
from itertools import combinations
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.optimizers.designs.finite_field import Integers, powers
from paramsrun.optimizers.designs.linear_array import MAX_ROWS, TooManyRows, linear_array
from paramsrun.optimizers.designs.strength_two import least_rows, orthogonal_array
from paramsrun.optimizers.designs.two_level_array import two_level_array


def is_balanced(array: Integers, levels: Sequence[int]) -> bool:
    """Return whether each column, and each pair of columns, holds all there is equally often."""
    n = len(array)
    if (array < 0).any() or (array >= np.array(levels)).any():
        return False
    ones = all(
        (np.bincount(column, minlength=m) * m == n).all()
        for column, m in zip(array.T, levels, strict=True)
    )
    return ones and all(
        (
            np.bincount(array[:, i] * levels[j] + array[:, j], minlength=levels[i] * levels[j])
            * levels[i]
            * levels[j]
            == n
        ).all()
        for i, j in combinations(range(len(levels)), 2)
    )


def test_an_unbalanced_array_is_seen_as_one() -> None:
    array = orthogonal_array([2, 2, 2])
    assert is_balanced(array, [2, 2, 2])
    array[0, 0] = 1 - array[0, 0]
    assert not is_balanced(array, [2, 2, 2])
    assert not is_balanced(np.array([[0, 0], [1, 1]]), [2, 2])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(levels=st.lists(st.sampled_from([2, 2, 3, 3, 4, 5, 6, 7, 8, 9]), min_size=1, max_size=6))
def test_any_levels_give_a_balanced_array(levels: list[int]) -> None:
    try:
        array = orthogonal_array(levels)
    except TooManyRows:
        assert prod(levels) > MAX_ROWS
    else:
        assert is_balanced(array, levels)
        assert least_rows(levels) <= len(array) <= prod(levels)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    p=st.sampled_from([2, 3, 5]),
    exponents=st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any),
)
def test_powers_of_a_prime_give_a_balanced_array(p: int, exponents: list[int]) -> None:
    try:
        array = linear_array(p, exponents)
    except TooManyRows:
        assert p ** sum(exponents) > MAX_ROWS
    else:
        assert is_balanced(array, [p**e for e in exponents])


@pytest.mark.parametrize("n_factors", range(1, 101))
def test_two_levels_give_a_balanced_array_of_the_next_order(n_factors: int) -> None:
    array = two_level_array(n_factors)
    assert is_balanced(array, [2] * n_factors)
    least = n_factors + 4 - n_factors % 4 if n_factors > 1 else 2
    assert len(array) == (96 if least == 92 else least)  # 92 is no order of Paley


@pytest.mark.parametrize(
    ("levels", "n_rows"),
    [
        ([5], 5),
        ([2] * 3, 4),
        ([2] * 7, 8),
        ([2] * 11, 12),
        ([2] * 27, 28),
        ([2] * 50, 52),
        ([3] * 4, 9),
        ([3] * 13, 27),
        ([4] * 5, 16),
        ([4] * 21, 64),
        ([5] * 6, 25),
        ([7] * 8, 49),
        ([6] * 3, 36),
        ([8] * 9, 64),
        ([9] * 10, 81),
        ([4, *[2] * 12], 16),
        ([8, *[2] * 8], 16),
        ([3, *[2] * 4], 12),
        ([2, *[3] * 7], 18),
        ([6, *[3] * 6], 18),
        ([2, 3, 4], 24),
        ([4, 2, 3, 2, 2], 24),
        ([3, 3, 2, 4], 72),
        ([3, 4, 5], 60),
    ],
)
def test_known_arrays_have_the_fewest_rows(levels: list[int], n_rows: int) -> None:
    """As the tables of Hedayat, Sloane & Stufken (1999), chapter 12, have them."""
    assert len(orthogonal_array(levels)) == least_rows(levels) == n_rows


def test_an_array_is_the_same_each_time_and_belongs_to_the_caller() -> None:
    first = orthogonal_array([3, 2, 2, 2, 2])
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(orthogonal_array([3, 2, 2, 2, 2]), kept)


@pytest.mark.parametrize("levels", [[7, 11, 13, 17, 2], [200, 200], [2, 3, 5, 7, 11, 13]])
def test_an_array_that_would_be_huge_is_refused(levels: list[int]) -> None:
    with pytest.raises(TooManyRows, match="has more than 20000 rows"):
        orthogonal_array(levels)


@pytest.mark.parametrize(("p", "m"), [(2, 1), (2, 5), (3, 1), (3, 4), (5, 3), (7, 2), (29, 2)])
def test_powers_of_a_primitive_element_are_all_vectors_but_zero(p: int, m: int) -> None:
    found = powers(p, m)
    assert len({tuple(row) for row in found.tolist()}) == len(found) == p**m - 1
    assert found.any(axis=1).all()
    assert found.min() >= 0
    assert found.max() < p
