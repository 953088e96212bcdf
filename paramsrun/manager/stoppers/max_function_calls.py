"""A budget of evaluations for each optimizer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import value


@stoppers.member("MaxFunctionCalls")
@dataclass(frozen=True, kw_only=True)
class MaxFunctionCalls:
    """The optimizer has used up its evaluations."""

    looks_at: ClassVar[str] = "target"

    n_max: int = value(at_least=1, doc="Evaluations that each optimizer may use.")

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it has made so many."""
        return target.n_evaluations >= self.n_max
