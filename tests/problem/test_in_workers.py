"""A problem in a process of its own, started anew, as the workers are."""

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from paramsrun.arrays import Vector
from paramsrun.problem.contract import Evaluation, Key
from paramsrun.problem.engines.function import FunctionObjective
from paramsrun.problem.problem import Problem
from paramsrun.problem.user_code import UserCode
from paramsrun.settings.families import engines
from tests.problem.conftest import TRAINING_SET, JobFolder

INPUTS = {
    "LennardJones": "Engine LennardJones\nEndEngine\nDataSet BatchSize=2 MaxJobs=1\n",
    "Function": "Engine Function\n  Call in_a_package.loss:f\nEndEngine\n",
    "Command": 'Engine Command\n  Command sh -c "test $PARAMSRUN_RMIN != 2.5 && '
    'echo $PARAMSRUN_EPS"\nEndEngine\n',
}
CONSTRAINTS = "Constraint rmin >= 2*eps + 1\nConstraint 0 < 1/(rmin - 1.5) < 1e3\n"
CODE = """\
from beside import square

def f(x):
    return [square(x[0]), x[1] if x[1] < 2.5 else float("nan")]
"""
POINTS = [[0.25, 2.0], [0.1, 2.25], [1.5, 2.0], [0.1, 1.5], [0.1, 2.5], [0.1, 9.0], [np.nan, 2.0]]


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


def same(here: Evaluation, there: Evaluation) -> None:
    assert here.fx == there.fx
    assert here.failures == there.failures
    for one, other in zip(here[1:], there[1:], strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert (one.fx, one.entries, one.failures) == (other.fx, other.entries, other.failures)
            np.testing.assert_array_equal(one.residuals, other.residuals)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(engines))
def test_every_engine_gives_the_same_bits_and_reasons(
    job: JobFolder, worker: ProcessPoolExecutor, name: str
) -> None:
    job.write("params.in", INPUTS[name] + CONSTRAINTS)
    job.write("validation_set.yaml", TRAINING_SET)
    if name != "LennardJones":
        job.edit("parameter_interface.yaml", {"LennardJonesParameters": "Parameters"})
        job.write("beside.py", "def square(x):\n    return x * x\n")
        (job.path / "in_a_package").mkdir()
        job.write("in_a_package/loss.py", CODE)
    problem = job.problem()
    n_failed = 0
    for number, point in enumerate(POINTS, 1):
        x, key = np.array(point), Key(1, number)
        here = problem.evaluate(x, key)
        same(here, worker.submit(problem.evaluate, x, key).result())
        assert not np.isnan(here.fx)
        assert bool(here.failures) == (here.fx == np.inf)
        n_failed += bool(here.failures)
    assert n_failed == (4 if name == "LennardJones" else 5)


def test_a_module_is_found_from_another_folder(
    tmp_path: Path, worker: ProcessPoolExecutor, monkeypatch: pytest.MonkeyPatch, job: JobFolder
) -> None:
    parameters = job.problem().parameters
    (tmp_path / "far").mkdir()
    (tmp_path / "far/far_away.py").write_text("def f(x):\n    return float(x @ x)\n")
    monkeypatch.chdir(tmp_path)
    problem = Problem(parameters, FunctionObjective(UserCode("far_away:f", (Path("far"),))))
    monkeypatch.chdir(Path(__file__).parent)
    x: Vector = np.array([0.5, 2.0])
    assert worker.submit(problem.evaluate, x, Key(1, 1)).result().fx == 4.25


def test_a_module_that_is_missing_there_is_a_failed_point(
    worker: ProcessPoolExecutor, job: JobFolder
) -> None:
    problem = Problem(
        job.problem().parameters, FunctionObjective(UserCode("nowhere_at_all:f", (job.path,)))
    )
    (failure,) = worker.submit(problem.evaluate, np.array([0.5, 2.0]), Key(1, 1)).result().failures
    assert failure.where == "Function nowhere_at_all:f"
    assert failure.reason.startswith("ImportError: there is no module nowhere_at_all in ")
