"""Results in the order in which their tasks were handed in."""

from collections import deque
from math import inf
from time import perf_counter

from paramsrun.evaluators.contract import Done, Evaluator, Task
from paramsrun.problem.contract import Evaluation, Key


class Ordered:
    """Holds back what another evaluator finishes early. No two tasks in flight share a key."""

    def __init__(self, inner: Evaluator) -> None:
        self._inner = inner
        self._order: deque[Task] = deque()
        self._early: dict[Key, Evaluation] = {}

    @property
    def interruptible(self) -> bool:
        """Whether the evaluator within is."""
        return self._inner.interruptible

    @property
    def n_workers(self) -> int:
        """Those of the evaluator within."""
        return self._inner.n_workers

    @property
    def n_in_flight(self) -> int:
        """The tasks that have not come back."""
        return len(self._order)

    def submit(self, task: Task) -> None:
        """Hand on a task."""
        self._order.append(task)
        self._inner.submit(task)

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for the oldest task; None where it was not finished in that time."""
        until = perf_counter() + timeout_s
        while self._order[0].key not in self._early:
            done = self._inner.next_done(max(0.0, until - perf_counter()))
            if done is None:
                return None
            self._early[done[0].key] = done[1]
        task = self._order.popleft()
        return task, self._early.pop(task.key)

    def close(self) -> None:
        """Close the evaluator within."""
        self._order.clear()
        self._early.clear()
        self._inner.close()
