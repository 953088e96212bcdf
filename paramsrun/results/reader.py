"""Reading a journal back: its events, and the state they fold into."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import RunError, UsageError
from paramsrun.manager.events import End, Eval, Event, Exit, Inject, Run, Start
from paramsrun.manager.state import RunState
from paramsrun.results import journal, lock
from paramsrun.results.folder import journal_of


class Reading(NamedTuple):
    """A results folder as its journal tells it."""

    state: RunState
    torn: journal.Torn | None
    """A last line that was cut off in writing."""
    driver: dict[str, object] | None
    """Host and process of the driver, if the run was alive as it began to be read."""


def read(folder: Path) -> Reading:
    """Return the state of a running or ended run.

    Raises UsageError if the folder holds none, RunError where its journal is damaged.
    """
    at = journal_of(folder)
    driver = lock.alive(folder)  # first: nobody writes to the journal of one that is gone
    torn: list[journal.Torn] = []
    state = fold(at, torn.append)
    if state.run is None:
        raise UsageError(f"{folder}: its journal is empty")
    return Reading(state, torn[0] if torn else None, driver)


def fold(at: Path, on_torn: Callable[[journal.Torn], None] = lambda _: None) -> RunState:
    """Return the state that a journal folds into; see `folded`."""
    state = RunState()
    deque(folded(at, state, on_torn), maxlen=0)
    return state


def folded(
    at: Path, state: RunState, on_torn: Callable[[journal.Torn], None] = lambda _: None
) -> Iterator[Event]:
    """Fold a journal into a state that is new; yield each event once it is in it.

    Raises RunError, with file and line, where a line is damaged or cannot be true; a last line that
    was cut off is none, and on_torn is told of it.
    """
    try:
        for event in journal.read(at):
            if isinstance(event, journal.Torn):
                on_torn(event)
            else:
                take(event, state, at)
                yield event
    except OSError as error:
        path = error.filename or at
        raise RunError(f"{path} cannot be read: {error.strerror or error}") from error


def take(event: Event, state: RunState, at: Path) -> None:
    """Fold the next event of a journal into its state; RunError where it cannot be true."""
    damage = _damage(event, state)
    if damage is not None:
        raise RunError(f"{journal.place(at, state.n_events)}: damaged journal: {damage}")
    state.apply(event)


def _damage(event: Event, state: RunState) -> str | None:
    """Return why an event cannot follow those of before; None where it can."""
    if state.run is None or type(event) is Run:
        return _damage_of_first(event, state)
    if type(event) is Eval:
        if event.n != (state.n_evaluations + 1 if event.o else 0):
            return f"evaluation {event.n} follows evaluation {state.n_evaluations}"
        if event.o and event.o not in state.optimizers:
            return _unknown(event.o)
        return _unlike(state.run, x=event.x)
    if type(event) is Start:
        if event.o != state.n_started + 1:
            return f"optimizer {event.o} starts after optimizer {state.n_started}"
        return _unlike(state.run, x0=event.x0, lower=event.lower, upper=event.upper)
    unknown = _named(event) - state.optimizers.keys()
    if unknown:
        return _unknown(min(unknown))
    return _unlike(state.run, x=event.x) if type(event) is Inject else None


def _damage_of_first(event: Event, state: RunState) -> str | None:
    if state.run is not None:
        return "the run begins a second time"
    if type(event) is not Run:
        return "it does not begin with the beginning of a run"
    n = len(event.names)
    if not n:
        return "the run has no parameters"
    if event.ranges.shape != (n, 2) or not np.isfinite(event.ranges).all():
        return f"ranges is not {n} pairs of numbers, one for each parameter"
    return None


def _named(event: Event) -> set[int]:
    """Return the optimizers that an event is about."""
    if isinstance(event, Exit):
        return set(event.living)
    return {event.o} if isinstance(event, End | Inject) else set()


def _unlike(run: Run, **points: Vector) -> str | None:
    n = len(run.names)
    for name, point in points.items():
        if point.shape != (n,):
            return f"{name} is not {n} numbers, one for each parameter"
    return None


def _unknown(o: int) -> str:
    return f"optimizer {o} was never started"
