"""The whole run, restarts included, has taken long enough."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("TimeLimitThroughRestarts")
@dataclass(frozen=True, kw_only=True)
class TimeLimitThroughRestarts:
    """The run has taken so long in all, the sessions before each resume included.

    It is judged after each evaluation: one that is under way is not cut short.
    """

    overall_max: float = value(above=0.0, unit="s", doc="Wall time of all sessions together.")

    def met(self, run: RunState) -> bool:
        """Return whether the time is up."""
        return run.t >= self.overall_max

    def seconds_left(self, run: RunState) -> float:
        """Return after how long it is met."""
        return self.overall_max - run.t
