"""Enough optimizers ended by themselves."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("MaxOptimizersConverged")
@dataclass(frozen=True, kw_only=True)
class MaxOptimizersConverged:
    """This many optimizers have ended by their own criteria, or by a limit the user gave them."""

    nconv: int = value(1, at_least=1, doc="Optimizers that ended by themselves.")

    def met(self, run: RunState) -> bool:
        """Return whether enough have converged."""
        return run.n_converged >= self.nconv
