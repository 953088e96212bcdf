"""The live line on a terminal: evaluations, rate, best loss, and the time left if it is known."""

import sys
from types import TracebackType
from typing import TextIO

from paramsrun.manager.events import Eval, Event
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation
from paramsrun.results.log import seconds, status

REFRESH_S = 0.2


class Progress:
    """Shows the live line while it is entered; a listener of the run.

    The time left is known where the exit conditions set a number of evaluations.
    """

    def __init__(self, rule: ExitRule, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.status import Status

        self._console = Console(file=stream or sys.stderr)
        self._status = Status("Starting", console=self._console)
        self._rule = rule
        self._shown_t = 0.0

    def __enter__(self) -> "Progress":
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()

    def echo(self, line: str) -> None:
        """Print a line above the live one."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Refresh the line when it is due."""
        if type(event) is Eval and event.t - self._shown_t >= REFRESH_S:
            self._shown_t = event.t
            self._status.update(status(state) + self._left(state))

    def _left(self, state: RunState) -> str:
        n_max = self._rule.n_max(state)
        if n_max is None or not state.n_evaluations:
            return ""
        left = (n_max - state.n_evaluations) * state.t / state.n_evaluations
        return f", at most {seconds(max(0.0, left))} left"
