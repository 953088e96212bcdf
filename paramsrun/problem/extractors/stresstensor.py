"""Stress tensor of a periodic job, (1/volume) dE/dstrain: an array (3, 3) [hartree/bohr^3]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.settings.families import extractors


@extractors.member("stresstensor")
@dataclass(frozen=True)
class StressTensor:
    """``stresstensor('job')``."""

    sigma: ClassVar[float] = 0.0001
    unit: ClassVar[str] = "hartree/bohr^3"
    needs: ClassVar[frozenset[str]] = frozenset({"stresstensor"})
    picks: ClassVar[bool] = True
    period: ClassVar[float | None] = None

    def value(
        self, results: Mapping[str, NDArray[np.float64]], system: System
    ) -> NDArray[np.float64]:
        """Return the engine's own."""
        return results["stresstensor"]
