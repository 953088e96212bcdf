"""The threads in which nevergrad runs algorithms that call their function themselves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

SEEDLESS = ("SMAC3", "AX", "pysot", "negpysot")
"""Methods run in threads that cannot be given a seed."""


class Unfit(Exception):
    """Says why an algorithm cannot go on here."""


class Threads:
    """Knows the threads that nevergrad starts, and sees that none runs beside the run.

    Such a thread lays down a point and waits for its loss. It runs from the moment it is told, in
    which it may draw random numbers; so each is waited for before anything else happens.
    """

    def __init__(self) -> None:
        self._threads: list[Any] = []
        self._others: list[threading.Thread] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Take note of the threads that nevergrad starts inside."""
        self._others = threading.enumerate()
        try:
            yield
        finally:
            self.note()
            self.settle()
            self._others = []

    def note(self) -> None:
        """Take note of the threads started since the last time; Unfit if one has no seed."""
        alive: list[Any] = threading.enumerate()
        new = [t for t in alive if t not in self._others and _is_nevergrads(t)]
        self._others += new
        self._threads = [t for t in (*self._threads, *new) if t.is_alive()]
        for thread in new:
            thread.messages_ask = _Points(thread)
            if (method := _method_of(thread)) in SEEDLESS:
                raise Unfit(f"it has chosen {method}, which cannot be given a seed")

    def settle(self) -> None:
        """Wait until each thread waits for a loss or has ended."""
        for thread in self._threads:
            while _runs(thread):
                thread.join(_GLANCE_S)

    def close(self) -> None:
        """End the threads."""
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.stop()
            thread.join(_LAST_S)


class _Points(SimpleQueue[Any]):
    """What a thread lays down its points in; it does not let others wait for one for ever.

    A thread that waits for a loss lays down no other point. nevergrad asks it all the same, where
    it wants several candidates at once of an algorithm that has one.
    """

    def __init__(self, thread: Any) -> None:
        super().__init__()
        self._thread = thread
        while not thread.messages_ask.empty():
            self.put(thread.messages_ask.get())

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next point; Unfit where none can come."""
        while _runs(self._thread):
            self._thread.join(_GLANCE_S)
        if self.empty():
            raise Unfit("it has one candidate at a time only: NumWorkers must be 1")
        return super().get()


def _is_nevergrads(thread: Any) -> bool:
    return hasattr(thread, "messages_tell") and hasattr(thread, "call_count")


def _runs(thread: Any) -> bool:
    """Return whether a thread is alive and does not wait for a loss.

    nevergrad never says of a loss told that it is done with, so all that were told are counted.
    """
    waits: bool = thread.call_count > thread.messages_tell.unfinished_tasks
    return thread.is_alive() and not waits


def _method_of(thread: Any) -> str | None:
    """Return the name of the method that runs in a thread, if it can be had."""
    try:
        method: str | None = thread._caller.args[0].method
    except (AttributeError, IndexError, ReferenceError):
        return None
    return method


_GLANCE_S = 0.0001
"""So often it is looked whether a thread waits."""
_LAST_S = 2.0
"""A thread that was told to end may take so long."""
