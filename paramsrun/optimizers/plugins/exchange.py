"""Where an algorithm's threads lay down their calls of the function, and are given answers."""

import threading
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple, NoReturn

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.optimizers.contract import Ended
from paramsrun.optimizers.reasons import one_line

MAX_LATE = 10_000
"""An algorithm that is no longer wanted may make so many calls until it has to end."""
_MAX_RAISED = 100
"""So often it may swallow `SystemExit`; then its calls never return."""


class Answer(NamedTuple):
    """What a call of the function gives."""

    fx: float
    residuals: Vector | None = None
    """(n_residuals,), where the optimizer is told them and the point has not failed."""


class Call:
    """A call of the function that waits for its loss."""

    __slots__ = ("answer", "lock", "x")

    def __init__(self, x: Vector) -> None:
        self.x = x
        self.answer: Answer | None = None
        self.lock = threading.Lock()
        self.lock.acquire()

    def give(self, answer: Answer | None) -> None:
        """Let the call return; with None as one that is not wanted any more."""
        self.answer = answer
        self.lock.release()


class Exchange:
    """Where threads lay down their points. The run's thread alone waits for news."""

    def __init__(self, n_params: int, capacity: int) -> None:
        self._n_params = n_params
        self._capacity = capacity
        self._mutex = threading.Lock()
        self._news = threading.Lock()
        self._news.acquire()
        self.waiting: list[Call] = []
        self.ended: Ended | None = None
        self._deadline: float | None = None
        self._n_late = 0
        self._n_raised = 0

    def evaluate(self, x: Vector) -> Answer:
        """Return the loss of a point; called in the algorithm's threads."""
        call = Call(_point(x, self._n_params))
        with self._mutex:
            is_late = self._deadline is not None
            if not is_late:
                self.waiting.append(call)
                if len(self.waiting) in (1, self._capacity):
                    self._ring()
        if is_late:
            return self._late()
        call.lock.acquire()
        return self._late() if call.answer is None else call.answer

    def finish(self, ended: Ended) -> None:
        """Note that the algorithm has come to its end."""
        with self._mutex:
            self.ended = ended
            self._ring()

    def wait(self, seconds: float) -> bool:
        """Wait for news; return whether there was any."""
        return self._news.acquire(timeout=seconds)

    def take(self, calls: Sequence[Call]) -> None:
        """Take calls out of those that wait."""
        with self._mutex:
            for call in calls:
                self.waiting.remove(call)

    def close(self, grace_s: float) -> None:
        """Let no call wait from now on."""
        with self._mutex:
            self._deadline = monotonic() + grace_s
            waiting, self.waiting = self.waiting, []
        for call in waiting:
            call.give(None)

    def _late(self) -> Answer:
        """Return inf to a call that is too late to be answered, or raise `SystemExit`."""
        assert self._deadline is not None
        self._n_late += 1
        if self._n_late <= MAX_LATE and monotonic() < self._deadline:
            return Answer(np.inf)
        self._n_raised += 1
        if self._n_raised > _MAX_RAISED:
            _sleep_for_good()
        raise SystemExit("the optimizer was ended")  # ends a thread without a traceback

    def _ring(self) -> None:
        if self._news.locked():
            self._news.release()


def _sleep_for_good() -> NoReturn:
    """Hold a thread that cannot be ended, so that it costs nothing."""
    lock = threading.Lock()
    while True:
        lock.acquire()


def _point(x: object, n_params: int) -> Vector:
    """Return a copy of a point; ValueError where it is none."""
    wanted = f"x must be {n_params} finite numbers, not"
    try:
        given = np.array(x)
        point = given.astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        raise ValueError(f"{wanted} {one_line(repr(x))}") from None
    if point.shape != (n_params,):
        raise ValueError(f"{wanted} an array of shape {point.shape}")
    if not np.isfinite(point).all():
        raise ValueError(f"{wanted} {point.tolist()}")
    return point
