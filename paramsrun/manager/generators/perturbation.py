"""Optimizers start around one point."""

from dataclasses import dataclass
from math import exp

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.manager.spawning import Known
from paramsrun.settings.families import generators
from paramsrun.settings.keys import key


@generators.member("Perturbation")
@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """Start near the values of the parameter interface.

    Each parameter is drawn from a normal distribution around its value, again and again until it
    lies within its range.
    """

    standard_deviation: float = key(
        0.2,
        above=0.0,
        doc="Standard deviation of each parameter in the space that the optimizer sees (Scaler): a "
        "fraction of each range where that is Linear.",
    )

    def x0(self, known: Known, rng: np.random.Generator) -> Vector:
        """Return a point near the values of the parameter interface."""
        sd = self.standard_deviation
        pairs = zip(known.x0.tolist(), known.bounds.tolist(), strict=True)
        return np.array([_truncated_normal(rng, mean, sd, *bounds) for mean, bounds in pairs])


def _truncated_normal(
    rng: np.random.Generator, mean: float, sd: float, lower: float, upper: float
) -> float:
    """Draw from a normal distribution what lies between bounds; the mean is within these.

    Exact by rejection. Where the bounds are narrow, uniform numbers are drawn: either way at least
    one draw in three is taken.
    """
    while True:
        if sd < upper - lower:
            x = rng.normal(mean, sd)
            taken = lower <= x <= upper
        else:
            x = min(lower + rng.random() * (upper - lower), upper)
            taken = rng.random() <= exp(-0.5 * ((x - mean) / sd) ** 2)
        if taken:
            return x
