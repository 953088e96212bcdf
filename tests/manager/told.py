"""Runs that are told event by event, as a journal tells them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from paramsrun.manager.events import Context, End, Eval, Event, Inject, Run, Start
from paramsrun.manager.loop import Manager
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import tapes
from paramsrun.problem.scaling import Kind, Scaling
from paramsrun.results.event_lines import decode, encode

RANGES = np.array([[0.0, 3.0], [0.0, 4.0]])
"""Of two parameters: the diagonal of their box is 5."""
CONTEXT = Context("", 1, "", {}, (), True, 0.0, "")
"""A resume in which nothing has changed."""


def folded(*events: Event) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state


def lines(events: list[Event]) -> list[bytes]:
    """Return what makes two journals equal."""
    return [encode(e) for e in events if isinstance(e, Start | Eval | Inject | End)]


def resumed(
    before: list[Event],
    manager: Callable[[RunState, list[Event]], Manager],
    context: Context = CONTEXT,
) -> list[Event]:
    """Go on from events as they come back from a journal; return all."""
    events = [decode(encode(e)) for e in before]
    state = folded(*events)
    one = manager(state, events)
    one.resume(tapes(events, state.unfinished), context)
    one.run()
    return events


class Told:
    """A run; evaluations take a second each unless t is set."""

    def __init__(self, window: int = 100) -> None:
        self.state = RunState(window=window)
        self.t = 0.0
        self._apply(Run(1, {}, 1, "", ("a", "b"), RANGES, "", {}, 0.0, ""))

    def start(self, *numbers: int, type: str = "CMAES", kind: Kind = "none") -> "Told":
        """Start optimizers."""
        lower, upper = np.ascontiguousarray(Scaling(RANGES, kind).bounds.T)
        for o in numbers:
            self._apply(Start(o, 1, type, {}, (0, 1, o, 0), lower, lower, upper, self.t, kind))
        return self

    def losses(self, o: int, *losses: float) -> "Told":
        """Evaluate points of an optimizer, with these losses."""
        for fx in losses:
            self._evaluated(o, np.zeros(2), fx)
        return self

    def points(self, o: int, *points: Sequence[float], fx: float = 1.0) -> "Told":
        """Evaluate these points of an optimizer, all with one loss."""
        for x in points:
            self._evaluated(o, np.array(x), fx)
        return self

    def initial(self, fx: float) -> "Told":
        """Evaluate the initial parameters."""
        self._apply(Eval(0, 0, 0, 0, np.zeros(2), fx, self.t))
        return self

    def end(self, o: int, how: str = "converged") -> "Told":
        """End an optimizer."""
        self._apply(End(o, how, "", self.t))
        return self

    def resume(self, t: float, comparable: bool = True) -> "Told":
        """Begin a new session at that time of the run."""
        self.t = t
        self._apply(CONTEXT._replace(comparable=comparable, t=t))
        return self

    def judge(self, stopper: Any, o: int = 1, draw: float = 0.5) -> bool:
        """Return whether a stopper stops an optimizer."""
        met = stopper.met(self.state.optimizers[o], self.state, lambda: draw)
        assert type(met) is bool
        return met

    def _evaluated(self, o: int, x: np.ndarray, fx: float) -> None:
        self.t += 1.0
        self._apply(Eval(self.state.n_evaluations + 1, o, 0, 0, x, fx, self.t))

    def _apply(self, event: Event) -> None:
        self.state.apply(event)
