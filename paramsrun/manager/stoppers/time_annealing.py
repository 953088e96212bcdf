"""The old make room by chance."""

from collections.abc import Callable
from dataclasses import dataclass

from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("TimeAnnealing")
@dataclass(frozen=True, kw_only=True)
class TimeAnnealing:
    """Old optimizers are stopped by chance.

    At each check a random number between 0 and CriticalRatio is drawn. The optimizer is stopped if
    it is above the evaluations of the optimizer that holds the best value, divided by its own.
    """

    critical_ratio: float = key(
        1.0,
        above=0.0,
        doc="Survival is certain if the best one has made this many times its evaluations or more.",
    )

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it loses the draw; never without a finite loss in the run."""
        best = run.best_optimizer
        if best is None:
            return False
        return draw() * self.critical_ratio > best.n_evaluations / target.n_evaluations
