"""The jobs of one evaluation on several workers."""

from collections import deque
from math import inf
from pathlib import Path

import numpy as np
import pytest

from paramsrun.evaluators.contract import Done, Task
from paramsrun.evaluators.spread import DEAR_S, Spread, spread
from paramsrun.evaluators.worker import evaluated
from paramsrun.problem.contract import Evaluation, Key
from paramsrun.problem.problem import Problem
from tests.evaluators.conftest import Make
from tests.evaluators.losses import Sphere
from tests.evaluators.slow_model import N_JOBS, slow_problem
from tests.problem.test_parts import same

X = np.array([0.3, 2.1])


class Timed:
    """Computes here, and claims to have several workers and that each job takes so long."""

    interruptible = False

    def __init__(self, problem: Problem, n_workers: int, job_s: float) -> None:
        self.problem = problem
        self.n_workers = n_workers
        self.job_s = job_s
        self.taken: list[Task] = []
        self.last_s = 0.0
        self._waiting: deque[Task] = deque()

    @property
    def n_in_flight(self) -> int:
        return len(self._waiting)

    @property
    def n_free(self) -> int:
        return max(0, self.n_workers - len(self._waiting))

    def submit(self, task: Task) -> None:
        self.taken.append(task)
        self._waiting.append(task)

    def next_done(self, timeout_s: float = inf) -> Done | None:
        task = self._waiting.pop()  # the last comes first
        self.last_s = self.job_s * (N_JOBS if task.part is None else N_JOBS / task.part[1])
        return task, evaluated(self.problem, task)

    def close(self) -> None:
        self._waiting.clear()


def dealt(
    problem: Problem, batches: list[int], workers: int = 4, job_s: float = DEAR_S, most: int = 0
) -> tuple[list[list[int]], list[Done]]:
    """Evaluate batches; return how many parts each evaluation was dealt into, and the results."""
    inner = Timed(problem, workers, job_s)
    evaluator = spread(problem, inner, most)
    parts, results, number = [], [], 0
    for n in batches:
        inner.taken.clear()
        for _ in range(n):
            number += 1
            evaluator.submit(Task(Key(1, number), X))
        left = n
        assert evaluator.n_in_flight == n
        while left:
            done = evaluator.next_done()
            if done is not None:
                results.append(done)
                left -= 1
        assert evaluator.n_in_flight == 0
        numbers = [task.key.number for task in inner.taken]
        parts.append([numbers.count(k) for k in dict.fromkeys(numbers)])
    return parts, results


def test_dear_evaluations_are_dealt_to_those_that_would_idle(tmp_path: Path) -> None:
    parts, results = dealt(slow_problem(tmp_path), [1, 1, 2, 4, 5])
    assert parts == [[1], [4], [2, 2], [1, 1, 1, 1], [1, 1, 1, 1, 1]]
    assert all(task.part is None for task, _ in results)


def test_results_are_those_of_one_worker_to_the_last_bit(tmp_path: Path) -> None:
    problem = slow_problem(tmp_path, fails=("j2", "j4"))
    _, results = dealt(problem, [1, 1, 2])
    assert len(results) == 4
    for task, evaluation in results:
        same(evaluation, problem.evaluate(task.x, task.key))


def test_cheap_evaluations_stay_whole(tmp_path: Path) -> None:
    assert dealt(slow_problem(tmp_path), [1, 1, 1], job_s=DEAR_S / 10)[0] == [[1], [1], [1]]


@pytest.mark.parametrize(("most", "n"), [(0, 6), (4, 4), (2, 2), (9, 6), (1, 1)])
def test_the_level_jobs_and_the_number_of_jobs_are_limits(
    tmp_path: Path, most: int, n: int
) -> None:
    assert dealt(slow_problem(tmp_path), [1, 1], workers=20, most=most)[0] == [[1], [n]]


def test_what_has_no_jobs_is_never_dealt_out(tmp_path: Path) -> None:
    inner = Timed(slow_problem(tmp_path), 4, 1.0)
    assert spread(Sphere(), inner, 0) is inner


def test_workers_share_the_jobs_of_one_evaluation(processes: Make, tmp_path: Path) -> None:
    problem = slow_problem(tmp_path, 0.04)
    evaluator = spread(problem, processes(problem, 3), 0)
    assert type(evaluator) is Spread
    found: list[Evaluation] = []
    for number in (1, 2, 3):
        evaluator.submit(Task(Key(1, number), X))
        while (done := evaluator.next_done()) is None:
            pass
        found.append(done[1])
    shared = (tmp_path / "notes").read_text().splitlines()
    assert {"j0 j1", "j2 j3", "j4 j5"} <= set(shared)
    assert found[0].validation is not None
    alone = slow_problem(tmp_path)
    for number, evaluation in enumerate(found, 1):
        same(evaluation, alone.evaluate(X, Key(1, number)))
