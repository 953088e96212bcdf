"""The lowest loss of an optimizer stands still."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("BestFunctionValueUnmoving")
@dataclass(frozen=True, kw_only=True)
class BestFunctionValueUnmoving:
    """The lowest loss of the optimizer has not improved for a while.

    One that has found no finite loss in all that time has not improved either.
    """

    looks_at: ClassVar[str] = "target"

    number_of_function_calls: int = key(
        at_least=1,
        doc="Number of its latest evaluations in which there was no improvement. It must have "
        "made more than these.",
    )
    tolerance: float = key(
        0.0,
        at_least=0.0,
        doc="An improvement up to this fraction of the earlier lowest loss counts as none.",
    )

    @property
    def window(self) -> int:
        """How many of the latest evaluations it looks at."""
        return self.number_of_function_calls + 1

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether the lowest loss before the latest n evaluations is that of now."""
        recent, n = target.recent, self.number_of_function_calls
        if len(recent) <= n:
            return False
        then, now = recent[-n - 1].best, recent[-1].best
        if then == now:
            return True
        if then == inf:
            return False
        # In halves, since the difference may be beyond the largest number.
        return 0.5 * then - 0.5 * now <= abs(0.5 * then * self.tolerance)
