"""Pairs of atoms: all within a cutoff, and nearest images, with 0 to 3 lattice vectors."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector

_BLOCK = 2**18
"""Distances looked at in one go: bounds the memory that large systems take."""


_MOST_CELLS = 10**5


class Pairs(NamedTuple):
    """Every pair of atoms once, images in other cells among them (an atom and its own too)."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    vectors: Matrix
    """(n_pairs, 3) from the first atom to the second or to its image."""


def pairs_within(cutoff: float, positions: Matrix, lattice: Matrix | None = None) -> Pairs:
    """Return the pairs not farther apart than cutoff, however many cells away the image is.

    Without a lattice cutoff may be inf. Raises ValueError for lattice vectors that do not span a
    cell.
    """
    if lattice is None:
        return _join(_near(positions, np.zeros(3), cutoff))
    dual = dual_vectors(lattice)
    inside = positions - np.floor(positions @ dual) @ lattice
    # fractional coordinates differ by less than 1, so an image n cells away is beyond the cutoff
    # once n - 1 exceeds cutoff / (distance of lattice planes)
    reach = np.floor(cutoff * np.linalg.norm(dual, axis=0)) + 1
    half = [cells for cells in _cells(reach) if cells >= (0,) * len(cells)]
    return _join(
        found for cells in half for found in _near(inside, np.array(cells) @ lattice, cutoff)
    )


def minimum_image(vector: Vector, lattice: Matrix | None) -> Vector:
    """Return the shortest of the vectors that differ from this one by lattice vectors."""
    if lattice is None:
        return vector
    dual = dual_vectors(lattice)
    close: Vector = vector - np.round(vector @ dual) @ lattice
    reach = np.floor(np.linalg.norm(close) * np.linalg.norm(dual, axis=0) + 0.5)
    images: Matrix = close + np.array(list(_cells(reach))) @ lattice
    shortest: Vector = images[np.argmin(np.linalg.norm(images, axis=1))]
    return shortest


def dual_vectors(lattice: Matrix) -> Matrix:
    """Return (3, n_vectors): ``positions @ dual`` are fractional coordinates."""
    if np.linalg.matrix_rank(lattice) < len(lattice):
        raise ValueError("the lattice vectors are linearly dependent")
    return np.linalg.pinv(lattice).astype(np.float64)


def _cells(reach: Vector) -> Iterator[tuple[int, ...]]:
    if prod((2.0 * reach + 1.0).tolist()) > _MOST_CELLS:
        raise ValueError(f"more than {_MOST_CELLS} cells are within reach: is the lattice right?")
    return product(*(range(-n, n + 1) for n in reach.astype(int).tolist()))


def _near(positions: Matrix, offset: Vector, cutoff: float) -> Iterator[Pairs]:
    """Yield the pairs (i, j + offset); for the atoms' own cell only those with i < j."""
    n_atoms = len(positions)
    rows = max(1, _BLOCK // max(1, n_atoms))
    own_cell = not offset.any()
    for start in range(0, n_atoms, rows):
        vectors = positions + offset - positions[start : start + rows, None]
        close = np.einsum("ijk,ijk->ij", vectors, vectors) <= cutoff * cutoff
        if own_cell:
            close = np.triu(close, start + 1)
        first, second = np.nonzero(close)
        yield Pairs(first + start, second, vectors[first, second])


def _join(found: Iterator[Pairs]) -> Pairs:
    first, second, vectors = zip(*found, strict=True)
    return Pairs(np.concatenate(first), np.concatenate(second), np.concatenate(vectors))
