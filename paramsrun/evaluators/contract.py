"""What the loop needs of the place where losses are computed."""

from typing import NamedTuple, Protocol

from paramsrun.arrays import Vector
from paramsrun.problem.contract import Evaluation, Key


class Task(NamedTuple):
    """One point to evaluate."""

    key: Key
    x: Vector
    """(n_active,) real units."""


class Evaluator(Protocol):
    """Computes losses; each task handed in comes back once, in whatever order they finish."""

    def submit(self, task: Task) -> None:
        """Take a task; returns at once."""

    def next_done(self) -> tuple[Task, Evaluation]:
        """Wait for a task to finish; called only while one is in flight."""

    def close(self) -> None:
        """Drop what is in flight and release all processes."""
