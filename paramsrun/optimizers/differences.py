"""Forward differences that survive bounds and failed points, for methods that need a gradient."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.blocking import NO_SLOPES, Astray, Loss


class Enough(BaseException):
    """Raised inside a method that has made the evaluations it was allowed; says so."""


class Differences:
    """A loss with its gradient by finite differences, all columns of one gradient in one batch.

    Inside the box they are SciPy's own. A column steps back where it would leave the box or where
    its point fails; where both sides fail its slope is 0, but not all slopes may be. A point that
    fails gets a loss above all others so far, since line searches cannot reckon with an infinite
    one, and no gradient.

    Parameters
    ----------
    step
        Absolute step, or relative to max(1, ``|x|``) if `relative`.
    limit
        Raises `Enough` rather than begin with another point after so many evaluations.
    """

    def __init__(
        self, loss: Loss, bounds: Matrix, step: float, *, relative: bool, limit: float
    ) -> None:
        self._loss = loss
        self._limit = self._n_left = limit
        self._upper = bounds[:, 1]
        self._step = np.asarray(step, dtype=np.float64)
        self._relative = relative
        self._lowest, self._highest = np.float64(np.inf), np.float64(-np.inf)
        self._x: Vector = np.empty(0)
        self._fx = np.float64(np.inf)
        self._failed = False

    def __call__(self, x: Vector) -> np.float64:
        """Return the loss at x, finite."""
        if self._n_left <= 0:
            raise Enough(f"the {self._limit:g} evaluations that maxfun allows are made")
        self._n_left -= 1
        self._x = x.copy()
        self._fx = self._loss(x)
        self._failed = not isfinite(self._fx)
        if self._failed:
            self._fx = self._above_all()
        else:
            self._lowest = min(self._lowest, self._fx)
            self._highest = max(self._highest, self._fx)
        return self._fx

    def gradient(self, x: Vector) -> Vector:
        """Return the differences at x, which is mostly the point just evaluated."""
        if not np.array_equal(x, self._x):
            self(x)
        if self._failed:
            return np.zeros(len(x))
        step = self._step * np.maximum(1.0, abs(x)) if self._relative else self._step
        step = np.where(x + step > self._upper, -step, step)
        slopes = self._slopes(x, step, np.arange(len(x)))
        failed = np.flatnonzero(~np.isfinite(slopes))
        if len(failed):
            slopes[failed] = self._slopes(x, -step, failed)
        if not np.isfinite(slopes).any():
            raise Astray(NO_SLOPES)
        return np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)

    def _slopes(self, x: Vector, step: Vector, columns: NDArray[np.intp]) -> Vector:
        self._n_left -= len(columns)
        points = np.tile(x, (len(columns), 1))
        rows = np.arange(len(columns))
        points[rows, columns] += step[columns]
        slopes: Vector = self._loss.many(points) - self._fx
        slopes /= points[rows, columns] - x[columns]
        return slopes

    def _above_all(self) -> np.float64:
        if not isfinite(self._lowest):
            raise Astray("the first loss is not finite, so there is no gradient")
        return np.float64(
            self._highest + (self._highest - self._lowest or abs(self._highest) or 1.0)
        )
