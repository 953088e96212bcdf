"""Optimizers start anywhere."""

from dataclasses import dataclass

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.manager.spawning import Known
from paramsrun.settings.families import generators


@generators.member("Random")
@dataclass(frozen=True, kw_only=True)
class Random:
    """Start at a random point, uniform within the ranges."""

    def x0(self, known: Known, rng: np.random.Generator) -> Vector:
        """Return a random point."""
        lower, upper = known.bounds.T
        x: Vector = lower + rng.random(len(lower)) * (upper - lower)
        return np.clip(x, lower, upper, out=x)
