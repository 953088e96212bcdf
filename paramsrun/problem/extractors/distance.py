"""Distance of two atoms: a number [angstrom]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.problem.geometry import between, check_atoms
from paramsrun.settings.families import extractors


@extractors.member("distance")
@dataclass(frozen=True)
class Distance:
    """``distance('job', atom1, atom2, mic=True)``. With mic it is that of the nearest images."""

    sigma: ClassVar[float] = 0.05
    unit: ClassVar[str] = "angstrom"
    needs: ClassVar[frozenset[str]] = frozenset()
    picks: ClassVar[bool] = False
    period: ClassVar[float | None] = None

    atom1: int
    atom2: int
    mic: bool = True

    def __post_init__(self) -> None:
        check_atoms(self.atom1, self.atom2)

    def value(self, results: Mapping[str, NDArray[np.float64]], system: System) -> float:
        """Measure the system."""
        return float(np.linalg.norm(between(system, self.atom1, self.atom2, self.mic)))
