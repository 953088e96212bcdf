"""Enough optimizers were started."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("MaxOptimizersStarted")
@dataclass(frozen=True, kw_only=True)
class MaxOptimizersStarted:
    """This many optimizers have been started. The run ends as the last of them starts."""

    omax: int = value(at_least=1, doc="Optimizers started, those that have ended among them.")

    def met(self, run: RunState) -> bool:
        """Return whether enough were started."""
        return run.n_started >= self.omax
