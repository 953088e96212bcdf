"""What the loop needs of the place where losses are computed."""

from math import inf
from typing import NamedTuple, Protocol, TypeAlias

from paramsrun.arrays import Vector
from paramsrun.problem.contract import Evaluation, Failure, Key, SetEvaluation


class Task(NamedTuple):
    """One point to evaluate."""

    key: Key
    x: Vector
    """(n_active,) real units."""
    part: tuple[int, int] | None = None
    """k and n where it is the k-th of n parts of the evaluation of that key (see `Spread`)."""


Done: TypeAlias = tuple[Task, Evaluation]


class Evaluates(Protocol):
    """Anything with the `evaluate` of a problem.

    A worker that got one calls its method ``prepare`` first, if it has that; tasks that are parts
    of an evaluation go to its method ``part`` (see `spread.Divisible`). EvaluatorLost, from
    `evaluate`, ends the run.
    """

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        """Return the loss at x."""


def failed(reason: str) -> Evaluation:
    """Return a point that the evaluator, not the problem, found to have failed."""
    return Evaluation(inf, SetEvaluation(inf, failures=(Failure("Evaluator", reason),)))


class Evaluator(Protocol):
    """Computes losses; each task handed in comes back once, in whatever order they finish."""

    @property
    def interruptible(self) -> bool:
        """Whether a signal handler may raise at this moment: a task is computed or waited for."""

    @property
    def n_workers(self) -> int:
        """The workers that it may use now; 0 where it computes in the calling thread."""

    @property
    def n_in_flight(self) -> int:
        """The tasks that were handed in and have not come back."""

    def submit(self, task: Task) -> None:
        """Take a task; returns at once."""

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for a task to finish; None where none did in that time.

        Called only while a task is in flight. An evaluator that computes in the calling thread
        does not mind the time.
        """

    def close(self) -> None:
        """Drop what is in flight and release all processes; may be called again."""
