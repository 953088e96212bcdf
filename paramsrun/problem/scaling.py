"""Between real units and the space in which optimizers see the parameters."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.space import Dimension, Space, Value, uncommon

Kind: TypeAlias = Literal["linear", "std", "none"]
INTERVALS: dict[Kind, tuple[float, float]] = {"linear": (0.0, 1.0), "std": (-1.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Scaling:
    """Maps each parameter's range to an interval of its own length 1 (linear) or 2 (std).

    No point of the interval leaves the range by rounding, and its ends are those of the range.

    An integer or categorical parameter of m values has m cells of the interval, equal ones unless
    its scale is logarithmic: a point in a cell means its value, and the value is scaled to the
    middle. In real units (none) a cell reaches half-way to the neighbours, also at both ends.
    """

    real_bounds: Matrix
    """(n, 2) real units."""
    kind: Kind = "linear"
    space: Space = ()
    """May be empty where all parameters are floats on a linear scale."""

    @classmethod
    def of(cls, parameters: ParameterInterface, kind: Kind = "linear") -> "Scaling":
        """Return the scaling of the active parameters."""
        return cls(parameters.bounds, kind, parameters.space)

    @cached_property
    def bounds(self) -> Matrix:
        """(n, 2) in scaled space."""
        if self.kind == "none":
            bounds = self.real_bounds.copy()
            for i, _ in self._columns:
                bounds[i] += (-0.5, 0.5)
            return bounds
        return np.tile(np.array(INTERVALS[self.kind]), (len(self.real_bounds), 1))

    @property
    def seen(self) -> Space:
        """The active parameters as an optimizer sees them: in real units no scale is left.

        Empty where all are floats on a linear scale.
        """
        if self.kind != "none":
            return uncommon(self.space)
        return uncommon(tuple(replace(dimension, scale="linear") for dimension in self.space))

    @cached_property
    def _columns(self) -> tuple[tuple[int, Dimension], ...]:
        """The parameters that need more than a factor and a shift, and their positions."""
        return tuple((i, d) for i, d in enumerate(self.seen) if not d.is_plain)

    @cached_property
    def _straight(self) -> "Scaling":
        """The same by a factor and a shift alone."""
        return Scaling(self.real_bounds, self.kind)

    @cached_property
    def _lower(self) -> NDArray[np.float64]:
        return self.real_bounds[:, 0].copy()

    @cached_property
    def _upper(self) -> NDArray[np.float64]:
        return self.real_bounds[:, 1].copy()

    @cached_property
    def _span_is_exact(self) -> bool:
        return bool((self._lower + self._span == self._upper).all())

    @cached_property
    def _span(self) -> NDArray[np.float64]:
        """(n,) upper - lower, rounded such that lower + span does not exceed upper."""
        lower, upper = self.real_bounds.T
        span: NDArray[np.float64] = upper - lower
        while (over := lower + span > upper).any():
            span[over] = np.nextafter(span[over], 0.0)
        return span

    def real(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scaled points, (n,) or (k, n), in real units."""
        if self._columns:
            return self._mapped(x, self._straight.real(x), _to_real)
        if self.kind != "linear":
            if self.kind == "none":
                return x.copy()
            x = 0.5 * (x + 1.0)
        # Rounding is monotonic: x <= 1 gives no more than lower + span.
        real: NDArray[np.float64] = x * self._span + self._lower
        if not self._span_is_exact:
            np.copyto(real, self._upper, where=x == 1.0)
        return real

    @np.errstate(over="ignore")
    def recorded(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Do as `real` with points of a journal: what is too large for a number is infinite."""
        return self.real(x)

    def scaled(self, real: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points in real units, (n,) or (k, n), in scaled space."""
        if self._columns and self.kind != "none":
            return self._mapped(real, self._straight.scaled(real), _to_scaled)
        if self.kind == "none":
            return real.copy()
        x: NDArray[np.float64] = (real - self._lower) / (self._upper - self._lower)
        return 2.0 * x - 1.0 if self.kind == "std" else x

    def typed(self, x: Vector) -> list[Value]:
        """Return a scaled point (n,) as people have it: floats, ints and choices."""
        real: list[float] = self.recorded(x).tolist()
        if not self._columns:
            return list[Value](real)
        return [d.typed(value) for d, value in zip(self.space, real, strict=True)]

    def _mapped(
        self,
        x: NDArray[np.float64],
        result: NDArray[np.float64],
        how: Callable[[Dimension, Kind, float], float],
    ) -> NDArray[np.float64]:
        """Return a result with the columns of x anew that need more than a factor and a shift."""
        for i, dimension in self._columns:
            column = np.ravel(x[..., i]).tolist()
            mapped = [how(dimension, self.kind, value) for value in column]
            result[..., i] = np.reshape(mapped, x.shape[:-1])
        return result


def _to_real(dimension: Dimension, kind: Kind, x: float) -> float:
    if kind == "none":
        return dimension.nearest(x)
    return dimension.at(x if kind == "linear" else 0.5 * (x + 1.0))


def _to_scaled(dimension: Dimension, kind: Kind, value: float) -> float:
    u = dimension.position(value)
    return u if kind == "linear" else 2.0 * u - 1.0
