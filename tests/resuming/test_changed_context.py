"""Going on with another training set: what was found before cannot be compared any more."""

from pathlib import Path

import pytest

from tests.cli.jobs import DISTANCES, lennard_jones_job, paramsrun, story
from tests.resuming.runs import (
    INPUTS,
    PARENT,
    SEED,
    TWO_OPTIMIZERS,
    done,
    events,
    go_on,
    refused,
    tell,
    until,
)

N = 20
RESUMED = Path("resume.results")
TRAINING = Path("optimization/training_set_results")
NOT_COMPARABLE = "losses of before cannot be compared with those from here on"
NEW_SET = "DataSet\n  Path job/training_set.yaml\nEnd\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The training set of a job that was run to N evaluations."""
    done(paramsrun(lennard_jones_job(tmp_path / "job", TWO_OPTIMIZERS + SEED + until(N))))
    return tmp_path / "job/training_set.yaml"


def context() -> dict[str, object]:
    (event,) = events(RESUMED, "context")
    return event


def best() -> tuple[int, float]:
    folder = RESUMED / TRAINING / "best"
    return int((folder / "evaluation.txt").read_text()), float((folder / "loss.txt").read_text())


def lowest(first: int) -> tuple[int, float]:
    """Return number and loss of the best evaluation from one on."""
    found = [(float(str(e["fx"])), int(str(e["n"]))) for e in events(RESUMED, "eval") if e["o"]]
    fx, n = min(pair for pair in found if pair[1] >= first)
    return n, fx


def changed(data: Path, change: str) -> str:
    """Change a training set, or the loss function; return the block that asks for it."""
    text = data.read_text()
    if change == "weights":
        data.write_text(text.replace("Weight: 1.0", "Weight: 4.0"))
    elif change == "items":
        data.write_text(text.partition("---\nExpression: energy('d4')")[0] + "...\n")
    elif change == "references":
        data.write_text(text.replace("ReferenceValue: -0.1", "ReferenceValue: -0.2"))
    else:
        return "DataSet\n  Path job/training_set.yaml\n  LossFunction rmse\nEnd\n"
    return NEW_SET


@pytest.mark.parametrize("change", ["weights", "items", "references", "loss function"])
def test_the_best_starts_anew_in_a_changed_context(data: Path, change: str) -> None:
    output = done(go_on(changed(data, change) + until(35)))
    assert NOT_COMPARABLE in " ".join(output.split())
    assert NOT_COMPARABLE in " ".join(tell(RESUMED).split())
    assert context()["comparable"] is False
    assert best() == lowest(N + 1)
    summary = (RESUMED / "summary.txt").read_text()
    assert f"Losses compare from evaluation {N + 1} on: the training set, " in summary
    assert "Initial loss" not in summary
    assert "001        CMAES              15           not comparable " in summary
    assert f"Best loss        {lowest(N + 1)[1]!r}\n  evaluation {lowest(N + 1)[0]} of " in summary


def test_living_optimizers_go_on_in_the_new_context(data: Path) -> None:
    (living,) = {e["o"] for e in events(PARENT, "start")} - {e["o"] for e in events(PARENT, "end")}
    done(go_on(changed(data, "weights") + until(22)))
    assert [e["o"] for e in events(RESUMED, "start")] == [e["o"] for e in events(PARENT, "start")]
    assert [e["o"] for e in events(RESUMED, "eval")][-2:] == [living, living]
    kept = story(PARENT)
    assert story(RESUMED)[: len(kept)] == kept


def test_the_same_data_given_again_change_nothing(data: Path) -> None:
    output = done(go_on(NEW_SET + until(35)))
    assert NOT_COMPARABLE not in " ".join(output.split())
    assert context()["comparable"] is True
    assert best() == lowest(1)


def test_a_block_without_a_path_takes_the_file_beside_the_input(data: Path) -> None:
    changed(data, "weights")
    done(go_on("DataSet\n  LossFunction sse\nEnd\n" + until(35), "job/resume.in", f"../{PARENT}"))
    assert context()["comparable"] is False


def test_a_block_without_a_path_takes_the_stored_file_where_there_is_none(data: Path) -> None:
    changed(data, "weights")
    done(go_on("DataSet\n  LossFunction sse\nEnd\n" + until(35)))
    assert context()["comparable"] is True


def test_without_a_block_the_stored_file_stays(data: Path) -> None:
    changed(data, "weights")
    done(go_on(until(35), "job/resume.in", f"../{PARENT}"))
    assert context()["comparable"] is True


def test_a_comment_in_the_data_changes_nothing(data: Path) -> None:
    data.write_text("# as published\n" + data.read_text())
    done(go_on(NEW_SET + until(35)))
    assert context()["comparable"] is True


def test_a_new_name_of_the_file_changes_nothing(data: Path) -> None:
    data.rename(data.with_name("renamed.yaml"))
    done(go_on("DataSet\n  Path job/renamed.yaml\nEnd\n" + until(35)))
    assert context()["comparable"] is True
    assert (RESUMED / INPUTS / "job/renamed.yaml").is_file()


def test_a_resume_goes_on_from_a_changed_context_as_if_it_was_the_first(data: Path) -> None:
    block = changed(data, "weights")
    done(go_on(block + until(50)))
    whole = story(RESUMED)
    done(go_on(block + until(30), "short.in"))
    output = done(go_on(until(50), "long.in", "short.results"))
    assert NOT_COMPARABLE not in " ".join(output.split())
    assert story(Path("long.results")) == whole
    training = Path("long.results") / TRAINING
    assert int((training / "best/evaluation.txt").read_text()) == lowest(N + 1)[0]


def test_a_target_reached_in_the_old_context_is_not_reached_in_the_new(data: Path) -> None:
    value = min(float(str(e["fx"])) for e in events(PARENT, "eval") if e["o"])
    target = f"ExitCondition\n  Type TargetFunctionValue\n  TargetFunctionValue {value}\nEnd\n"
    assert "TargetFunctionValue" in refused(go_on(target))
    output = done(go_on(changed(data, "weights") + target + until(35)))
    assert "Done. 35 evaluations" in output


def test_other_jobs_are_another_context(data: Path, tmp_path: Path) -> None:
    distances = tuple(r + 0.01 for r in DISTANCES)
    lennard_jones_job(tmp_path / "job", "", distances)
    done(go_on("JobCollection job/job_collection.yaml\n" + until(35)))
    assert context()["comparable"] is False


def with_cutoff(cutoff: float) -> str:
    """Give the engine of the parameter interface a cutoff; return the key that names the file."""
    file = Path("job/parameter_interface.yaml")
    dtype = "dtype: LennardJonesParameters\n"
    options = f"settings:\n  input:\n    LennardJones:\n      Cutoff: {cutoff}\n"
    file.write_text(file.read_text().replace(dtype, dtype + options))
    return "ParameterInterface job/parameter_interface.yaml\n"


@pytest.mark.parametrize(("cutoff", "same"), [(0.0, True), (4.1, False)])
def test_another_engine_is_another_context(data: Path, cutoff: float, same: bool) -> None:
    done(go_on(with_cutoff(cutoff) + until(35)))
    assert context()["comparable"] is same


def test_the_same_engine_given_as_a_block_changes_nothing(data: Path) -> None:
    done(go_on("Engine LennardJones\nEndEngine\n" + until(35)))
    assert context()["comparable"] is True


def test_a_validation_set_may_come_later(data: Path) -> None:
    sets = NEW_SET + "DataSet\n  Name validation_set\n  Path job/training_set.yaml\nEnd\n"
    done(go_on(sets + until(35)))
    assert context()["comparable"] is True
    validation = RESUMED / "optimization/validation_set_results/running_loss.txt"
    assert len(validation.read_text().splitlines()) > 5


def test_a_stored_file_that_no_longer_fits_is_named_as_part_of_the_checkpoint(
    tmp_path: Path, data: Path
) -> None:
    checkpoint = "CheckpointControl\n  AtEnd\n  NamingFormat c\nEnd\n"
    file = tmp_path / "job/params.in"
    file.write_text(file.read_text() + checkpoint)
    done(paramsrun(file, "--name", "saved"))
    lennard_jones_job(tmp_path / "job", "", DISTANCES[:-1])
    origin = Path("saved.results/checkpoints/c.tar.gz")
    message = refused(go_on("JobCollection job/job_collection.yaml\n" + until(35), origin=origin))
    assert message.startswith(f"{origin}:inputs/training_set.yaml:")
    assert "d5" in message
