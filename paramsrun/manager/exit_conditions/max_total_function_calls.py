"""A budget of evaluations."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("MaxTotalFunctionCalls")
@dataclass(frozen=True, kw_only=True)
class MaxTotalFunctionCalls:
    """All optimizers together have used this many evaluations of the loss.

    The budget is exact: no evaluation beyond it is started.
    """

    fmax: int = value(at_least=1, doc="Evaluations of the loss function, all optimizers together.")

    @property
    def at_calls(self) -> int:
        """The number of evaluations at which it is met."""
        return self.fmax

    def met(self, run: RunState) -> bool:
        """Return whether the budget is used up."""
        return run.n_evaluations >= self.fmax
