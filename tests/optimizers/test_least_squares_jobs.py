"""Jobs with LeastSquares, from the input file to the journal."""

import base64
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.jobs import SEED, function_job, journal_of, lennard_jones_job, paramsrun, story
from tests.resuming.runs import cut_after

RESIDUALS = """\
import numpy as np

def loss(x):
    if x[0] > 1.9:
        raise ArithmeticError("outside")
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], 0.1])
"""
CONVERGED = "ExitCondition\n  Type MaxOptimizersConverged\n  MaxOptimizersConverged 2\nEnd\n"
PARENT = Path("params.results")


def optimizer(algorithm: str = "trf") -> str:
    return (
        f"Optimizer\n  Type LeastSquares\n  LeastSquares\n    Algorithm {algorithm}\n  End\nEnd\n"
    )


def data_set(**keys: object) -> str:
    lines = "".join(f"  {name} {value}\n" for name, value in keys.items())
    return f"DataSet\n  Name training_set\n  Path training_set.yaml\n{lines}End\n"


def evaluations() -> list[dict[str, object]]:
    return [e for e in journal_of(PARENT) if e["e"] == "eval"]


def residuals(event: dict[str, object]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(event["r"]), "<f8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("algorithm", ["trf", "dogbox", "lm"])
def test_a_vector_that_a_function_returns_is_minimised(algorithm: str) -> None:
    function_job(Path(), RESIDUALS, optimizer(algorithm) + SEED)
    result = paramsrun("params.in")
    assert result.exit_code == 0, result.output
    losses = [e["fx"] for e in evaluations() if "why" not in e]
    assert min(losses) == pytest.approx(0.01)


def test_residuals_stand_beside_each_finite_loss_of_the_optimizer_in_the_journal() -> None:
    function_job(Path(), RESIDUALS, optimizer() + SEED)
    paramsrun("params.in")
    initial, *others = evaluations()
    assert "r" not in initial
    for event in others:
        assert float(residuals(event) @ residuals(event)) == event["fx"]


@pytest.mark.parametrize("loss", ["sse", "rmse"])
def test_residuals_of_a_data_set_are_weighted(loss: str) -> None:
    lennard_jones_job(Path(), optimizer() + data_set(LossFunction=loss) + SEED)
    weights = Path("training_set.yaml").read_text().replace("Weight: 1.0", "Weight: 2.5", 1)
    Path("training_set.yaml").write_text(weights)
    result = paramsrun("params.in")
    assert result.exit_code == 0, result.output
    for event in evaluations()[1:]:
        squares = float(residuals(event) @ residuals(event))
        assert squares == pytest.approx(event["fx"] ** (1 if loss == "sse" else 2), rel=1e-12)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"LossFunction": "mae"}, "LossFunction mae is no sum of squares: choose sse or rmse"),
        ({"LossFunction": "sae"}, "LossFunction sae is no sum of squares: choose sse or rmse"),
        ({"BatchSize": 2}, "BatchSize and MaxJobs draw other residuals at each evaluation"),
    ],
)
def test_a_loss_that_is_no_sum_of_squares_is_an_input_error(
    keys: dict[str, object], message: str
) -> None:
    lennard_jones_job(Path(), optimizer() + data_set(**keys))
    result = paramsrun("params.in")
    assert result.exit_code == 2
    at = "params.in:1:1: Optimizer%Type LeastSquares needs a sum of squares: "
    assert f"{at}{message}" in result.output


def test_a_function_that_returns_a_number_ends_the_run_in_words() -> None:
    function_job(Path(), text=optimizer() + SEED)
    result = paramsrun("params.in")
    assert result.exit_code == 1
    assert "and the loss came as a single number: return the vector" in result.output
    assert "Traceback" not in result.output


def test_residuals_that_change_in_number_end_the_run_in_words() -> None:
    code = "import numpy as np\ndef loss(x):\n    return np.ones(3 if x[0] == -1.0 else 4)\n"
    function_job(Path(), code, optimizer() + SEED)
    result = paramsrun("params.in")
    assert result.exit_code == 1
    assert "The loss came with 4 residuals, after 3 before" in result.output


def test_a_resumed_run_is_the_uninterrupted_one() -> None:
    text = "Generator\n  Type Random\nEnd\nParallelLevels ParameterVectors=2 Optimizations=2\n"
    text += "Evaluator Type=Inline\n"
    function_job(Path(), RESIDUALS, optimizer() + optimizer("lm") + text + SEED + CONVERGED)
    paramsrun("params.in")
    whole = story(PARENT)
    for n in range(1, len(evaluations()) - 1, 7):
        cut_after(PARENT, n)
        Path("resume.in").write_text("ResumeCheckpoint cut.results\n")
        result = paramsrun("resume.in")
        assert result.exit_code == 0, result.output
        again = story(Path("resume.results"))
        assert sorted(map(repr, again)) == sorted(map(repr, whole))
        shutil.rmtree("cut.results")
        shutil.rmtree("resume.results")


def test_workers_give_the_same_residuals() -> None:
    text = "ParallelLevels ParameterVectors=2\nEvaluator\n  Type Processes\n  Workers 2\n"
    function_job(Path(), RESIDUALS, optimizer() + SEED + text + "  Ordered Yes\nEnd\n")
    assert paramsrun("params.in").exit_code == 0
    text = "ParallelLevels ParameterVectors=2\nEvaluator Type=Inline\n"
    function_job(Path(), RESIDUALS, optimizer() + SEED + text)
    assert paramsrun("params.in", "--name", "inline").exit_code == 0
    assert story(PARENT) == story(Path("inline.results"))
