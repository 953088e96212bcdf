"""A vector of residuals with its Jacobian by finite differences, as SciPy's least_squares calls it.

A Jacobian is one batch: all its columns can be evaluated at once.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.blocking import NO_SLOPES, Astray, Loss

Scheme: TypeAlias = Literal["2-point", "3-point"]
STEP: dict[Scheme, float] = {"2-point": 2.0**-26, "3-point": (2.0**-52) ** (1 / 3)}
"""SciPy's steps, relative to max(1, ``|x|``)."""


class Residuals:
    """The residuals at a point and their derivatives, all columns of a Jacobian in one batch.

    A column steps back where it would leave the box or where its point fails; where both sides fail
    it is 0, but not all columns may be. A point that fails has residuals of nan, or above all
    others so far if `is_finite`.

    Parameters
    ----------
    step
        Relative to max(1, ``|x|``), or None for SciPy's.
    is_finite
        Whether the method cannot reckon with nan and wants at least as many residuals as
        parameters; what it lacks of them are zeros.
    """

    def __init__(
        self, loss: Loss, bounds: Matrix, scheme: Scheme, step: float | None, *, is_finite: bool
    ) -> None:
        self._loss = loss
        self._lower, self._upper = bounds.T
        self._scheme: Scheme = scheme
        self._step = STEP[scheme] if step is None else step
        self._is_finite = is_finite
        self._x: Vector = np.empty(0)
        self._r: Vector = np.empty(0)
        self._n_residuals: int | None = None
        self._largest = 0.0

    def __call__(self, x: Vector) -> Vector:
        """Return the residuals (n_residuals,) at x."""
        if not np.array_equal(x, self._x):
            r = self._at(x[np.newaxis])[0]
            self._x = x.copy()
            if not np.isfinite(r).all():
                r = self._failed(r)
            self._r = r
            self._largest = max(self._largest, float(np.linalg.norm(self._r)))
        return self._r.copy()

    def jacobian(self, x: Vector) -> Matrix:
        """Return their derivatives (n_residuals, n_params) at x, mostly the point just computed."""
        r = self(x)
        step = self._step * np.maximum(1.0, abs(x))
        first = np.where(x + step > self._upper, -step, step)
        if self._scheme == "2-point":
            return self._forward(x, r, first)
        return self._central(x, r, first)

    def _forward(self, x: Vector, r: Vector, step: Vector) -> Matrix:
        columns = self._columns(x, step, np.arange(len(x)))
        with np.errstate(all="ignore"):
            slopes = (columns - r) / self._made(x, step)
        failed = np.flatnonzero(~np.isfinite(slopes).all(axis=1))
        if len(failed):
            back = self._columns(x, -step, failed)
            with np.errstate(all="ignore"):
                slopes[failed] = (back - r) / self._made(x, -step)[failed]
        return _known(slopes)

    def _central(self, x: Vector, r: Vector, first: Vector) -> Matrix:
        """Return the slopes at x of the parabolas through r and two more points."""
        inside = (x - first >= self._lower) & (x - first <= self._upper)
        second = np.where(inside, -first, 2.0 * first)
        n = np.arange(len(x))
        both = self._columns(x, np.concatenate([first, second]), np.concatenate([n, n]))
        near, far = np.split(both, 2)
        a, b = self._made(x, first), self._made(x, second)
        with np.errstate(all="ignore"):
            slopes = ((near - r) * b / a - (far - r) * a / b) / (b - a)
            each = [(near - r) / a, (far - r) / b]
        for alone in each:
            missing = ~np.isfinite(slopes).all(axis=1)
            slopes[missing] = alone[missing]
        return _known(slopes)

    def _columns(self, x: Vector, step: Vector, columns: NDArray[np.intp]) -> Matrix:
        """Return the residuals (n_columns, n_residuals), a row each, with one parameter moved."""
        points = np.tile(x, (len(columns), 1))
        points[np.arange(len(columns)), columns] += step if len(step) > len(x) else step[columns]
        return self._at(points)

    def _made(self, x: Vector, step: Vector) -> Matrix:
        """Return the steps (n_params, 1) as they come out by rounding."""
        made: Matrix = ((x + step) - x)[:, np.newaxis]
        return made

    def _at(self, points: Matrix) -> Matrix:
        """Return a row of residuals for each point, of nan for one that failed."""
        told = self._loss.told(points)
        sizes = {len(r) for r in told if r is not None}
        if self._n_residuals is not None:
            sizes.add(self._n_residuals)
        if len(sizes) > 1:  # also after a resume with other data, when the run does not know
            raise ValueError(f"the number of residuals changes: {min(sizes)} and {max(sizes)}")
        size = self._n_residuals = next(iter(sizes), None)
        missing = np.full(size or 1, np.nan)
        rows: Matrix = np.array([missing if r is None else r for r in told])
        if self._is_finite and rows.shape[1] < points.shape[1]:
            rows = np.pad(rows, ((0, 0), (0, points.shape[1] - rows.shape[1])))
        return rows

    def _failed(self, r: Vector) -> Vector:
        """Return what stands for the residuals of a point that failed."""
        if not len(self._r):
            raise Astray("its initial point failed, so there are no residuals to begin with")
        if not self._is_finite:
            return r
        return np.full(len(r), 2.0 * (self._largest or 1.0) / np.sqrt(len(r)))


def _known(slopes: Matrix) -> Matrix:
    """Return slopes (n_params, n_residuals) as a Jacobian, 0 where one could not be had."""
    unknown = ~np.isfinite(slopes).all(axis=1)
    if unknown.all():
        raise Astray(NO_SLOPES)
    slopes[unknown] = 0.0
    return slopes.T
