"""Turns an algorithm inside out that calls its function from threads: calls become batches.

The algorithm runs in a thread of its own and may start others. A call lays its point down and waits
for its loss; `ask` hands out what lies there.

What forms a batch. With ``workers`` 1, one call: the first that came. With more, as many calls as
``workers``, or fewer once no other has come for `MOMENT_S`; they are sorted by their points, so
that the order in which threads happen to run does not matter. A call always waits for its own
batch only, so that this cannot deadlock, and is given the loss of its own point whatever it shared
a batch with: the moment decides how much is evaluated at once, never what the algorithm sees. On
replay `expect` says which points were a batch, and they are put together again in whatever order
their calls come.

When it is closed. All calls that wait, and those that follow, get the loss inf, so that the
algorithm can come to its next check of messages and end by itself. After `GRACE_S`, or
`exchange.MAX_LATE` calls, each call raises `SystemExit`, and it is raised in the algorithm's own
thread, wherever that is. A thread that still does not end, as in a library that never returns to
Python, is left behind: so its threads are daemons, for which Python does not wait at its end.
"""

import ctypes
import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended, Residuals
from paramsrun.optimizers.plugins.exchange import Answer, Call, Exchange
from paramsrun.optimizers.reasons import one_line
from paramsrun.optimizers.replay import TOLERANCE

MOMENT_S = 0.005
"""A batch that could hold more calls is closed when none has come for so long."""
RECALL_S = 2.0
"""On replay the calls of a recorded batch are waited for so long."""
GRACE_S = 2.0
"""An algorithm that is no longer wanted may take so long to end by itself."""
NAME = "optimizer"
"""Of the threads in which algorithms run."""

_log = logging.getLogger(__name__)


class Algorithm(Protocol):
    """What runs in the thread, and is told what happens to it."""

    def run(self, evaluate: Callable[[Vector], Answer]) -> Ended:
        """Minimise; called in the thread, and may call the function from others."""

    def telling(self, x: Matrix, fx: Vector, again: bool) -> None:
        """Take note of the losses of a batch, in its order, before its calls return."""

    def told(self, again: bool) -> None:
        """Take note that it waits for its next batch or has ended.

        again says whether that is a replay: it may have said then what it says now.
        """

    def offer(self, x: Vector, fx: float) -> None:
        """Take a better point found elsewhere."""

    def stop(self) -> None:
        """Be asked to end."""


class _Expected(NamedTuple):
    """What is known of a batch that was recorded."""

    x: Matrix
    rows: Sequence[int]
    """The candidates that x are."""
    size: int | None
    """Candidates in the batch; None if a part of it may be unknown."""


class ThreadedProposer:
    """Runs an algorithm in a thread; for use in the thread that made it only.

    Parameters
    ----------
    ranges
        (n_params,) of the box, so that replayed points can be told apart.
    workers
        So many calls at most form a batch.
    patience_s
        An algorithm that neither calls its function nor ends for so long is taken to hang.
    moment_s
        A batch that could hold more calls is closed when none has come for so long; `MOMENT_S`.
    needs_residuals
        Whether it is told residuals, which its calls then give.
    """

    takes_offers = True
    is_waiting: ClassVar[bool] = False
    """Whether the run's thread waits for an algorithm: then a signal may break out of it."""

    def __init__(
        self,
        algorithm: Algorithm,
        ranges: Vector,
        workers: int = 1,
        patience_s: float = 600.0,
        moment_s: float | None = None,
        needs_residuals: bool = False,
    ) -> None:
        self.ended: Ended | None = None
        self.needs_residuals = needs_residuals
        self._algorithm = algorithm
        self._ranges = ranges
        self._workers = workers
        self._patience_s = patience_s
        self._moment_s = MOMENT_S if moment_s is None else moment_s
        self._expected: _Expected | None = None
        self._again = False
        self._hangs = False
        self._batch: list[Call] = []
        self._exchange = Exchange(len(ranges), workers)
        self._is_new = True
        self._thread: threading.Thread | None = threading.Thread(
            target=_run, args=(algorithm, self._exchange), name=NAME, daemon=True
        )
        with _BREAKABLE:
            self._begin(self._thread)

    def expect(self, x: Matrix, rows: Sequence[int], size: int | None) -> None:
        """Say what is recorded of the next batch: x are its candidates ``rows``.

        size is the number of its candidates, or None if it is not known.
        """
        self._expected = _Expected(x, rows, size)

    def ask(self) -> Matrix:
        """Return the points of the calls that form the next batch."""
        expected, self._expected = self._expected, None
        self._again = expected is not None
        if self._is_new:
            self._is_new = False
            self._algorithm.told(self._again)
        if self._workers > 1:
            self._gather(expected)
        waiting = self._exchange.waiting
        if expected is not None:
            self._batch = self._recalled(expected)
        elif len(waiting) > 1:
            first = waiting[: self._workers]
            self._batch = sorted(first, key=lambda call: call.x.tolist())
        else:
            self._batch = [*waiting]
        self._exchange.take(self._batch)
        return np.array([call.x for call in self._batch])

    def tell(self, x: Matrix, fx: Vector, residuals: Residuals = ()) -> None:
        """Answer the calls; return when another one waits or the algorithm has ended."""
        self._algorithm.telling(x, fx, self._again)
        batch, self._batch = self._batch, []
        known = residuals or [None] * len(batch)
        with _BREAKABLE:
            for call, loss, r in zip(batch, fx.tolist(), known, strict=True):
                call.give(Answer(loss, None if r is None else r.copy()))
            self._await_call()
        self._algorithm.told(self._again)

    def inject(self, x: Vector, fx: float) -> None:
        """Offer a point; the algorithm hears of it when it next reads its messages."""
        self._algorithm.offer(x.copy(), fx)

    def close(self) -> None:
        """Ask the algorithm to end, and leave it behind if it does not."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        if thread.ident is None:
            return
        if self.ended is None:
            self._algorithm.stop()
            self._release(GRACE_S)
            thread.join(GRACE_S)
        self._release(0.0)
        thread.join(_LAST_S if not self._hangs else 0.0)
        if thread.is_alive():
            _raise_in(thread)
            thread.join(_LAST_S)
        if self._is_new:
            self._algorithm.told(False)
        if thread.is_alive():
            _log.warning("A thread of an optimizer does not end, and is left behind")

    def __del__(self) -> None:
        if getattr(self, "_thread", None) is not None:
            self._release(0.0)

    def _release(self, grace_s: float) -> None:
        """Let no call wait from now on."""
        self._exchange.close(grace_s)
        batch, self._batch = self._batch, []
        for call in batch:
            call.give(None)

    def _begin(self, thread: threading.Thread) -> None:
        """Start the algorithm, and wait for its first call."""
        try:
            thread.start()
        except RuntimeError as error:  # the system allows no more
            self.ended = Ended("failed", one_line(f"it cannot have a thread: {error}"))
        else:
            self._await_call()

    def _await_call(self) -> None:
        """Wait until a call is there or the algorithm has ended."""
        exchange, until = self._exchange, monotonic() + self._patience_s
        while not exchange.waiting:
            if exchange.ended is not None:
                self.ended = exchange.ended
                return
            if not exchange.wait(_SLICE_S) and monotonic() > until:
                self.ended = Ended(
                    "failed",
                    f"it neither evaluated nor ended for {self._patience_s:g} s, and is taken to "
                    "hang; a larger Patience gives it more time",
                )
                self._hangs = True
                exchange.close(0.0)
                return

    def _gather(self, expected: _Expected | None) -> None:
        """Wait for more calls, as long as the batch is not full and they keep coming."""
        exchange = self._exchange
        size = self._workers if expected is None or expected.size is None else expected.size
        n = 0
        while n < len(exchange.waiting) < size:
            n = len(exchange.waiting)
            self._wait_for_more(n, self._moment_s)
        if expected is None:
            return
        deadline = monotonic() + RECALL_S
        while not self._has(expected) and monotonic() < deadline:
            self._wait_for_more(len(exchange.waiting), deadline - monotonic())

    def _wait_for_more(self, n: int, seconds: float) -> None:
        """Wait until more than n calls are there; threads ring for the first and the last only."""
        until = monotonic() + seconds
        while len(self._exchange.waiting) <= n and (left := until - monotonic()) > 0.0:
            self._exchange.wait(min(left, _GLANCE_S))

    def _has(self, expected: _Expected) -> bool:
        found = self._recalled(expected)
        asked = np.array([call.x for call in found])[: max(expected.rows) + 1]
        if len(asked) <= max(expected.rows):
            return False
        off = abs(asked[list(expected.rows)] - expected.x) / self._ranges
        return bool(off.max() <= TOLERANCE)

    def _recalled(self, expected: _Expected) -> list[Call]:
        """Return the calls of a recorded batch in its order, where none is equal the nearest."""
        left = [*self._exchange.waiting]
        rows: dict[int, Call] = {}
        for row, x in zip(expected.rows, expected.x, strict=True):
            if left:
                rows[row] = min(left, key=lambda call: float(abs(call.x - x).max()))
                left.remove(rows[row])
        more = 0 if expected.size is not None else max(self._workers - len(rows), 0)
        others = iter(sorted(left[:more], key=lambda call: call.x.tolist()))
        n_rows = max(rows) + 1
        filled = [rows.get(i) or next(others, None) for i in range(n_rows)]
        return [call for call in (*filled, *others) if call is not None]


class _Breakable:
    """Lets a signal break out of what is within."""

    def __enter__(self) -> None:
        ThreadedProposer.is_waiting = True

    def __exit__(self, *_: object) -> None:
        ThreadedProposer.is_waiting = False


_BREAKABLE = _Breakable()


def _run(algorithm: Algorithm, exchange: Exchange) -> None:
    try:
        ended = algorithm.run(exchange.evaluate)
    except BaseException as error:  # whatever the user's code does, the run goes on
        ended = Ended("failed", one_line(f"{type(error).__name__}: {error}"))
    exchange.finish(ended)


def _raise_in(thread: threading.Thread) -> None:
    """Raise `SystemExit` in a thread as soon as it executes Python again."""
    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))


_SLICE_S = 0.05
"""A wait lasts no longer at a time: a signal may come to another thread, and is not heard in it."""
_LAST_S = 0.2
"""A thread whose calls raise may take so long to unwind."""
_GLANCE_S = 0.0005
"""While a batch fills up, the run's thread looks so often how many calls wait."""
