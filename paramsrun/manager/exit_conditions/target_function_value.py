"""The loss is low enough."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("TargetFunctionValue")
@dataclass(frozen=True, kw_only=True)
class TargetFunctionValue:
    """The lowest loss of all optimizers has reached a target."""

    target: float = value(doc="The run ends when the best loss is at or below this value.")

    def met(self, run: RunState) -> bool:
        """Return whether the target is reached."""
        return run.best.fx <= self.target
