"""Dihedral angle of four atoms: a number from -180 to 180 [degree]."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.problem.geometry import between, check_atoms, degrees
from paramsrun.settings.families import extractors


@extractors.member("dihedral")
@dataclass(frozen=True)
class Dihedral:
    """``dihedral('job', atom1, atom2, atom3, atom4, mic=True)``. It is that about atom2-atom3.

    It is positive where, seen along the bond, atom4 is clockwise of atom1 (IUPAC).
    """

    sigma: ClassVar[float] = 2.0
    unit: ClassVar[str] = "degree"
    needs: ClassVar[frozenset[str]] = frozenset()
    picks: ClassVar[bool] = False
    period: ClassVar[float | None] = 360.0

    atom1: int
    atom2: int
    atom3: int
    atom4: int
    mic: bool = True

    def __post_init__(self) -> None:
        check_atoms(self.atom1, self.atom2, self.atom3, self.atom4)

    def value(self, results: Mapping[str, NDArray[np.float64]], system: System) -> float:
        """Measure the system; ValueError where three neighbours are in line."""
        chain = (self.atom1, self.atom2, self.atom3, self.atom4)
        one, bond, other = (between(system, *ends, self.mic) for ends in pairwise(chain))
        left, right = np.cross(one, bond), np.cross(bond, other)
        for normal, arm in ((left, one), (right, other)):
            if np.linalg.norm(normal) < 1e-8 * np.linalg.norm(arm) * np.linalg.norm(bond):
                raise ValueError(f"a dihedral needs atoms that are not in line, not {chain}")
        return degrees(float(np.linalg.norm(bond) * (one @ right)), float(left @ right))
