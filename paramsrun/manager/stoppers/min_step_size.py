"""The points of an optimizer stand still."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import dist
from typing import ClassVar

import numpy as np

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("MinStepSize")
@dataclass(frozen=True, kw_only=True)
class MinStepSize:
    """The optimizer hardly moves any more."""

    looks_at: ClassVar[str] = "target"

    number_of_function_calls: int = key(
        at_least=2,
        doc="Number of its latest points, of which the mean step from one to the next is taken.",
    )
    min_relative_distance: float = key(
        0.05,
        at_least=0.0,
        doc="It hardly moves if that step is at most this fraction of the diagonal of all "
        "ranges, in the space that the optimizer sees (Scaler).",
    )

    @property
    def window(self) -> int:
        """How many of the latest evaluations it looks at."""
        return self.number_of_function_calls

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether the mean step between the latest n points is short enough."""
        recent, n, start = target.recent, self.number_of_function_calls, target.start
        if len(recent) < n:
            return False
        points = np.array([event.x for event, _ in islice(reversed(recent), n)])
        steps = points[1:] - points[:-1]
        path = float(np.sqrt(np.einsum("ij,ij->i", steps, steps)).sum())
        diagonal = dist(start.lower, start.upper)
        return path <= (n - 1) * self.min_relative_distance * diagonal
