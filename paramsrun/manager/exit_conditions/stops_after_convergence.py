"""Some optimizers converged, and others were stopped since."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import key


@exit_conditions.member("StopsAfterConvergence")
@dataclass(frozen=True, kw_only=True)
class StopsAfterConvergence:
    """Enough optimizers have been stopped since enough have converged."""

    n_converged: int = key(
        1,
        name="OptimizersConverged",
        at_least=1,
        doc="Optimizers that must converge first, by their own criteria.",
    )
    n_killed: int = key(
        0, name="OptimizersStopped", at_least=0, doc="Optimizers that must be stopped from then on."
    )

    def met(self, run: RunState) -> bool:
        """Return whether enough were stopped since enough converged."""
        stopped_then = run.n_stopped_when_converged.get(self.n_converged)
        return stopped_then is not None and run.n_stopped - stopped_then >= self.n_killed
