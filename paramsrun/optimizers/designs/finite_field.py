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
        found = _powers_of_x(p, tail)
        if len(found) == p**m - 1:
            return np.array(found, dtype=np.int64)
    raise ValueError(f"{p} is no prime")


def _powers_of_x(p: int, tail: Sequence[int]) -> list[tuple[int, ...]]:
    """Return 1, x, x**2, ... up to where they begin again, where x**m = tail(x)."""
    one = (1, *[0] * (len(tail) - 1))
    found = [one]
    if tail[0] == 0:  # x divides zero
        return found
    while True:
        *low, high = found[-1]
        shifted = (0, *low)
        following = tuple((a + high * b) % p for a, b in zip(shifted, tail, strict=True))
        if following == one:
            return found
        found.append(following)


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
