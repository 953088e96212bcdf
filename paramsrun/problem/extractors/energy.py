"""Potential energy of a job: a number [hartree]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.settings.families import extractors


@extractors.member("energy")
@dataclass(frozen=True)
class Energy:
    """``energy('job')``."""

    sigma: ClassVar[float] = 0.002
    unit: ClassVar[str] = "hartree"
    needs: ClassVar[frozenset[str]] = frozenset({"energy"})
    picks: ClassVar[bool] = True
    period: ClassVar[float | None] = None

    def value(
        self, results: Mapping[str, NDArray[np.float64]], system: System
    ) -> NDArray[np.float64]:
        """Return the engine's own."""
        return results["energy"]
