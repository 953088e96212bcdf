"""Jobs dealt out and put together again: the loss is the same to the last bit."""

from pathlib import Path

import numpy as np
import pytest

from paramsrun.problem.contract import Evaluation, Failure, Key, SetEvaluation, Slot
from paramsrun.problem.parts import Shares
from paramsrun.problem.problem import Problem
from tests.evaluators.slow_model import N_JOBS, slow_problem
from tests.problem.conftest import JobFolder

LAYOUT = {
    ("a", "energy"): Slot(0, ()),
    ("a", "forces"): Slot(4, (2, 3)),
    ("b", "energy"): Slot(1, ()),
    ("c", "energy"): Slot(2, ()),
    ("d", "energy"): Slot(3, ()),
}
POINTS = [[0.25, 2.0], [1.5, 2.0], [0.1, 3.0], [0.1, 9.0], [1.9, 1.01]]


def in_parts(problem: Problem, x: np.ndarray, key: Key, n: int) -> Evaluation:
    return problem.whole(x, key, [problem.part(x, key, k, n) for k in range(n)])


def same(one: Evaluation, other: Evaluation) -> None:
    """Compare all that two evaluations hold."""
    assert len(one) == len(other)
    assert one.fx == other.fx
    for here, there in zip(one[1:], other[1:], strict=True):
        assert (here is None) == (there is None)
        if here is not None and there is not None:
            assert (here.fx, here.entries, here.failures) == (
                there.fx,
                there.entries,
                there.failures,
            )
            for a, b in ((here.predictions, there.predictions), (here.residuals, there.residuals)):
                assert (a is None) == (b is None)
                assert a is None or b is None or a.tobytes() == b.tobytes()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_shares_hold_each_job_once_in_order(n: int) -> None:
    shares = Shares(LAYOUT)
    dealt = [shares.share(k, n) for k in range(n)]
    assert [job for share in dealt for job in share] == ["a", "b", "c", "d"]
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_the_places_of_a_job_are_those_of_all_its_outputs() -> None:
    shares = Shares(LAYOUT, frozenset("ac"))
    assert shares.jobs == ("a", "c")
    assert shares.n_outputs == 10
    assert shares.places(["a"]).tolist() == [0, 4, 5, 6, 7, 8, 9]
    assert shares.places([]).tolist() == []


@pytest.mark.parametrize("n", [1, 2, 4, N_JOBS, 9])
@pytest.mark.parametrize(
    "text", ["", "DataSet BatchSize=3\nDataSet Name=validation_set Path=validation_set.yaml\n"]
)
@pytest.mark.parametrize("fails", [(), ("j1",), ("j4", "j2")])
def test_parts_give_what_the_whole_gives(
    tmp_path: Path, n: int, text: str, fails: tuple[str, ...]
) -> None:
    problem = slow_problem(tmp_path, fails=fails, text=text)
    assert problem.n_jobs == N_JOBS
    n_failed = 0
    for number, point in enumerate(POINTS, 1):
        x, key = np.array(point), Key(1, number)
        here = problem.evaluate(x, key)
        same(in_parts(problem, x, key, n), here)
        n_failed += bool(here.failures)
        assert here.validation is not None
    assert n_failed >= (2 if fails and not text else 1)


def test_parts_of_lennard_jones_too_give_the_whole(tmp_path: Path) -> None:
    problem = JobFolder(tmp_path).problem()
    for point in POINTS:
        x = np.array(point)
        same(in_parts(problem, x, Key(1, 1), 2), problem.evaluate(x, Key(1, 1)))


def test_a_part_that_an_evaluator_gave_up_fails_the_whole(tmp_path: Path) -> None:
    problem, x, key = slow_problem(tmp_path), np.array(POINTS[0]), Key(1, 1)
    late = SetEvaluation(np.inf, failures=(Failure("Evaluator", "it took too long"),))
    given_up = Evaluation(np.inf, late)
    found = problem.whole(x, key, [problem.part(x, key, 0, 2), given_up])
    same(found, given_up)
