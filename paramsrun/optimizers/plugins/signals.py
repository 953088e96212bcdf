"""What a run and an optimizer of the user's say to each other: keys, and the pipe they go through.

The keys are those of GloMPO (Freitas Gustavo & Verstraelen 2022, doi:10.1186/s13321-022-00581-z),
so that its optimizers understand them.
"""

from collections import deque
from enum import IntEnum
from typing import Any


class Signal(IntEnum):
    """What the run tells the optimizer."""

    SAVE = 0
    """Followed by a path: write the state there."""
    STOP = 1
    """Followed by the reason."""
    PAUSE = 2
    """Its state is about to be saved."""
    GO_ON = 3
    INJECT = 4
    """Followed by x and fx."""


class Message(IntEnum):
    """What the optimizer tells the run."""

    CONVERGED = 0
    PAUSED = 1
    TEXT = 9


class SignalPipe:
    """The optimizer's end of the pipe, with the methods of a `multiprocessing` connection."""

    def __init__(self) -> None:
        self._inbox: deque[tuple[Any, ...]] = deque()
        self.sent: deque[tuple[int, Any]] = deque()
        """What the optimizer sent and the run has not read yet."""

    def put(self, *signal: Any) -> None:
        """Lay a signal down for the optimizer: its key and what follows it."""
        self._inbox.append(signal)

    @property
    def is_read(self) -> bool:
        """Whether the optimizer has taken all signals."""
        return not self._inbox

    def poll(self, timeout: float = 0.0) -> bool:
        """Return whether a signal is there."""
        return bool(self._inbox)

    def recv(self) -> tuple[Any, ...]:
        """Return the next signal; EOFError where there is none."""
        try:
            return self._inbox.popleft()
        except IndexError:
            raise EOFError("no signal is there: ask poll() first") from None

    def send(self, message: tuple[int, Any]) -> None:
        """Send a key and its text to the run; TypeError for anything else."""
        if not isinstance(message, tuple) or len(message) != 2:
            raise TypeError("what is sent must be a tuple of a key and a text")
        key, text = message
        self.sent.append((key, None if text is None else str(text)))


class Unheard:
    """Takes the place of GloMPO's results queue: results reach the run through the function."""

    def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:
        """Do nothing."""

    put_nowait = put
