"""Orthogonal arrays whose levels are powers of one prime.

A factor of p**e levels is a space of e linear functions on the vectors modulo p. Two factors hold
each pair of levels equally often if these spaces share only 0 (Hedayat, Sloane & Stufken 1999,
Orthogonal Arrays, chapters 3 and 9, doi:10.1007/978-1-4612-1478-6). With equal levels and m twice
e that is the construction of Rao and Bose.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from paramsrun.optimizers.designs.finite_field import Integers, powers, vectors

MAX_ROWS = 20_000
"""No array of more rows is made."""
_PATIENCE = 500
"""Steps of the search for the spaces of all factors."""


class TooManyRows(ValueError):
    """An array would have more than `MAX_ROWS` rows."""

    def __init__(self) -> None:
        super().__init__(f"an orthogonal array of all values has more than {MAX_ROWS} rows")


def linear_array(p: int, exponents: Sequence[int]) -> Integers:
    """Return rows (p**m, k) in which factor i takes the levels 0 to p**exponents[i] - 1.

    Every two columns hold each pair of levels equally often. m is the smallest for which spaces are
    found; exponents may be 0, but not all. Raises TooManyRows.
    """
    order = sorted((i for i, e in enumerate(exponents) if e), key=lambda i: -exponents[i])
    sizes = [exponents[i] for i in order]
    for m in range(_least(p, sizes), sum(sizes) + 1):
        if p**m > MAX_ROWS:
            raise TooManyRows
        bases = _units(sizes) if m == sum(sizes) else _Packing(p, m, sizes).bases()
        if bases is not None:
            break
    rows = vectors(p, m)
    array = np.zeros((len(rows), len(exponents)), dtype=np.int64)
    for i, basis in zip(order, bases or (), strict=True):
        array[:, i] = (rows @ basis.T % p) @ p ** np.arange(len(basis))[::-1]
    return array


def _least(p: int, sizes: Sequence[int]) -> int:
    """Return the smallest m that could do: for any two factors, and for the points of all."""
    m = sum(sizes[:2])
    while p**m - 1 < sum(p**e - 1 for e in sizes):
        m += 1
    return m


def _units(sizes: Sequence[int]) -> list[Integers]:
    """Return bases of which each has coordinates of its own: all combinations."""
    rows = np.eye(sum(sizes), dtype=np.int64)
    return np.split(rows, np.cumsum(sizes)[:-1])


class _Packing:
    """Finds spaces of given sizes, the largest first, that share only 0."""

    def __init__(self, p: int, m: int, sizes: Sequence[int]) -> None:
        self._p = p
        self._m = m
        self._sizes = sizes
        self._weights = p ** np.arange(m, dtype=np.int64)
        self._used = np.zeros(p**m, dtype=np.bool_)
        self._used[0] = True
        self._steps = _PATIENCE * len(sizes)
        self._points = self._ordered(sizes[0])

    def bases(self) -> list[Integers] | None:
        """Return a basis (e, m) for each size, or None where the search finds none."""
        found = []
        for size in self._sizes:
            zero = np.zeros((1, self._m), dtype=np.int64)
            basis = next(self._extended([], zero, size), None)
            if basis is None:
                return None
            found.append(basis)
            self._used[self._codes(vectors(self._p, size) @ basis % self._p)] = True
        return found

    def _ordered(self, size: int) -> Integers:
        """Return all points; where a spread of the size is known, space by space.

        It consists of the multiples of the subfield GF(p**size), if size divides m.
        """
        points = powers(self._p, self._m)
        if self._m % size:
            return points
        n_spaces = len(points) // (self._p**size - 1)
        return points.reshape(-1, n_spaces, self._m).transpose(1, 0, 2).reshape(-1, self._m)

    def _extended(self, basis: list[Integers], span: Integers, size: int) -> Iterator[Integers]:
        """Yield bases of that size, among them this one, whose span has no used point but 0."""
        if len(basis) == size:
            yield np.array(basis)
            return
        for point in self._points[self._free(span)]:
            self._steps -= 1
            if self._steps < 0:
                return
            multiples = np.arange(self._p)[:, None, None] * point
            wider = (span[None] + multiples).reshape(-1, self._m) % self._p
            yield from self._extended([*basis, point], wider, size)

    def _free(self, span: Integers) -> Integers:
        """Return the places of points that can be added to a span: no sum with it is used."""
        free = np.ones(len(self._points), dtype=np.bool_)
        for vector in span:
            free &= ~self._used[self._codes((self._points + vector) % self._p)]
        return np.flatnonzero(free)

    def _codes(self, points: Integers) -> Integers:
        return points @ self._weights
