"""Forces on the atoms of a job: an array (n_atoms, 3) [hartree/bohr]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.settings.families import extractors


@extractors.member("forces")
@dataclass(frozen=True)
class Forces:
    """``forces('job')``."""

    sigma: ClassVar[float] = 0.003
    unit: ClassVar[str] = "hartree/bohr"
    needs: ClassVar[frozenset[str]] = frozenset({"forces"})
    picks: ClassVar[bool] = True
    period: ClassVar[float | None] = None

    def value(
        self, results: Mapping[str, NDArray[np.float64]], system: System
    ) -> NDArray[np.float64]:
        """Return the engine's own."""
        return results["forces"]
