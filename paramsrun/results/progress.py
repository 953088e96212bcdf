"""The live line on a terminal: evaluations, rate, best loss, time left, optimizers alive."""

import io
import shutil
import sys
from types import TracebackType
from typing import TextIO

from paramsrun.manager.events import Eval, Event, Exit
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation
from paramsrun.results.log import progress, seconds

REFRESH_S = 0.2
CLEAR = "\r\x1b[K"
"""Back to the beginning of the line, and erase it (ECMA-48: EL)."""


class Progress:
    """Shows the live line while it is entered; a listener of the run.

    The time left is known where the exit conditions set a number of evaluations or a time. How many
    optimizers are alive is told once there were several; it stands last, as a narrow terminal cuts
    off the end.
    """

    def __init__(self, rule: ExitRule, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rule = rule
        self._shown_t = -REFRESH_S
        self._line = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show("")

    def echo(self, line: str) -> None:
        """Print a line above the live one."""
        self._put(f"{CLEAR}{line}\n{self._line}")

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Refresh the line when it is due; take it away at the end."""
        if type(event) is Eval and event.o and event.t - self._shown_t >= REFRESH_S:
            self._shown_t = event.t
            self._show(progress(state) + self._left(state) + _alive(state))
        elif type(event) is Exit:
            self._show("")

    def _show(self, text: str) -> None:
        width = shutil.get_terminal_size().columns
        self._line = text[: width - 1]
        self._put(CLEAR + self._line)

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal is gone; the run goes on, and job.log holds what it tells
            self._stream = io.StringIO()

    def _left(self, state: RunState) -> str:
        left = self._rule.seconds_left(state)
        return "" if left == float("inf") else f", at most {seconds(left)} left"


def _alive(state: RunState) -> str:
    n = len(state.living)
    return f", {n} optimizer{'' if n == 1 else 's'} alive" if state.n_started > 1 else ""
