"""Evaluations in this process, one after the other, in the order in which they were handed in."""

import os
from collections import deque
from math import inf

from paramsrun.evaluators.contract import Done, Evaluates, Task
from paramsrun.evaluators.forks import end_fork


class Inline:
    """Computes in the calling thread. A crash of the loss function is a crash of the run."""

    def __init__(self, problem: Evaluates) -> None:
        self._problem = problem
        self._home = os.getpid()
        self._waiting: deque[Task] = deque()
        self.interruptible = False

    def submit(self, task: Task) -> None:
        """Queue a task."""
        self._waiting.append(task)

    def next_done(self, timeout_s: float = inf) -> Done:
        """Compute the oldest task, however long it takes."""
        task = self._waiting.popleft()
        self.interruptible = True
        try:
            return task, self._problem.evaluate(task.x, task.key)
        finally:
            end_fork(self._home)
            self.interruptible = False

    @property
    def n_workers(self) -> int:
        """None."""
        return 0

    @property
    def n_in_flight(self) -> int:
        """The tasks not computed yet; the one under way is one of them."""
        return len(self._waiting) + self.interruptible

    @property
    def n_waiting(self) -> int:
        """The number of tasks not computed yet."""
        return len(self._waiting)

    def hand_over(self) -> list[Task]:
        """Return the tasks not computed yet, and forget them."""
        tasks = [*self._waiting]
        self._waiting.clear()
        return tasks

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
