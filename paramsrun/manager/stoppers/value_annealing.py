"""The bad make room by chance."""

from collections.abc import Callable
from dataclasses import dataclass

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("ValueAnnealing")
@dataclass(frozen=True, kw_only=True)
class ValueAnnealing:
    """Optimizers far above the best value are stopped by chance.

    With r the distance from the best value to the optimizer's own lowest loss, relative to the best
    value, it survives each check with the probability CriticalStopChance to the power r: never
    without a finite loss, and always where it holds the best value or that is 0.
    """

    critical_stop_chance: float = key(
        50.0,
        unit="%",
        above=0.0,
        below=100.0,
        doc="Chance to survive a check with a lowest loss of twice the best value (r = 1). Smaller "
        "chances stop more.",
    )

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it loses the draw."""
        best, own = run.best.fx, target.best.fx
        if best == 0.0 or own <= best:
            return False
        r = (own - best) / abs(best)
        survival: float = (self.critical_stop_chance / 100.0) ** r
        return draw() > survival
