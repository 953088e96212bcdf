"""An optimizer has nothing but failures."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import value


@stoppers.member("ConsecutiveInfiniteEvaluations")
@dataclass(frozen=True, kw_only=True)
class ConsecutiveInfiniteEvaluations:
    """The latest losses of the optimizer are all infinite: its evaluations fail."""

    looks_at: ClassVar[str] = "target"

    n_infinite: int = value(
        at_least=1, doc="Number of its latest evaluations of which none has a finite loss."
    )

    @property
    def window(self) -> int:
        """How many of the latest evaluations it looks at."""
        return self.n_infinite

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether none of the latest n losses is finite."""
        recent, n = target.recent, self.n_infinite
        return len(recent) >= n and not any(
            isfinite(event.fx) for event, _ in islice(reversed(recent), n)
        )
