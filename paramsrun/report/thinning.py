"""Leaving out the points of a curve that cannot be seen on a canvas."""

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.report.curves import Counts

COLUMNS = 1600
"""The columns of the canvas; a curve gets up to four points in each."""


def thinned(n: Counts, fx: Vector, first: int, last: int) -> tuple[Counts, Vector]:
    """Return what is seen of a curve where the canvas shows the evaluations first to last.

    In each column of the canvas the first, lowest, highest and last finite point stay, so that
    neither a minimum nor the outline of a band is lost. A gap (nan) stays where it parts columns.
    """
    if len(n) <= 4 * COLUMNS:
        return n, fx
    finite = np.flatnonzero(np.isfinite(fx))
    if not finite.size:
        return n[:0], fx[:0]
    column = (n[finite] - first) * COLUMNS // max(1, last - first)
    kept = finite[_seen(column, fx[finite])]
    return _with_gaps(kept, n, fx, (n[kept] - first) * COLUMNS // max(1, last - first))


def _seen(column: Counts, fx: Vector) -> Counts:
    """Return the places of the first, lowest, highest and last point of each column, in order."""
    begins = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(begins[1:], len(column)) - 1
    by_height = np.lexsort((fx, column))
    return np.unique(np.concatenate([begins, by_height[begins], by_height[ends], ends]))


def _with_gaps(kept: Counts, n: Counts, fx: Vector, column: Counts) -> tuple[Counts, Vector]:
    """Return the kept points, and a nan between columns that points which are not finite part."""
    missing = np.cumsum(np.isnan(fx))[kept]
    parted = np.flatnonzero((np.diff(missing) > 0) & (np.diff(column) > 0)) + 1
    return np.insert(n[kept], parted, n[kept][parted - 1]), np.insert(fx[kept], parted, np.nan)
