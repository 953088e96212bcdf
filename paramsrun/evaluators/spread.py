"""The jobs of one evaluation dealt to several workers, where it is dear and workers would idle."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, runtime_checkable

from paramsrun.arrays import Vector
from paramsrun.evaluators.contract import Done, Evaluates, Evaluator, Task
from paramsrun.evaluators.typical import typical
from paramsrun.problem.contract import Evaluation, Key

DEAR_S = 0.2
"""An evaluation that takes at least so long may be dealt out; a part of one takes no less than
a tenth of it, lest messages cost more than they bring."""
LEAST_PART_S = DEAR_S / 10


@runtime_checkable
class Divisible(Protocol):
    """A problem whose evaluations can be computed in parts."""

    @property
    def n_jobs(self) -> int:
        """The number of jobs of an evaluation; 1 or 0 where it has no parts."""

    def part(self, x: Vector, key: Key, k: int, n: int) -> Evaluation:
        """Return the k-th of n parts."""

    def whole(self, x: Vector, key: Key, parts: Sequence[Evaluation]) -> Evaluation:
        """Return what `evaluate` returns, to the last bit, from all parts in their order."""


class Crowd(Evaluator, Protocol):
    """An evaluator that computes several tasks at once."""

    last_s: float
    """How long the task was computed that `next_done` returned last."""

    @property
    def n_free(self) -> int:
        """How many tasks more would be computed at once."""


def spread(problem: Evaluates, inner: Crowd, most: int) -> Evaluator:
    """Return an evaluator that deals evaluations out, if there is anything to deal.

    most is the number of parts of an evaluation at most; 0 sets no limit.
    """
    if most == 1 or not isinstance(problem, Divisible) or problem.n_jobs < 2:
        return inner
    return Spread(problem, inner, min(most or problem.n_jobs, problem.n_jobs))


@dataclass
class _Dealt:
    """An evaluation of which parts are under way."""

    task: Task
    parts: list[Evaluation | None]
    seconds: float = field(default=0.0)


class Spread:
    """Deals the jobs of an evaluation to workers that would idle.

    Tasks wait here until `next_done`, when it is known how many there are. Which are dealt out
    depends on time; what they give does not.
    """

    def __init__(self, problem: Divisible, inner: Crowd, most: int) -> None:
        self._problem = problem
        self._inner = inner
        self._most = most
        self._waiting: deque[Task] = deque()
        self._dealt: dict[Key, _Dealt] = {}
        self._whole_s: float | None = None
        self.n_in_flight = 0
        """The tasks that have not come back."""

    @property
    def interruptible(self) -> bool:
        """Whether the evaluator within is."""
        return self._inner.interruptible

    @property
    def n_workers(self) -> int:
        """The workers of the evaluator within."""
        return self._inner.n_workers

    def submit(self, task: Task) -> None:
        """Queue a task."""
        self._waiting.append(task)
        self.n_in_flight += 1

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for a whole result; None where there was none in that time."""
        self._hand_on()
        done = self._inner.next_done(timeout_s)
        if done is None:
            return None
        task, evaluation = done
        if task.part is None:
            self._whole_s = typical(self._whole_s, self._inner.last_s)
            self.n_in_flight -= 1
            return done
        return self._put_together(task.key, task.part[0], evaluation)

    def close(self) -> None:
        """Close the evaluator within."""
        self._waiting.clear()
        self._dealt.clear()
        self._inner.close()

    def _hand_on(self) -> None:
        while self._waiting:
            n = self._n_parts(len(self._waiting))
            task = self._waiting.popleft()
            if n == 1:
                self._inner.submit(task)
                continue
            self._dealt[task.key] = _Dealt(task, [None] * n)
            for k in range(n):
                self._inner.submit(Task(task.key, task.x, (k, n)))

    def _n_parts(self, n_waiting: int) -> int:
        if self._whole_s is None or self._whole_s < DEAR_S:
            return 1
        by_time = int(self._whole_s / LEAST_PART_S)
        return max(1, min(self._most, by_time, self._inner.n_free // n_waiting))

    def _put_together(self, key: Key, k: int, evaluation: Evaluation) -> Done | None:
        dealt = self._dealt[key]
        dealt.parts[k] = evaluation
        dealt.seconds += self._inner.last_s
        parts = [part for part in dealt.parts if part is not None]
        if len(parts) < len(dealt.parts):
            return None
        del self._dealt[key]
        self._whole_s = typical(self._whole_s, dealt.seconds)
        self.n_in_flight -= 1
        return dealt.task, self._problem.whole(dealt.task.x, key, parts)
