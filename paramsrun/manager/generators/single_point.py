"""Every optimizer starts at the same point."""

from dataclasses import dataclass

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.manager.spawning import Known
from paramsrun.settings.families import generators


@generators.member("SinglePoint")
@dataclass(frozen=True, kw_only=True)
class SinglePoint:
    """Start at the values of the parameter interface.

    With several optimizers of an algorithm that uses no random numbers, all do the same.
    """

    def x0(self, known: Known, rng: np.random.Generator) -> Vector:
        """Return the values of the parameter interface."""
        return known.x0.copy()
