"""Orthogonal arrays of few rows, found by exchange.

Columns are added one by one; each begins at random, and two of its levels are exchanged as long as
it becomes more nearly orthogonal to those before (after Xu 2002, doi:10.1198/004017002188618554).
The search is the same each time, on every machine.
"""

from collections.abc import Sequence
from random import Random

import numpy as np

from paramsrun.optimizers.designs.finite_field import Integers

_ARRAYS = 20
_COLUMNS = 40
"""Beginnings that are tried of an array, and of each of its columns."""


def exchanged(levels: Sequence[int], n_rows: int) -> Integers | None:
    """Return rows (n_rows, k) of these levels, the most first; None where the search finds none.

    Every two columns hold each pair of levels equally often.
    """
    random = Random(0)
    for _ in range(_ARRAYS):
        columns = _columns(levels, n_rows, random)
        if columns is not None:
            return np.column_stack(columns)
    return None


def _columns(levels: Sequence[int], n_rows: int, random: Random) -> list[Integers] | None:
    found: list[Integers] = []
    likeness = np.zeros((n_rows, n_rows), dtype=np.int64)
    for n_levels in levels:
        starts = (_shuffled(n_levels, n_rows, random) for _ in range(_COLUMNS))
        columns = (_improved(start, n_levels, likeness) for start in starts)
        column = next((one for one in columns if one is not None), None)
        if column is None:
            return None
        found.append(column)
        likeness += n_levels * (column[:, None] == column) - 1
    return found


def _shuffled(n_levels: int, n_rows: int, random: Random) -> Integers:
    """Return a column (n_rows,) that has each level equally often."""
    order = sorted(range(n_rows), key=lambda _: random.random())
    return np.array(order, dtype=np.int64) % n_levels


def _improved(column: Integers, n_levels: int, likeness: Integers) -> Integers | None:
    """Return a column orthogonal to those of which rows have this likeness; None if it is not.

    The likeness of two rows summed over all pairs that have one level is a sum of squares, which is
    0 if the column is orthogonal. Each exchange is that of two rows which lowers it most.
    """
    own = np.diag(likeness)
    is_at = np.eye(n_levels, dtype=np.int64)[column]
    while True:
        towards = likeness @ is_at
        if not (towards * is_at).sum():
            found: Integers = is_at.argmax(axis=1)
            return found
        gain = towards @ is_at.T - (towards * is_at).sum(axis=1)[:, None]
        change = gain + gain.T + own[:, None] + own - 2 * likeness
        change[is_at @ is_at.T > 0] = 0
        i, j = np.unravel_index(change.argmin(), change.shape)
        if change[i, j] >= 0:
            return None
        is_at[[i, j]] = is_at[[j, i]]
