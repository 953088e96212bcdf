"""Between real units and the space in which optimizers see the parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix
from paramsrun.problem.parameters import ParameterInterface

Kind: TypeAlias = Literal["linear", "std", "none"]
INTERVALS: dict[Kind, tuple[float, float]] = {"linear": (0.0, 1.0), "std": (-1.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Scaling:
    """Maps each parameter's range to an interval of its own length 1 (linear) or 2 (std).

    No point of the interval leaves the range by rounding, and its ends are those of the range.
    """

    real_bounds: Matrix
    """(n, 2) real units."""
    kind: Kind = "linear"

    @classmethod
    def of(cls, parameters: ParameterInterface, kind: Kind = "linear") -> "Scaling":
        """Return the scaling of the active parameters."""
        return cls(parameters.bounds, kind)

    @cached_property
    def bounds(self) -> Matrix:
        """(n, 2) in scaled space."""
        if self.kind == "none":
            return self.real_bounds.copy()
        return np.tile(np.array(INTERVALS[self.kind]), (len(self.real_bounds), 1))

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
        if self.kind != "linear":
            if self.kind == "none":
                return x.copy()
            x = 0.5 * (x + 1.0)
        # Rounding is monotonic: x <= 1 gives no more than lower + span.
        real: NDArray[np.float64] = x * self._span + self._lower
        if not self._span_is_exact:
            np.copyto(real, self._upper, where=x == 1.0)
        return real

    def scaled(self, real: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points in real units, (n,) or (k, n), in scaled space."""
        if self.kind == "none":
            return real.copy()
        x: NDArray[np.float64] = (real - self._lower) / (self._upper - self._lower)
        return 2.0 * x - 1.0 if self.kind == "std" else x
