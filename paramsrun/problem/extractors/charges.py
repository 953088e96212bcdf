"""Atomic charges of a job: an array (n_atoms,) [elementary charge]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from paramsrun.problem.contract import System
from paramsrun.settings.families import extractors


@extractors.member("charges")
@dataclass(frozen=True)
class Charges:
    """``charges('job')``."""

    sigma: ClassVar[float] = 0.1
    unit: ClassVar[str] = "e"
    needs: ClassVar[frozenset[str]] = frozenset({"charges"})
    picks: ClassVar[bool] = True
    period: ClassVar[float | None] = None

    def value(
        self, results: Mapping[str, NDArray[np.float64]], system: System
    ) -> NDArray[np.float64]:
        """Return the engine's own."""
        return results["charges"]
