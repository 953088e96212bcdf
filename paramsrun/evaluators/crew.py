"""The workers of a run: how they are started, listened to and ended."""

import selectors
from collections.abc import Callable, Sequence

from paramsrun.errors import RunError
from paramsrun.evaluators.worker_process import Attempt, WorkerProcess

MAX_FAILED_STARTS = 5
_PAUSE_S = 0.1
_MAX_DOUBLINGS = 8
_GRACE_S = 0.2
"""An idle worker may take so long to end by itself."""
_KILLED_S = 10.0
"""One that was killed is gone at once, unless the machine is busy or its disk hangs."""


class Crew:
    """Worker processes that were all sent the same problem.

    Parameters
    ----------
    problem
        Pickled, as `worker.serve` wants it.
    threads
        Of each worker's linear algebra; -1 leaves that to the environment.
    clock
        Seconds since any fixed moment.
    path
        Folders in which they look for modules after all others.
    """

    def __init__(
        self,
        problem: bytes,
        threads: int,
        clock: Callable[[], float],
        path: Sequence[str] = (),
    ) -> None:
        self._problem = problem
        self._threads = threads
        self._clock = clock
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._ending: list[WorkerProcess] = []
        self._n_failed_starts = 0
        self._rest_until = clock()
        self.workers: list[WorkerProcess] = []
        self.has_worked = False
        """Whether a worker has ever taken the problem."""

    def start(self) -> WorkerProcess | None:
        """Start a worker; None where that is not possible at this moment."""
        self._ending = [w for w in self._ending if w.wait(0.0) is None]
        if self.pause_s:
            return None
        try:
            worker = WorkerProcess(self._selector, self._threads, self._clock(), self._path)
        except OSError as error:
            self.start_failed(f"the system refuses a further process: {error.strerror}")
            return None
        worker.channel.send(self._problem)
        self.workers.append(worker)
        return worker

    @property
    def pause_s(self) -> float:
        """How long until the next start is tried, if that is not now; else 0."""
        return max(0.0, self._rest_until - self._clock())

    def start_failed(self, reason: str) -> None:
        """Pause before the next start, longer each time.

        Raises RunError once several in a row have failed and no worker is left.
        """
        doublings = min(self._n_failed_starts, _MAX_DOUBLINGS)
        self._rest_until = self._clock() + _PAUSE_S * 2**doublings
        self._n_failed_starts += 1
        if not self.workers and self._n_failed_starts >= MAX_FAILED_STARTS:
            raise RunError(f"Workers cannot be started (Evaluator): {reason}")

    def started(self, worker: WorkerProcess) -> None:
        """Note that a worker has taken the problem."""
        worker.is_ready = self.has_worked = True
        self._n_failed_starts = 0

    def speaking(self, seconds: float) -> list[WorkerProcess]:
        """Wait until workers have something to say, or that time is over; return them."""
        return [event.data for event, _ in self._selector.select(seconds)]

    def dismiss(self, worker: WorkerProcess) -> list[Attempt]:
        """End a worker, whatever it does; return the tasks that it had."""
        worker.kill()
        self.workers.remove(worker)
        self._ending.append(worker)
        return [*worker.tasks]

    def close(self) -> None:
        """End all workers: the idle ones by themselves, if they do so soon."""
        for worker in self.workers:
            if worker.tasks or not worker.is_ready:
                worker.kill()
            worker.channel.close()
        until = self._clock() + _GRACE_S
        for worker in self.workers:
            if worker.wait(max(0.0, until - self._clock())) is None:
                worker.kill()
                self._ending.append(worker)
        self.workers.clear()
        until = self._clock() + _KILLED_S
        for worker in self._ending:
            worker.wait(max(0.0, until - self._clock()))
        self._ending.clear()
        self._selector.close()
