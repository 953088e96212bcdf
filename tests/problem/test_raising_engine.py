"""An engine that raises costs one point, never the run."""

import math
from pathlib import Path
from typing import Any

import pytest

from paramsrun.job import Job
from paramsrun.problem.contract import Key

EXAMPLE = Path(__file__).parents[2] / "examples/LJ_Ar/params.in"


@pytest.mark.parametrize("batch_size", [0, 3])
def test_an_exception_of_the_engine_is_the_reason_of_an_infinite_loss(
    monkeypatch: pytest.MonkeyPatch, batch_size: int, tmp_path: Path
) -> None:
    text = EXAMPLE.read_text().replace("LossFunction  sse", f"BatchSize {batch_size}")
    for name in ("parameter_interface", "job_collection", "training_set"):
        text = text.replace(f"{name}.yaml", str(EXAMPLE.parent / f"{name}.yaml"))
    (tmp_path / "params.in").write_text(text)
    problem = Job.load(tmp_path / "params.in").problem
    training: Any = problem.training

    def raises(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(training, "model", raises)
    evaluation = problem.evaluate(problem.parameters.x0, Key(1, 1))
    assert evaluation.fx == math.inf
    (failure,) = evaluation.failures
    assert failure.where == "The engine"
    assert failure.reason.startswith("ZeroDivisionError: division by zero (test_raising_engine.py,")
