"""What happens in a run, as it happens: written down, folded into the state, told to listeners."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol

from paramsrun.manager.events import Event
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation


class Listener(Protocol):
    """Hears of every event, after the state has taken it."""

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Act on an event; an Eval comes with all that was computed."""


class History:
    """The only way to change the state of a run.

    Parameters
    ----------
    record
        Writes an event down; called before anything acts on it.
    listeners
        Told of each event afterwards.
    clock
        Seconds since any fixed moment.
    """

    def __init__(
        self,
        state: RunState,
        record: Callable[[Event], None],
        listeners: Sequence[Listener] = (),
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.state = state
        self._record = record
        self._listeners = tuple(listener.on for listener in listeners)
        self._clock = clock
        self._began = clock() - state.t

    def now(self) -> float:
        """Return the seconds of the run, through restarts."""
        return int((self._clock() - self._began) * 1e4) / 1e4

    def emit(self, event: Event, evaluation: Evaluation | None = None) -> None:
        """Let an event happen; an Eval comes with all that was computed."""
        self._record(event)
        self.state.apply(event)
        for on in self._listeners:
            on(event, self.state, evaluation)
