"""Orthogonal arrays of strength two for any levels."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import lcm

import numpy as np

from paramsrun.optimizers.designs.exchange import exchanged
from paramsrun.optimizers.designs.finite_field import Integers, primes_of
from paramsrun.optimizers.designs.linear_array import MAX_ROWS, TooManyRows, linear_array
from paramsrun.optimizers.designs.two_level_array import two_level_array

_SEARCHED = 72
"""Arrays of up to so many rows are looked for by exchange."""


def least_rows(levels: Sequence[int]) -> int:
    """Return a number of rows that no array of these levels can have less of.

    Rows are a multiple of the combinations of any two factors (of one, its levels), and more than
    the degrees of freedom of all level means (Rao 1947, doi:10.2307/2983576).
    """
    step = _step(levels)
    return step * -(-(1 + sum(levels) - len(levels)) // step)


def _step(levels: Sequence[int]) -> int:
    """Return what the number of rows is a multiple of."""
    return lcm(*(a * b for a, b in combinations(levels, 2)) if len(levels) > 1 else levels)


def orthogonal_array(levels: Sequence[int]) -> Integers:
    """Return rows (n, k) in which factor i takes the levels 0 to levels[i] - 1.

    Every two columns hold each pair of levels equally often. There are as few rows as are found
    here; often it is `least_rows`. Raises TooManyRows where there are more than `MAX_ROWS`.
    """
    return _array(tuple(levels)).copy()


def check_rows(levels: Sequence[int]) -> None:
    """Raise TooManyRows where `orthogonal_array` would."""
    if least_rows(levels) > MAX_ROWS:
        raise TooManyRows
    _constructed(tuple(sorted(levels, reverse=True)))


@lru_cache(maxsize=8)
def _array(levels: tuple[int, ...]) -> Integers:
    check_rows(levels)
    order = sorted(range(len(levels)), key=lambda i: -levels[i])
    descending = [levels[i] for i in order]
    array = _constructed(tuple(descending))
    for n_rows in range(least_rows(levels), min(len(array), _SEARCHED + 1), _step(levels)):
        found = exchanged(descending, n_rows)
        if found is not None:
            array = found
            break
    return array[:, np.argsort(order)]


@lru_cache(maxsize=8)
def _constructed(levels: tuple[int, ...]) -> Integers:
    """Return the product of one array for each prime: levels are pairs of its levels."""
    factors = [primes_of(n) for n in levels]
    array = np.zeros((1, len(levels)), dtype=np.int64)
    for p in sorted({p for one in factors for p in one}):
        exponents = [one.get(p, 0) for one in factors]
        part = _of_one_prime(p, exponents)
        if len(array) * len(part) > MAX_ROWS:
            raise TooManyRows
        scale = np.array([p**e for e in exponents])
        array = (array[:, None] * scale + part).reshape(-1, len(levels))
    return array


def _of_one_prime(p: int, exponents: Sequence[int]) -> Integers:
    if p > 2 or max(exponents) > 1:
        return linear_array(p, exponents)
    part = two_level_array(sum(exponents))
    array = np.zeros((len(part), len(exponents)), dtype=np.int64)
    array[:, np.array(exponents, dtype=np.bool_)] = part
    return array
