"""Evaluations in this process, one after the other, in the order in which they were handed in."""

from collections import deque
from typing import Protocol

from paramsrun.arrays import Vector
from paramsrun.evaluators.contract import Task
from paramsrun.problem.contract import Evaluation, Key


class Evaluates(Protocol):
    """Anything with the `evaluate` of a problem."""

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        """Return the loss at x."""


class Inline:
    """Computes in the calling thread. A crash of the loss function is a crash of the run."""

    def __init__(self, problem: Evaluates) -> None:
        self._problem = problem
        self._waiting: deque[Task] = deque()
        self.computing = False
        """Whether the loss function is being computed at this moment."""

    def submit(self, task: Task) -> None:
        """Queue a task."""
        self._waiting.append(task)

    def next_done(self) -> tuple[Task, Evaluation]:
        """Compute the oldest task."""
        task = self._waiting.popleft()
        self.computing = True
        try:
            return task, self._problem.evaluate(task.x, task.key)
        finally:
            self.computing = False

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
