"""Finite fields, as vector spaces over the whole numbers modulo a prime."""

from collections.abc import Sequence
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
"""Two axes, unless said otherwise."""


def vectors(p: int, m: int) -> Integers:
    """Return all vectors (p**m, m) of numbers modulo p, the last one running fastest."""
    return np.indices((p,) * m, dtype=np.int64).reshape(m, -1).T


def powers(p: int, m: int) -> Integers:
    """Return the powers (p**m - 1, m) of a primitive element of GF(p**m): all vectors but 0.

    The element is x, modulo the first polynomial of degree m for which x has the whole order.
    """
    for tail in product(range(p), repeat=m):
        if _is_primitive(p, tail):
            return np.array(_powers_of_x(p, tail), dtype=np.int64)
    raise ValueError(f"{p} is no prime")


def _is_primitive(p: int, tail: Sequence[int]) -> bool:
    """Return whether x, where x**m = tail(x), has the order p**m - 1 (Lidl & Niederreiter 1994).

    So it is if no division of that order by one of its primes leaves a power of x that is 1.
    """
    if tail[0] == 0:  # x divides zero
        return False
    order = p ** len(tail) - 1
    times_x = np.eye(len(tail), k=1, dtype=np.int64)
    times_x[-1] = tail
    one = np.eye(len(tail), dtype=np.int64)
    return np.array_equal(_power(times_x, order, p), one) and not any(
        np.array_equal(_power(times_x, order // prime, p), one) for prime in primes_of(order)
    )


def _power(matrix: Integers, exponent: int, p: int) -> Integers:
    """Return a matrix (m, m) to a power modulo p, by squaring."""
    result = np.eye(len(matrix), dtype=np.int64)
    while exponent:
        if exponent & 1:
            result = result @ matrix % p
        matrix = matrix @ matrix % p
        exponent >>= 1
    return result


def _powers_of_x(p: int, tail: Sequence[int]) -> list[tuple[int, ...]]:
    """Return 1, x, x**2, ... where x is primitive and x**m = tail(x)."""
    found = [(1, *[0] * (len(tail) - 1))]
    for _ in range(p ** len(tail) - 2):
        *low, high = found[-1]
        found.append(tuple((a + high * b) % p for a, b in zip((0, *low), tail, strict=True)))
    return found


def primes_of(number: int) -> dict[int, int]:
    """Return the prime factors of a number and how often each divides it."""
    found: dict[int, int] = {}
    p = 2
    while number > 1:
        while number % p == 0:
            found[p] = found.get(p, 0) + 1
            number //= p
        p += 1
    return found
