"""Range analysis of an orthogonal array: which factors matter, and which of their levels is best.

Every level of a factor is met by all levels of the others equally often, so that the means of its
losses tell the levels apart as far as factors do not interact (Taguchi's main effects).
"""

from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.optimizers.designs.finite_field import Integers


class Effect(NamedTuple):
    """What one factor does."""

    factor: int
    """Its column."""
    means: Vector
    """(n_levels,) of the losses of each level."""

    @property
    def range(self) -> float:
        """The highest mean less the lowest: how much the factor matters."""
        return float(self.means.max() - self.means.min())

    @property
    def best(self) -> int:
        """The level of the lowest mean, the first of equals."""
        return int(self.means.argmin())


def effects(rows: Integers, fx: Vector) -> list[Effect]:
    """Return the effect of each factor, that of the widest range first.

    A failed row counts as the highest finite loss; one has to be there.

    Parameters
    ----------
    rows
        (n, k) the levels of an orthogonal array.
    fx
        (n,) the losses of its rows, inf where one failed.
    """
    finite = np.where(np.isfinite(fx), fx, fx[np.isfinite(fx)].max())
    found = [Effect(i, _means(column, finite)) for i, column in enumerate(rows.T)]
    return sorted(found, key=lambda effect: -effect.range)


def _means(column: Integers, fx: Vector) -> Vector:
    """Return the mean of each level; what differs by rounding alone is made equal."""
    scale = float(np.abs(fx).max()) or 1.0
    means = np.bincount(column, fx / scale) / np.bincount(column)
    return np.round(means, 12) * scale
