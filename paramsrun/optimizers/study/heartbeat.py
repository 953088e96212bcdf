"""Shows other processes that a trial is being evaluated."""

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

BEAT_S = 10.0
"""A trial in hand gives a sign of life so often."""
STALE_S = 20
"""One that gave none for so long is taken over."""
LOOK_S = 0.5


class Heartbeat:
    """A thread that beats for one trial at a time, until it is closed or its program ends.

    Parameters
    ----------
    beat
        Gives a sign of life of a trial; what it raises is ignored, for the next may go through.
    done
        Is called at the end, in the thread.
    """

    def __init__(self, beat: Callable[[int], None], done: Callable[[], None]) -> None:
        self._beat = beat
        self._done = done
        self._trial: int | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def of(self, trial: int | None) -> None:
        """Beat for a trial from now on, or for none; its first beat is the caller's."""
        self._trial = trial
        if trial is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="paramsrun heartbeat")
            self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        main, last = threading.main_thread(), monotonic()
        while not self._over.wait(min(LOOK_S, BEAT_S)) and main.is_alive():
            trial = self._trial
            if trial is not None and monotonic() - last >= BEAT_S:
                last = monotonic()
                with suppress(Exception):
                    self._beat(trial)
        with suppress(Exception):
            self._done()
