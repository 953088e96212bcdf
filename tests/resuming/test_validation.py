"""The best of the validation set through resumes."""

from pathlib import Path

import pytest

from paramsrun import ParAMSResults
from tests.cli.jobs import lennard_jones_job, paramsrun
from tests.resuming.runs import (
    PARENT,
    SEED,
    TWO_OPTIMIZERS,
    cut_after,
    done,
    events,
    go_on,
    tell,
    until,
)

SETS = """\
DataSet
  Path {0}training_set.yaml
End
DataSet
  Name validation_set
  Path {0}validation_set.yaml
  EvaluateEvery 1
End
"""
RESUMED = Path("resume.results")
BEST = "optimization/{}validation_set_results/best"
CHANGED = "The validation set changed:"


@pytest.fixture
def validation(tmp_path: Path) -> Path:
    """The validation set of a job that ran to 30 evaluations; it wants more than the training."""
    text = TWO_OPTIMIZERS + SEED + SETS.format("") + until(30)
    job = lennard_jones_job(tmp_path / "job", text)
    training = (tmp_path / "job/training_set.yaml").read_text()
    file = tmp_path / "job/validation_set.yaml"
    file.write_text(training.replace("ReferenceValue: -0.1", "ReferenceValue: -0.2"))
    done(paramsrun(job))
    return file


def lowest(folder: Path, o: int | None = None, first: int = 1) -> tuple[int, float]:
    """Return number and validation loss of the best evaluation, of all or of one optimizer."""
    found = [
        (float(str(e["val"])), int(str(e["n"])))
        for e in events(folder, "eval")
        if e["o"] and o in (None, e["o"]) and int(str(e["n"])) >= first
    ]
    fx, n = min(found)
    return n, fx


def best(folder: Path, below: str = "") -> tuple[int, float]:
    at = folder / BEST.format(below)
    return int((at / "evaluation.txt").read_text()), float((at / "loss.txt").read_text())


def test_the_best_of_before_stays_the_best_everywhere(validation: Path) -> None:
    n, fx = lowest(PARENT)
    cut_after(PARENT, n + 1, "cut.results")
    done(go_on(until(n + 3), origin="cut.results"))
    assert lowest(RESUMED) == (n, fx)
    assert best(RESUMED) == (n, fx)
    assert f"Best validation  {fx!r} at evaluation {n}\n" in (RESUMED / "summary.txt").read_text()
    for o in (1, 2):
        if (RESUMED / BEST.format(f"optimizer_00{o}/")).is_dir():
            assert best(RESUMED, f"optimizer_00{o}/") == lowest(RESUMED, o)
    assert ParAMSResults(RESUMED).get_loss(data_set="validation_set") == fx
    assert CHANGED not in tell(RESUMED)


def test_the_best_starts_anew_with_another_validation_set(validation: Path) -> None:
    validation.write_text(
        validation.read_text().replace("ReferenceValue: -0.2", "ReferenceValue: 9")
    )
    output = done(go_on(SETS.format("job/") + until(40)))
    assert CHANGED in output
    assert lowest(RESUMED)[0] <= 30
    assert best(RESUMED) == lowest(RESUMED, first=31)
    (context,) = events(RESUMED, "context")
    assert context["comparable"] is True
    assert context["validation_comparable"] is False
