"""Enough optimizers were stopped."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("MaxOptimizersStopped")
@dataclass(frozen=True, kw_only=True)
class MaxOptimizersStopped:
    """This many optimizers have been stopped by stoppers or by the user."""

    kills_max: int = value(at_least=1, doc="Optimizers stopped by stoppers or by a STOP file.")

    def met(self, run: RunState) -> bool:
        """Return whether enough were stopped."""
        return run.n_stopped >= self.kills_max
