"""What reaches a run from outside: SIGINT and SIGTERM, and requests."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Literal, NamedTuple


class Request(NamedTuple):
    """What somebody asks of a run while it goes on."""

    kind: Literal["stop", "exit", "checkpoint"]
    file: str
    """The name of the file that asks."""
    o: int = 0
    """The optimizer to stop, which is alive."""


class Interrupted(BaseException):
    """Raised by a signal in the middle of an evaluation, which is then dropped."""


class Signals:
    """Turns SIGINT and SIGTERM into a clean end of the run; a second one ends the process at once.

    In a thread other than the main one, where Python takes no signals, it does nothing. A signal
    that was ignored before stays so, as SIGINT is where a script started the job in the background.

    Parameters
    ----------
    computing
        Whether the main thread is inside a loss function and may be broken out of it.
    """

    CODES = (signal.SIGINT, signal.SIGTERM)

    def __init__(self, computing: Callable[[], bool]) -> None:
        self._computing = computing
        self._before: dict[signal.Signals, Any] = {}
        self.received: signal.Signals | None = None

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            heard = [c for c in self.CODES if signal.getsignal(c) is not signal.SIG_IGN]
            self._before = {code: signal.signal(code, self._on) for code in heard}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for code, handler in self._before.items():
            signal.signal(code, handler)

    def reason(self) -> str | None:
        """Return why the run is to end, once a signal has come."""
        return None if self.received is None else f"Ended by {self.received.name}"

    def _on(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = signal.Signals(number)
        if self._computing():
            raise Interrupted
