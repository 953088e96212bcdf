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
algorithm can come to its next check of messages and end by itself. After `GRACE_S`, or `MAX_LATE`
calls, each call raises `Closed`. A thread that still does not end is left behind: so its threads
are daemons, for which Python does not wait at its end.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar, NamedTuple, NoReturn, Protocol

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended
from paramsrun.optimizers.reasons import one_line
from paramsrun.optimizers.replay import TOLERANCE

MOMENT_S = 0.005
"""A batch that could hold more calls is closed when none has come for so long."""
RECALL_S = 2.0
"""On replay the calls of a recorded batch are waited for so long."""
GRACE_S = 2.0
"""An algorithm that is no longer wanted may take so long to end by itself."""
MAX_LATE = 10_000
"""It may make so many calls until then."""
_MAX_RAISED = 100
"""So often it may swallow `Closed`; then its calls never return."""

_log = logging.getLogger(__name__)


class Closed(BaseException):
    """Raised where an algorithm calls its function that is no longer wanted."""


class Algorithm(Protocol):
    """What runs in the thread, and is told what happens to it."""

    def run(self, loss: Callable[[Vector], float]) -> Ended:
        """Minimise; called in the thread, and may call the loss from others."""

    def telling(self, x: Matrix, fx: Vector) -> None:
        """Take note of the losses of a batch, in its order, before its calls return."""

    def told(self, again: bool) -> None:
        """Take note that it waits for its next batch or has ended; again, if that is a replay."""

    def offer(self, x: Vector, fx: float) -> None:
        """Take a better point found elsewhere."""

    def stop(self) -> None:
        """Be asked to end."""


class _Call:
    """A call of the function that waits for its loss."""

    __slots__ = ("fx", "lock", "x")

    def __init__(self, x: Vector) -> None:
        self.x = x
        self.fx: float | None = None
        self.lock = threading.Lock()
        self.lock.acquire()

    def answer(self, fx: float | None) -> None:
        self.fx = fx
        self.lock.release()


class _Exchange:
    """Where threads lay down their points. The run's thread alone waits for news."""

    def __init__(self, n_params: int, capacity: int) -> None:
        self._n_params = n_params
        self._capacity = capacity
        self._mutex = threading.Lock()
        self._news = threading.Lock()
        self._news.acquire()
        self.waiting: list[_Call] = []
        self.ended: Ended | None = None
        self._deadline: float | None = None
        self._n_late = 0
        self._n_raised = 0

    def loss(self, x: Vector) -> float:
        """Return the loss of a point; called in the algorithm's threads."""
        point = np.array(x, dtype=np.float64)
        if point.shape != (self._n_params,) or not np.isfinite(point).all():
            raise ValueError(f"x must be {self._n_params} finite numbers, not {_shown(point)}")
        call = _Call(point)
        with self._mutex:
            is_late = self._deadline is not None
            if not is_late:
                self.waiting.append(call)
                if len(self.waiting) in (1, self._capacity):
                    self._ring()
        if is_late:
            return self._late()
        call.lock.acquire()
        return self._late() if call.fx is None else call.fx

    def finish(self, ended: Ended) -> None:
        """Note that the algorithm has come to its end."""
        with self._mutex:
            self.ended = ended
            self._ring()

    def wait(self, seconds: float) -> bool:
        """Wait for news; return whether there was any."""
        return self._news.acquire(timeout=seconds)

    def take(self, calls: Sequence[_Call]) -> None:
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
            call.answer(None)

    def _late(self) -> float:
        """Return inf to a call that is too late to be answered, or raise `Closed`."""
        assert self._deadline is not None
        self._n_late += 1
        if self._n_late <= MAX_LATE and monotonic() < self._deadline:
            return np.inf
        self._n_raised += 1
        if self._n_raised > _MAX_RAISED:
            _sleep_for_good()
        raise Closed("the optimizer was ended")

    def _ring(self) -> None:
        if self._news.locked():
            self._news.release()


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
    ) -> None:
        self.ended: Ended | None = None
        self._algorithm = algorithm
        self._ranges = ranges
        self._workers = workers
        self._patience_s = patience_s
        self._moment_s = MOMENT_S if moment_s is None else moment_s
        self._expected: _Expected | None = None
        self._again = False
        self._hangs = False
        self._batch: list[_Call] = []
        self._exchange = _Exchange(len(ranges), workers)
        self._thread: threading.Thread | None = threading.Thread(
            target=_run, args=(algorithm, self._exchange), name=_NAME, daemon=True
        )
        with _BREAKABLE:
            self._thread.start()
            self._await_call()
        algorithm.told(False)

    def expect(self, x: Matrix, rows: Sequence[int], size: int | None) -> None:
        """Say what is recorded of the next batch: x are its candidates ``rows``.

        size is the number of its candidates, or None if it is not known.
        """
        self._expected = _Expected(x, rows, size)

    def ask(self) -> Matrix:
        """Return the points of the calls that form the next batch."""
        expected, self._expected = self._expected, None
        self._again = expected is not None
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

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Answer the calls; return when another one waits or the algorithm has ended."""
        self._algorithm.telling(x, fx)
        batch, self._batch = self._batch, []
        with _BREAKABLE:
            for call, loss in zip(batch, fx.tolist(), strict=True):
                call.answer(loss)
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
        if self.ended is None:
            self._algorithm.stop()
            self._release(GRACE_S)
            thread.join(GRACE_S)
        self._release(0.0)
        if not self._hangs:
            thread.join(_LAST_S)
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
            call.answer(None)

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

    def _recalled(self, expected: _Expected) -> list[_Call]:
        """Return the calls of a recorded batch in its order, where none is equal the nearest."""
        left = [*self._exchange.waiting]
        rows: dict[int, _Call] = {}
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


def are_left() -> bool:
    """Return whether threads of the user's are alive that may keep the process from ending."""
    own = (threading.main_thread(), threading.current_thread())
    others = [thread for thread in threading.enumerate() if thread not in own]
    return any(thread.name == _NAME or not thread.daemon for thread in others)


def _run(algorithm: Algorithm, exchange: _Exchange) -> None:
    try:
        ended = algorithm.run(exchange.loss)
    except BaseException as error:  # whatever the user's code does, the run goes on
        ended = Ended("failed", one_line(f"{type(error).__name__}: {error}"))
    exchange.finish(ended)


def _sleep_for_good() -> NoReturn:
    """Hold a thread that cannot be ended, so that it costs nothing."""
    lock = threading.Lock()
    while True:
        lock.acquire()


def _shown(point: Vector) -> str:
    return f"an array of shape {point.shape}" if point.ndim != 1 else str(point.tolist())


_NAME = "optimizer"
_SLICE_S = 0.05
"""A wait lasts no longer at a time: a signal may come to another thread, and is not heard in it."""
_LAST_S = 0.2
"""A thread whose calls raise may take so long to unwind."""
_GLANCE_S = 0.0005
"""While a batch fills up, the run's thread looks so often how many calls wait."""
