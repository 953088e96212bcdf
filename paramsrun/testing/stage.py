"""What the suite sets around an optimizer: its function, its flag, and ears for what it says."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.plugins.base_optimizer import BaseOptimizer

BOUNDS: Matrix = np.array([[0.0, 1.0], [-1.0, 1.0]])
X0: Vector = np.array([0.25, 0.5])
SENT_AT = 3
"""Messages are sent at this call of the function."""


@dataclass(frozen=True)
class Given:
    """A class and its arguments, as `Plugin` gives them."""

    cls: Any
    settings: Mapping[str, Any]
    call_settings: Mapping[str, Any]
    workers: int
    patience: float
    log_detailed: bool

    def load(self) -> Any:
        """Return the class."""
        return self.cls


class Enough(BaseException):
    """Raised where a test has seen what it wanted to see."""


class Flag(threading.Event):
    """A flag that lets those go on that wait for it, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self.n_waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Return True at once."""
        if not self.is_set():
            self.n_waits += 1
            self.set()
        return True


class Counted:
    """The function: it sends something at its third call and sees whether that is heeded.

    Parameters
    ----------
    details
        Of a point (n_params,): its loss, and whatever else `detailed_call` gives.
    heeded
        Whether the optimizer has shown that it heeds what was sent: then `Enough` is raised.
    calls_to_stop
        It is raised after so many more calls, too.
    """

    def __init__(
        self,
        details: Callable[[Vector], tuple[Any, ...]],
        optimizer: BaseOptimizer,
        send: Callable[[], None],
        heeded: Callable[[], bool],
        calls_to_stop: int,
    ) -> None:
        self._details = details
        self._optimizer = optimizer
        self._send = send
        self._heeded = heeded
        self._limit = SENT_AT + calls_to_stop
        self._lock = threading.Lock()
        self.n_calls = 0
        self.is_late = False

    def __call__(self, x: Vector) -> float:
        """Return the loss at x (n_params,)."""
        return float(self.detailed_call(x)[0])

    def detailed_call(self, x: Vector) -> tuple[Any, ...]:
        """Return the loss at x, and what else there is."""
        with self._lock:
            self._count()
            fx, *others = self._details(np.array(x, dtype=np.float64))
            if fx < self._optimizer.incumbent["fx"]:
                self._optimizer.incumbent = {"x": np.array(x), "fx": fx}
            return (fx, *others)

    def _count(self) -> None:
        self.n_calls += 1
        if self.n_calls == SENT_AT:
            self._send()
        elif self.n_calls > SENT_AT and self._heeded():
            raise Enough
        elif self.n_calls > self._limit:
            self.is_late = True
            raise Enough


def run_apart(
    minimize: Callable[[], object], n_calls: Callable[[], int], patience: float
) -> BaseException | None:
    """Run something in a thread; return what it raised, but for `Enough`.

    AssertionError where it hangs: no call and no end for ``patience`` seconds.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            minimize()
        except Enough:
            pass
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="minimize", daemon=True)
    thread.start()
    n = -1
    while thread.is_alive() and n_calls() != n:
        n = n_calls()
        thread.join(patience)
    assert not thread.is_alive(), f"it hangs: no call and no end for {patience:g} s"
    return raised[0] if raised else None


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.heard.append(record.getMessage())


@contextmanager
def messages() -> Iterator[list[str]]:
    """Give what optimizers say meanwhile."""
    logger, ear = logging.getLogger("paramsrun.optimizers"), _Ear()
    level = logger.level
    logger.addHandler(ear)
    logger.setLevel(logging.INFO)
    try:
        yield ear.heard
    finally:
        logger.setLevel(level)
        logger.removeHandler(ear)
