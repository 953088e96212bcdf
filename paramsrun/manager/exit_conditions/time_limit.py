"""This session has taken long enough."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.keys import value


@exit_conditions.member("TimeLimit")
@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """This session has run for so long; sessions before a resume do not count.

    It is judged after each evaluation: one that is under way is not cut short.
    """

    session_max: float = value(above=0.0, unit="s", doc="Wall time of this session.")

    def met(self, run: RunState) -> bool:
        """Return whether the time is up."""
        return run.session_s >= self.session_max

    def seconds_left(self, run: RunState) -> float:
        """Return after how long it is met."""
        return self.session_max - run.session_s
