"""job.log and the terminal: what a run says of itself."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from paramsrun.manager.events import End, Eval, Event, Exit, Start
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation
from paramsrun.results.files import shown
from paramsrun.results.summary import type_of

INDENT = " " * 21
"""Lines after the first stand under the text, four further in."""
STATUS_S = 10.0
"""A line on the state of the run is logged no more often than this."""


def stamped(text: str, at: datetime) -> str:
    """Return a log entry behind an AMS-style time stamp."""
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"[{at:%d.%m|%H:%M:%S}] {first}", *(INDENT + line for line in rest)])


class Log:
    """Writes entries to a file and, unless it is quiet, to a stream."""

    def __init__(self, path: Path, echo: Callable[[str], None]) -> None:
        self._file: TextIO = path.open("a")
        self._echo = echo

    def entry(self, text: str) -> None:
        """Write one entry."""
        line = stamped(text, datetime.now())
        self._file.write(line + "\n")
        self._file.flush()
        self._echo(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RunLog:
    """Tells the log of starts, ends and, now and then, of the state of the run."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._status_t = 0.0

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Write what an event is worth saying."""
        if type(event) is Eval:
            if event.o == 0:
                self._log.entry(f"Initial loss {shown(event.fx)}")
            elif event.t - self._status_t >= STATUS_S:
                self._status_t = event.t
                self._log.entry(status(state))
        elif type(event) is Start:
            kind = type_of(event.type, event.settings.get("Algorithm"))
            self._log.entry(f"Optimizer {event.o} started: {kind}")
        elif type(event) is End:
            optimizer = state.optimizers[event.o]
            self._log.entry(
                f"Optimizer {event.o} {event.how} after {optimizer.n_evaluations} evaluations, "
                f"best loss {shown(optimizer.best.fx)}\n{event.reason}"
            )
        elif type(event) is Exit:
            self._exited(event, state)

    def _exited(self, event: Exit, state: RunState) -> None:
        if event.how == "conditions":
            self._log.entry(f"Exit conditions met:\n{event.reason}")
        else:
            self._log.entry(event.reason)
        self._log.entry(f"Done. {status(state)}")


def status(state: RunState) -> str:
    """Return one line on how far a run is."""
    rate = state.n_evaluations / state.t if state.t > 0 else 0.0
    parts = [
        f"{state.n_evaluations} evaluations in {seconds(state.t)} ({rate:.3g}/s)",
        f"best loss {shown(state.best.fx)}",
        f"{len(state.living)} alive, {state.n_started} started, {state.n_converged} converged",
    ]
    return ", ".join(parts)


def seconds(t: float) -> str:
    """Return a time span for people: ``4.2 s``, ``12:05``, ``2 d 03:10:00``."""
    if t < 60:
        return f"{t:.1f} s"
    minutes, s = divmod(round(t), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    clock = f"{h:02d}:{m:02d}:{s:02d}" if hours else f"{m:02d}:{s:02d}"
    return f"{days} d {clock}" if days else clock
