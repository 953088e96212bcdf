"""Angle of three atoms: a number from 0 to 180 [degree]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.problem.geometry import between, check_atoms, degrees
from paramsrun.settings.families import extractors


@extractors.member("angle")
@dataclass(frozen=True)
class Angle:
    """``angle('job', atom1, atom2, atom3, mic=True)``. It is the angle at atom2."""

    sigma: ClassVar[float] = 2.0
    unit: ClassVar[str] = "degree"
    needs: ClassVar[frozenset[str]] = frozenset()
    picks: ClassVar[bool] = False
    period: ClassVar[float | None] = None

    atom1: int
    atom2: int
    atom3: int
    mic: bool = True

    def __post_init__(self) -> None:
        check_atoms(self.atom1, self.atom2, self.atom3)

    def value(self, results: Mapping[str, NDArray[np.float64]], system: System) -> float:
        """Measure the system."""
        one = between(system, self.atom2, self.atom1, self.mic)
        other = between(system, self.atom2, self.atom3, self.mic)
        return degrees(float(np.linalg.norm(np.cross(one, other))), float(one @ other))
