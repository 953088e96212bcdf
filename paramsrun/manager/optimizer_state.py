"""What is known of one optimizer: its counters, its best and its latest evaluations."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from paramsrun.arrays import Vector
from paramsrun.manager.events import End, Eval, Start

INF = float("inf")


class Best:
    """The lowest loss so far of an optimizer or of the run."""

    __slots__ = ("fx", "n", "o", "x")

    def __init__(self) -> None:
        self.fx = INF
        self.n = -1
        self.o = -1
        self.x: Vector | None = None

    def offer(self, event: Eval, fx: float) -> bool:
        """Take an evaluation with this loss if it is lower; return whether it was."""
        if fx < self.fx:
            self.fx, self.n, self.o, self.x = fx, event.n, event.o, event.x
            return True
        return False


class Recent(NamedTuple):
    """One of an optimizer's latest evaluations."""

    event: Eval
    best: float
    """The lowest loss of it and all before."""


class OptimizerState:
    """What is known of one optimizer."""

    __slots__ = (
        "best",
        "best_validation",
        "end",
        "is_barren",
        "last",
        "n_at_start",
        "n_due",
        "n_evaluations",
        "n_offered",
        "recent",
        "start",
    )

    def __init__(self, start: Start, n_at_start: int, window: int = 0) -> None:
        self.start = start
        self.n_at_start = n_at_start
        self.n_evaluations = 0
        self.is_barren = True
        """Whether none of its losses was finite."""
        self.best = Best()
        self.best_validation = Best()
        self.last: Eval | None = None
        self.recent: deque[Recent] = deque(maxlen=window)
        """While it lives: its latest evaluations that can be compared, oldest first."""
        self.n_offered = n_at_start
        """The run had so many evaluations when it was last offered a point; or at its start."""
        self.n_due = 0
        """Once it was stopped: results still to come of what was in flight then."""
        self.end: End | None = None

    def take(self, event: Eval) -> bool:
        """Take its next evaluation; return whether it is its best."""
        if event.r is not None:
            event = event._replace(r=None)  # they may be large, and nothing judges by them
        self.n_evaluations += 1
        self.last = event
        is_best = self.best.offer(event, event.fx)
        if event.val is not None:
            self.best_validation.offer(event, event.val)
        if is_best:
            self.is_barren = False
        if self.end is not None:
            self.n_due -= 1
        elif self.recent.maxlen:
            self.recent.append(Recent(event, self.best.fx))
        return is_best

    def recall(self, window: int, events: Iterable[Eval]) -> None:
        """Fill `recent` anew, from its evaluations so far in the order of the run."""
        self.recent = deque(maxlen=window)
        best = INF
        for event in events if window else ():
            best = min(best, event.fx)
            self.recent.append(Recent(event._replace(r=None), best))
