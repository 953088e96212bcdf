"""A limit of other stoppers to one type of optimizer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import optimizers, stoppers
from paramsrun.settings.keys import value
from paramsrun.settings.values import not_among


@stoppers.member("OptimizerType")
@dataclass(frozen=True, kw_only=True)
class OptimizerType:
    """The optimizer is of this type.

    Joined to another stopper by & in StopperBooleanCombination, it limits that to one type.
    """

    alone: ClassVar[str] = "stops every optimizer of that type at once"
    looks_at: ClassVar[str] = "target"

    type_name: str = value(
        takes="a Type of Optimizer", doc="The Type of an Optimizer block, such as CMAES or Scipy."
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the type."""
        if self.type_name not in optimizers:
            yield f"OptimizerType {not_among(self.type_name, [*optimizers])}"

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it is of that type."""
        return target.start.type.casefold() == self.type_name.casefold()
