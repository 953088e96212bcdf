"""Optimizers start where the best one has come to."""

from dataclasses import dataclass

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.manager.generators.random import Random
from paramsrun.manager.spawning import Known
from paramsrun.settings.families import generators


@generators.member("Incumbent")
@dataclass(frozen=True, kw_only=True)
class Incumbent:
    """Start at the best point that any optimizer has found so far; at a random one before that."""

    def x0(self, known: Known, rng: np.random.Generator) -> Vector:
        """Return the best point, or a random one."""
        best = known.best
        return Random().x0(known, rng) if best is None else best
