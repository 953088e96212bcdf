"""job.log and the terminal: what a run says of itself."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from paramsrun.errors import RunError
from paramsrun.manager.events import Checkpoint, Chosen, Context, End, Eval, Event, Exit, Start
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.printable import printable
from paramsrun.problem.contract import Evaluation
from paramsrun.results.files import Appended
from paramsrun.results.summary import type_of

INDENT = " " * 21
"""Lines after the first stand under the text, four further in."""
PLACES = {"Inline": "in the job's own process", "Processes": "in worker processes"}
STATUS_S = 10.0
"""A line on the state of the run is logged no more often than this."""


def stamped(text: str, at: datetime) -> str:
    """Return a log entry behind an AMS-style time stamp."""
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"[{at:%d.%m|%H:%M:%S}] {first}", *(INDENT + line for line in rest)])


class Log:
    """Writes entries to a file, and to echo."""

    def __init__(self, path: Path, echo: Callable[[str], None]) -> None:
        try:
            self._file = Appended(path)
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error}") from error
        self._path = path
        self._echo = echo

    def entry(self, text: str, echo: bool = True) -> None:
        """Write one entry, to the file alone unless echo."""
        line = printable(stamped(text, datetime.now()))
        if echo:
            self._echo(line)
        try:
            self._file.write(line + "\n")
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error}") from error

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
                self._log.entry(f"Initial loss {brief(event.fx)}")
            elif event.why is not None and event.is_against and state.n_against == 1:
                self._log.entry(
                    f"Evaluation {event.n} was not computed, so its loss is infinite: {event.why}\n"
                    "Further ones are counted; the journal has the reason of each"
                )
            elif event.why is not None and not event.pruned and self._is_first_failed(event, state):
                self._log.entry(
                    f"Warning: evaluation {event.n} failed, so its loss is infinite: {event.why}\n"
                    "Further ones are counted; the journal has the reason of each"
                )
            elif event.t - self._status_t >= STATUS_S:
                self._status_t = event.t
                self._log.entry(status(state))
        elif type(event) is Start:
            self._log.entry(f"Optimizer {event.o} started: {type_of(event)}")
        elif type(event) is End:
            self._ended(event, state.optimizers[event.o])
        elif type(event) is Context:
            for change in event.changes:
                self._log.entry(change)
        elif type(event) is Checkpoint:
            self._log.entry(f"Checkpoint {event.name} made after {evaluations(event.n)}")
        elif type(event) is Chosen:
            place = PLACES.get(event.evaluator, f"by Evaluator {event.evaluator}")
            self._log.entry(f"Evaluations run {place} from now on: {event.why}")
        elif type(event) is Exit:
            self._exited(event, state)

    def _is_first_failed(self, event: Eval, state: RunState) -> bool:
        return state.n_infinite == 1 and not event.is_against

    def _ended(self, event: End, optimizer: OptimizerState) -> None:
        best = optimizer.best
        told = "no finite loss" if best.x is None else f"best loss {brief(best.fx)}"
        made = evaluations(optimizer.n_evaluations)
        if n := event.in_flight:
            made += f", {n} in flight {'is' if n == 1 else 'are'} still counted"
        self._log.entry(f"Optimizer {event.o} {event.how} after {made}, {told}\n{event.reason}")

    def _exited(self, event: Exit, state: RunState) -> None:
        if event.how == "error":
            self._log.entry(event.reason, echo=False)  # whoever started the run is told by RunError
            return
        met = event.how == "conditions"
        self._log.entry(f"Exit conditions met:\n{event.reason}" if met else event.reason)
        self._log.entry(f"Done. {status(state)}")
        if state.n_evaluations and state.best.x is None:
            self._log.entry("Warning: no evaluation had a finite loss")


def status(state: RunState) -> str:
    """Return one line on how far a run is."""
    optimizers = f"{len(state.living)} alive of {state.n_started} optimizers"
    failed = f", {state.n_infinite} failed" if state.n_infinite else ""
    against = f", {state.n_against} against a constraint" if state.n_against else ""
    pruned = f", {state.n_pruned} pruned" if state.n_pruned else ""
    return f"{progress(state)}{failed}{against}{pruned}, {optimizers}"


def progress(state: RunState) -> str:
    """Return evaluations, time, rate and best loss; time and rate are of this session."""
    made = evaluations(state.n_evaluations)
    n_here, t = state.n_evaluations - state.n_before, state.session_s
    if state.n_before:
        made += f", {n_here} of them here"
    made += f" in {seconds(t)}"
    if n_here and t > 0:
        made += f" ({_rate(n_here / t)}/s)"
    return made if state.best.x is None else f"{made}, best loss {brief(state.best.fx)}"


def _rate(rate: float) -> str:
    """Return three digits of a rate: ``0.25``, ``87.5``, ``1470``."""
    short = f"{rate:.3g}"
    return f"{float(short):.0f}" if float(short) >= 1000 else short


def evaluations(n: int) -> str:
    """Return ``1 evaluation`` or ``2 evaluations``."""
    return f"{n} evaluation{'' if n == 1 else 's'}"


def brief(fx: float) -> str:
    """Return a loss for people, in eight digits."""
    return f"{fx:.8g}"


def seconds(t: float) -> str:
    """Return a time span for people: ``4.2 s``, ``12:05``, ``2 d 03:10:00``."""
    if 0.0 < t < 0.05:
        return f"{max(t, 0.001):.1g} s"
    if t < 59.95:
        return f"{t:.1f} s"
    minutes, s = divmod(round(t), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    clock = f"{h:02d}:{m:02d}:{s:02d}" if hours else f"{m:02d}:{s:02d}"
    return f"{days} d {clock}" if days else clock
