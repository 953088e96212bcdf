"""Evaluations in worker processes: what happens to a worker costs at most the point it computes."""

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from time import perf_counter

from paramsrun.errors import EvaluatorLost, RunError
from paramsrun.evaluators.contract import Done, Evaluates, Task, failed
from paramsrun.evaluators.crew import Crew
from paramsrun.evaluators.memory import resident_mb
from paramsrun.evaluators.messages import Broken, Computed, Over, Pickled, Ready
from paramsrun.evaluators.typical import typical
from paramsrun.evaluators.worker_process import Attempt, WorkerProcess

PREFETCH_BELOW_S = 0.02
"""Evaluations shorter than this are handed out one ahead, so that no worker waits for the driver;
longer ones are not, lest one waits behind a slow one while another worker idles."""
START_LIMIT_S = 300.0
_GLANCE_S = 1.0
_MEMORY_GLANCE_S = 0.05


class Processes:
    """Keeps up to so many workers busy; they are started as there is work for them.

    One thread. A worker that dies is replaced, and its point tried again; one that takes too long
    or too much memory is ended.

    Parameters
    ----------
    timeout_s
        An evaluation that takes longer is a failed point.
    memory_mb
        A point that needs more in a worker fresh from its start is a failed point. In one that
        has computed others it is tried again in a fresh one: the memory may be theirs.
    retries
        How often a point is tried again after its worker died.
    threads
        Of each worker's linear algebra; -1 leaves that to the environment.
    path
        Folders in which workers look for modules after all others.

    Raises
    ------
    RunError
        Where the problem cannot be sent to workers; from any method where none can be started.
    EvaluatorLost
        From `next_done`: CodeChanged, where the user's code is not what it was when the run began;
        NoRoom, where the disk takes no more of what evaluations write.
    """

    def __init__(
        self,
        problem: Evaluates | Pickled,
        workers: int,
        *,
        timeout_s: float | None = None,
        memory_mb: float | None = None,
        retries: int = 2,
        threads: int = 1,
        path: Sequence[str] = (),
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.n_workers = workers
        self._timeout_s = inf if timeout_s is None else timeout_s
        self._memory_mb = inf if memory_mb is None else memory_mb
        self._retries = retries
        self._clock = clock
        data = problem if isinstance(problem, Pickled) else pickled(problem, memory_mb)
        self._crew = Crew(data.data, threads, clock, path)
        self._waiting: deque[Attempt] = deque()
        self._done: deque[tuple[Done, float]] = deque()
        self._over: EvaluatorLost | None = None
        """Raised once what came before it has been given out."""
        self._typical_s: float | None = None
        self._glance_s = min(_GLANCE_S, max(0.02, self._timeout_s / 10))
        if memory_mb is not None:
            self._glance_s = min(self._glance_s, _MEMORY_GLANCE_S)
        self._glance_at = -inf
        self.interruptible = False
        self.last_s = 0.0

    @property
    def n_free(self) -> int:
        """How many tasks more would be computed at once."""
        return max(0, self.n_workers - self.n_in_flight)

    @property
    def n_in_flight(self) -> int:
        """The tasks that have not come back."""
        given = sum(len(worker.tasks) for worker in tuple(self._crew.workers))
        return given + len(self._waiting) + len(self._done)

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.pid for worker in self._crew.workers]

    def submit(self, task: Task) -> None:
        """Give a task to a worker, or queue it until one is free."""
        self._waiting.append(Attempt(task))
        self._assign()

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for a result; None where there was none in that time."""
        until = self._clock() + timeout_s
        while not self._done:
            if self._over is not None:
                raise self._over
            self._assign()
            left = until - self._clock()
            self._wait(max(0.0, min(left, self._crew.pause_s or self._glance_s, self._glance_s)))
            if left <= 0 and not self._done:
                return None
        done, self.last_s = self._done.popleft()
        return done

    def close(self) -> None:
        """Drop what is in flight; end all workers."""
        self._waiting.clear()
        self._done.clear()
        self._crew.close()

    def _assign(self) -> None:
        """Hand out what waits, and start workers for what is left."""
        workers = self._crew.workers
        room = self.n_workers - len(workers)
        ready = [worker for worker in workers if worker.is_ready]
        depth = 2 if self._is_short and len(ready) == self.n_workers else 1
        while self._waiting and ready:
            worker = min(ready, key=_n_tasks)
            if len(worker.tasks) >= depth:
                break
            self._give(worker, self._waiting.popleft())
        n_starting = len(workers) - len(ready)
        for _ in range(min(len(self._waiting) - n_starting, room)):
            if self._crew.start() is None:
                break

    def _give(self, worker: WorkerProcess, attempt: Attempt) -> None:
        if not worker.tasks:
            worker.since = self._clock()
        worker.tasks.append(attempt)
        worker.channel.send(pickle.dumps(attempt.task, pickle.HIGHEST_PROTOCOL))

    def _wait(self, seconds: float) -> None:
        self.interruptible = True
        try:
            speaking = self._crew.speaking(seconds)
        finally:
            self.interruptible = False
        for worker in speaking:
            self._attend(worker)
        if self._clock() >= self._glance_at:
            for worker in tuple(self._crew.workers):
                self._glance(worker, self._clock())
            self._glance_at = self._clock() + self._glance_s

    def _attend(self, worker: WorkerProcess) -> bool:
        """Take what a worker has to say; return whether that was anything."""
        worker.channel.flush()
        messages = worker.channel.receive()
        for message in messages:
            self._take(worker, message)
            if worker not in self._crew.workers:
                return True
        if not worker.channel.is_open:
            self._died(worker)
            return True
        return bool(messages)

    def _take(self, worker: WorkerProcess, message: Ready | Broken | Over | Computed) -> None:
        worker.since = self._clock()
        match message:
            case Broken(reason):
                self._cannot_begin(worker, reason)
            case Over(error):
                self._crew.dismiss(worker)
                self._over = self._over or error
            case Ready(resident):
                self._check_room(resident)
                self._crew.started(worker)
                self._assign()
            case Computed(_, _, peak) if peak > self._memory_mb:
                self._outgrew(worker)
            case Computed(evaluation, elapsed_s, _):
                attempt = worker.tasks.popleft()
                worker.n_done += 1
                self._typical_s = typical(self._typical_s, elapsed_s)
                if elapsed_s > self._timeout_s:
                    self._was_late(attempt)
                else:
                    self._done.append(((attempt.task, evaluation), elapsed_s))
                self._assign()

    def _glance(self, worker: WorkerProcess, now: float) -> None:
        """End a worker that takes too long or too much; find one that ended without a word.

        One that has spoken since it was last listened to is not blamed: it does something else now.
        """
        if worker.has_ended():
            self._attend(worker)
            if worker in self._crew.workers:
                self._died(worker)
            return
        offence = self._offence(worker, now - worker.since)
        if offence is not None and not self._attend(worker):
            offence(worker)

    def _offence(
        self, worker: WorkerProcess, waited_s: float
    ) -> Callable[[WorkerProcess], None] | None:
        """Return how a worker is ended that has done nothing else for so long; None if it stays."""
        if not worker.is_ready:
            return self._never_ready if waited_s > START_LIMIT_S else None
        if worker.tasks and self._is_too_big(worker):
            return self._outgrew
        return self._hangs if worker.tasks and waited_s > self._timeout_s else None

    def _never_ready(self, worker: WorkerProcess) -> None:
        """Dismiss a worker that does not get to take the problem."""
        self._requeue(self._crew.dismiss(worker))
        self._crew.start_failed(f"a worker was not ready after {START_LIMIT_S:g} s")

    def _hangs(self, worker: WorkerProcess) -> None:
        """Dismiss a worker that takes too long."""
        attempt, *others = self._crew.dismiss(worker)
        self._was_late(attempt)
        self._requeue(others)

    def _died(self, worker: WorkerProcess) -> None:
        """Dismiss a worker that ended by itself; its point is tried again, or has failed."""
        how = worker.wait() or "closed its connection"
        attempts = self._crew.dismiss(worker)
        if not worker.is_ready:
            self._requeue(attempts)
            self._crew.start_failed(f"a worker {how} before it could take the problem")
            return
        if attempts:
            attempts[0].deaths += 1
            if attempts[0].deaths > self._retries:
                times = f" ({attempts[0].deaths} times)" if self._retries else ""
                self._fail(attempts.pop(0), f"the worker that computed it {how}{times}")
        self._requeue(attempts)

    def _cannot_begin(self, worker: WorkerProcess, reason: str) -> None:
        """Dismiss a worker that cannot take the problem; others may have, or may yet."""
        if not self._crew.has_worked and len(self._crew.workers) == 1:
            raise RunError(f"Workers cannot take the problem (Evaluator): {reason}")
        self._requeue(self._crew.dismiss(worker))
        self._crew.start_failed(f"a worker cannot take the problem: {reason}")

    def _outgrew(self, worker: WorkerProcess) -> None:
        """Dismiss a worker that takes too much memory."""
        attempt, *others = self._crew.dismiss(worker)
        self._requeue(others)
        if worker.n_done == 0:
            self._fail(attempt, f"it needs more memory than {self._memory_mb:g} MB (Memory)")
            return
        fresh = self._crew.start()
        if fresh is None:
            self._requeue([attempt])
        else:
            self._give(fresh, attempt)

    @property
    def _is_short(self) -> bool:
        return self._typical_s is not None and self._typical_s < PREFETCH_BELOW_S

    def _is_too_big(self, worker: WorkerProcess) -> bool:
        return self._memory_mb < inf and resident_mb(worker.pid) > self._memory_mb

    def _check_room(self, resident: float) -> None:
        if resident > self._memory_mb:
            raise RunError(
                f"Evaluator%Memory {self._memory_mb:g} is too little: a worker takes "
                f"{resident:.0f} MB before its first evaluation"
            )

    def _was_late(self, attempt: Attempt) -> None:
        self._fail(attempt, f"it took longer than {self._timeout_s:g} s (Timeout)")

    def _fail(self, attempt: Attempt, reason: str) -> None:
        self._done.append(((attempt.task, failed(reason)), 0.0))

    def _requeue(self, attempts: Sequence[Attempt]) -> None:
        self._waiting.extendleft(reversed(attempts))


def pickled(problem: Evaluates, memory_mb: float | None) -> Pickled:
    """Return a problem as workers take it; RunError where it cannot be sent."""
    try:
        return Pickled(pickle.dumps((problem, memory_mb is not None), pickle.HIGHEST_PROTOCOL))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunError(f"The problem cannot be sent to workers (Evaluator): {reason}") from error


def _n_tasks(worker: WorkerProcess) -> int:
    return len(worker.tasks)
