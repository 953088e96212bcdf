"""The losses of an optimizer stand still."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import dist, fsum, inf, isfinite, sqrt
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("CurrentFunctionValueUnmoving")
@dataclass(frozen=True, kw_only=True)
class CurrentFunctionValueUnmoving:
    """The latest losses of the optimizer are all alike.

    Infinite losses among them are passed over, and the latest finite one is taken for the last.
    Where all are infinite they are alike; one finite loss among infinite ones is like no other.
    """

    looks_at: ClassVar[str] = "target"

    number_of_function_calls: int = key(
        at_least=2, doc="Number of its latest evaluations whose losses are compared."
    )
    tolerance: float = key(
        at_least=0.0,
        doc="They are alike if their standard deviation is at most this fraction of the last loss.",
    )

    @property
    def window(self) -> int:
        """How many of the latest evaluations it looks at."""
        return self.number_of_function_calls

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether the latest n losses are alike."""
        recent, n = target.recent, self.number_of_function_calls
        if len(recent) < n:
            return False
        last = recent[-1].event.fx
        # Two values alone make the standard deviation of n so large: most checks end here.
        at_least = abs(last - recent[-2].event.fx) / sqrt(2 * n)
        if 1.001 * abs(last * self.tolerance) < at_least < inf:
            return False
        finite = [fx for event, _ in islice(reversed(recent), n) if isfinite(fx := event.fx)]
        if len(finite) < 2:
            return not finite
        return _standard_deviation(finite) <= abs(finite[0] * self.tolerance)


def _standard_deviation(values: list[float]) -> float:
    """Return that of the population; exactly 0 for equal values, inf or nan beyond all numbers."""
    n = len(values)
    shifted = [value - values[0] for value in values]
    mean = fsum(value / n for value in shifted)
    return dist(shifted, [mean] * n) / sqrt(n)
