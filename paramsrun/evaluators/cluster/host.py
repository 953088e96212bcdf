"""What lives in a dask worker: it computes points in processes of its own.

So a loss that crashes, hangs or takes too much memory ends such a process and never the dask
worker, which keeps answering its scheduler whatever is computed.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from time import monotonic
from typing import Any

from distributed import WorkerPlugin, get_worker
from tornado.ioloop import PeriodicCallback

from paramsrun.errors import EvaluatorLost, RunError
from paramsrun.evaluators.cluster.order import (
    Chunk,
    Computed,
    Order,
    Unfit,
    objection,
    versions_here,
)
from paramsrun.evaluators.cluster.sources import write
from paramsrun.evaluators.messages import Over, Pickled
from paramsrun.evaluators.processes import Processes
from paramsrun.problem.contract import Evaluation
from paramsrun.temporary import TemporaryFolder

GLANCE_S = 0.2
"""So often a worker looks whether what it computes is still wanted."""
IDLE_S = 60.0
"""Processes without work end after so long: their driver may be gone without a word."""


class NoLongerWanted(Exception):
    """What was being computed was given up by its driver, or given to another worker."""


class Host(WorkerPlugin):  # type: ignore[misc]  # without types here
    """Holds what a driver ordered, and the processes that compute for it, one for each thread.

    dask gives it to each worker, those that join later too. It raises nothing there: a worker that
    cannot compute says so when it is given points.
    """

    def __init__(self, name: str, order: Order) -> None:
        self.name = name
        self._order = order

    def setup(self, worker: Any) -> None:
        """Begin in a worker."""
        self._worker = worker
        self._lock = threading.Lock()
        self._idle: list[tuple[Processes, float]] = []
        self._folder: TemporaryFolder | None = None
        self._is_closing = False
        self._dusting = PeriodicCallback(self._dust, 1e3 * IDLE_S / 6)
        self._dusting.start()

    @cached_property
    def _objection(self) -> str | None:
        return objection(self._order.versions, versions_here())

    def teardown(self, worker: Any) -> None:
        """End all processes, those that compute at their next glance."""
        self._is_closing = True
        self._dusting.stop()
        self._end_idle(lambda since: True)
        if self._folder is not None:
            self._folder.close()

    def compute(self, chunk: Chunk, is_wanted: Callable[[], bool]) -> Computed | Unfit | Over:
        """Return the losses of points; NoLongerWanted once nobody waits for them."""
        if self._objection is not None:
            return Unfit(self._worker.address, self._objection)
        try:
            with self._processes() as processes:
                return _computed(processes, chunk, lambda: is_wanted() and not self._is_closing)
        except EvaluatorLost as error:
            return Over(error)
        except (RunError, OSError) as error:
            return Unfit(self._worker.address, str(error))

    @contextmanager
    def _processes(self) -> Iterator[Processes]:
        """Lend a process that is not in use; one whose work did not end in order is ended."""
        with self._lock:
            processes = self._idle.pop()[0] if self._idle else self._new()
        try:
            yield processes
        except BaseException:
            processes.close()
            raise
        with self._lock:
            self._idle.append((processes, monotonic()))
        if self._is_closing:
            self._end_idle(lambda since: True)

    def _new(self) -> Processes:
        order = self._order
        if self._folder is None and order.sources:
            self._folder = TemporaryFolder()
            write(order.sources, self._folder.path)
        return Processes(
            Pickled(order.problem),
            1,
            timeout_s=order.timeout_s,
            memory_mb=order.memory_mb,
            retries=order.retries,
            threads=order.threads,
            path=[] if self._folder is None else [str(self._folder.path)],
        )

    def _dust(self) -> None:
        self._end_idle(lambda since: monotonic() - since > IDLE_S)

    def _end_idle(self, is_over: Callable[[float], bool]) -> None:
        with self._lock:
            over = [one for one, since in self._idle if is_over(since)]
            self._idle = [pair for pair in self._idle if not is_over(pair[1])]
        for processes in over:
            processes.close()


def compute(name: str, chunk: bytes) -> bytes:
    """Compute points in this dask worker; what a driver submits.

    Both ways go bytes: dask would send each array of a message for itself, at 40 ms apiece.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in ("executing", "resumed")

    host: Host = worker.plugins[name]
    return pickle.dumps(host.compute(pickle.loads(chunk), is_wanted), pickle.HIGHEST_PROTOCOL)


def _computed(processes: Processes, chunk: Chunk, is_wanted: Callable[[], bool]) -> Computed:
    by_id: dict[int, tuple[Evaluation, float]] = {}
    for task in chunk.tasks:
        processes.submit(task)
    while len(by_id) < len(chunk.tasks):
        done = processes.next_done(GLANCE_S)
        if done is not None:
            by_id[id(done[0])] = done[1], processes.last_s
        elif not is_wanted():
            raise NoLongerWanted
    results = [by_id[id(task)] for task in chunk.tasks]
    return Computed(tuple(e for e, _ in results), tuple(s for _, s in results))
