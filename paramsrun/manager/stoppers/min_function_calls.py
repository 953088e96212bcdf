"""Protection of young optimizers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import value


@stoppers.member("MinFunctionCalls")
@dataclass(frozen=True, kw_only=True)
class MinFunctionCalls:
    """The optimizer is no longer young.

    Joined to another stopper by & in StopperBooleanCombination, it keeps that from stopping an
    optimizer too early.
    """

    alone: ClassVar[str] = "stops any optimizer as soon as it is that old"
    looks_at: ClassVar[str] = "target"

    n_min: int = value(
        at_least=1, doc="Evaluations up to which an optimizer is young: it is met from here on."
    )

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it has made so many."""
        return target.n_evaluations >= self.n_min
