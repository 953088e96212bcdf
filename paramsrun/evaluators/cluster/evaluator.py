"""Evaluations on the workers of a dask cluster, wherever they are."""

import logging
from collections import deque
from collections.abc import Sequence
from math import inf
from time import perf_counter

from paramsrun.errors import EvaluatorLost, RunError
from paramsrun.evaluators.cluster.chunks import chunk_size, depth
from paramsrun.evaluators.cluster.connection import (
    Answer,
    Connection,
    Failed,
    Killed,
    Lost,
    Message,
    Workers,
    unfit,
)
from paramsrun.evaluators.cluster.order import Chunk, Computed, Unfit
from paramsrun.evaluators.cluster.own import OwnCluster
from paramsrun.evaluators.contract import Done, Task, failed
from paramsrun.evaluators.messages import Over
from paramsrun.evaluators.typical import typical
from paramsrun.evaluators.worker_process import Attempt

LOG = logging.getLogger("paramsrun.evaluators")
_GLANCE_S = 1.0


class Dask:
    """Keeps the workers busy that a scheduler has at the moment; they may come and go.

    Only this process knows the run: a point that was handed out and did not come back is handed
    out again, by dask where its worker was lost, else by this.

    Parameters
    ----------
    connection
        To the scheduler; closed by `close`.
    most
        So many points are computed at once at most; 0 sets no limit.
    retries
        How often a point is tried again that could not be computed for a reason of the cluster's.
    own
        The cluster, where it is this run's; ended by `close`.

    Raises
    ------
    EvaluatorLost
        From `next_done`, where the scheduler is gone; CodeChanged, where the user's code is not
        what it was when the run began.
    RunError
        From `next_done`, where no worker can take the problem.
    """

    def __init__(
        self,
        connection: Connection,
        most: int = 0,
        retries: int = 2,
        own: OwnCluster | None = None,
    ) -> None:
        self._connection = connection
        self._most = most or inf
        self._retries = retries
        self._own = own
        self._waiting: deque[Attempt] = deque()
        self._flying: dict[int, list[Attempt]] = {}
        self._done: deque[tuple[Done, float]] = deque()
        self._over: EvaluatorLost | None = None
        """Raised once what came before it has been given out."""
        self._n_sent = 0
        self._workers = Workers({})
        self._unfit: set[str] = set()
        self._has_worked = False
        self._point_s: float | None = None
        self._tended_at = -inf
        self.interruptible = False
        self.last_s = 0.0

    @property
    def n_workers(self) -> int:
        """How many points can be computed at once now."""
        n_threads = self._workers.n_threads
        return int(min(sum(n_threads[a] for a in n_threads if a not in self._unfit), self._most))

    @property
    def n_free(self) -> int:
        """How many tasks more would be computed at once."""
        return max(0, self.n_workers - self.n_in_flight)

    @property
    def n_in_flight(self) -> int:
        """The tasks that have not come back."""
        given = sum(map(len, tuple(self._flying.values())))
        return given + len(self._waiting) + len(self._done)

    def submit(self, task: Task) -> None:
        """Queue a task; it leaves with the next call of `next_done`, along with others."""
        self._waiting.append(Attempt(task))

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for a result; None where there was none in that time."""
        until = perf_counter() + timeout_s
        while not self._done:
            if self._over is not None:
                raise self._over
            self._hand_out()
            left = until - perf_counter()
            self._listen(max(0.0, min(left, _GLANCE_S)))
            if left <= 0 and not self._done:
                return None
        done, self.last_s = self._done.popleft()
        return done

    def close(self) -> None:
        """Drop what is in flight; end the cluster if it is this run's own."""
        self._waiting.clear()
        self._flying.clear()
        self._done.clear()
        self._connection.close()
        if self._own is not None:
            self._own.close()

    def _hand_out(self) -> None:
        """Send what there is room for."""
        n_workers = self.n_workers
        room = n_workers * depth(self._point_s) - len(self._flying)
        while self._waiting and room > 0:
            n = chunk_size(self._point_s, len(self._waiting), room, n_workers)
            self._send([self._waiting.popleft() for _ in range(min(n, len(self._waiting)))])
            room -= 1

    def _send(self, attempts: list[Attempt]) -> None:
        self._n_sent += 1
        self._flying[self._n_sent] = attempts
        chunk = Chunk(tuple(attempt.task for attempt in attempts))
        self._connection.send(self._n_sent, chunk, self._fit)

    @property
    def _fit(self) -> tuple[str, ...] | None:
        """The workers that can compute, where some cannot."""
        if self._unfit.isdisjoint(self._workers.n_threads):
            return None
        return tuple(a for a in self._workers.n_threads if a not in self._unfit)

    def _listen(self, seconds: float) -> None:
        """Take a message, if one comes in time, and all that came with it."""
        self.interruptible = True
        try:
            message = self._connection.receive(seconds)
        finally:
            self.interruptible = False
        while message is not None:
            self._take(message)
            message = self._connection.receive(0.0)
        if self._own is not None and perf_counter() - self._tended_at > _GLANCE_S:
            self._own.tend()
            self._tended_at = perf_counter()

    def _take(self, message: Message) -> None:
        match message:
            case Lost(reason):
                at = self._connection.address
                self._over = self._over or EvaluatorLost(
                    f"The dask scheduler {at} is lost (Evaluator): {reason}\n"
                    "Start one again, and go on with --resume auto beside the input"
                )
            case Workers():
                self._workers = message
            case (number, answer):
                attempts = self._flying.pop(number)
                if self._over is None or isinstance(answer, Computed):
                    self._answered(attempts, answer)

    def _answered(self, attempts: list[Attempt], answer: Answer) -> None:
        match answer:
            case Computed(evaluations, seconds):
                self._has_worked = True
                if self._own is not None:
                    self._own.worked()
                for one, evaluation, s in zip(attempts, evaluations, seconds, strict=True):
                    self._done.append(((one.task, evaluation), s))
                self._point_s = typical(self._point_s, sum(seconds) / len(seconds))
            case Over(error):
                self._over = error
            case Unfit(address, reason):
                self._leave_aside(address, reason)
                self._waiting.extendleft(reversed(attempts))
            case Killed(reason):
                self._again(attempts, f"{reason} while it computed this point", is_final=True)
            case Failed(reason):
                self._again(attempts, reason, is_final=False)

    def _again(self, attempts: Sequence[Attempt], reason: str, is_final: bool) -> None:
        """Have points tried again, each alone; one that was alone and tried enough has failed."""
        if len(attempts) > 1:
            for attempt in attempts:
                self._send([attempt])
            return
        (attempt,) = attempts
        attempt.deaths += 1
        if is_final or attempt.deaths > self._retries:
            self._done.append(((attempt.task, failed(reason)), 0.0))
        else:
            self._send([attempt])

    def _leave_aside(self, address: str, reason: str) -> None:
        """Give a worker no more points; RunError where none has ever computed any."""
        if address in self._unfit:
            return
        if not self._has_worked:
            raise RunError(unfit(address, reason))
        self._unfit.add(address)
        LOG.warning("%s. It gets no more points", unfit(address, reason))
