"""What a resume input overrides, and what stays as it is stored."""

from pathlib import Path

import pytest

from tests.cli.jobs import paramsrun, story
from tests.resuming.runs import (
    INPUTS,
    PARENT,
    checkpoints,
    condition,
    control,
    done,
    events,
    go_on,
    refused,
    run_parent,
    tell,
    until,
)

RESUMED = Path("resume.results")


def stored(folder: Path = RESUMED) -> str:
    """Return the stored input in one line."""
    return " ".join((folder / INPUTS / "params.in").read_text().split())


def test_one_key_of_a_block_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=10, KeepPast=1))
    done(go_on("CheckpointControl\n  KeepPast -1\nEnd\n" + until(80)))
    assert list(checkpoints(RESUMED / "checkpoints").values()) == [50, 60, 70, 80]
    assert "EveryFunctionCalls 10" in stored()
    assert "KeepPast -1" in stored()


def test_new_exit_conditions_drop_the_stored_combination(tmp_path: Path) -> None:
    rule = condition("TimeLimit", 1000) + "ExitConditionBooleanCombination 1 | 2\n"
    run_parent(tmp_path, rule)
    output = done(go_on(until(50) + condition("MaxOptimizersStarted", 100)))
    assert "MaxTotalFunctionCalls(fmax=50) = True" in output
    assert "ExitConditionBooleanCombination" not in stored()
    assert "TimeLimit" not in stored()


def test_a_new_combination_needs_no_new_conditions(tmp_path: Path) -> None:
    rule = condition("MaxOptimizersStarted", 5) + "ExitConditionBooleanCombination 1 | 2\n"
    run_parent(tmp_path, rule, n=30)
    output = done(go_on("ExitConditionBooleanCombination 1 & 2\n"))
    assert "MaxOptimizersStarted(omax=5) = True" in output
    assert events(RESUMED, "start")[-1]["o"] == 5


def test_new_optimizers_are_for_slots_that_fall_free_and_the_living_go_on(tmp_path: Path) -> None:
    run_parent(tmp_path, n=70)
    whole = story(PARENT)
    PARENT.rename("whole.results")
    run_parent(tmp_path, n=20)
    sampling = (
        "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples 4\n  End\nEnd\n"
    )
    done(go_on(sampling + until(40)))
    starts = events(RESUMED, "start")
    assert [e["type"] for e in starts][:3] == ["CMAES", "Scipy", "RandomSampling"]
    assert {str(e["type"]) for e in starts[2:]} == {"RandomSampling"}
    of_second = [e for e in whole if e["e"] == "eval" and e["o"] == 2]
    assert [e for e in story(RESUMED) if e["e"] == "eval" and e["o"] == 2] == of_second


def test_another_seed_is_for_optimizers_that_start_from_now_on(tmp_path: Path) -> None:
    run_parent(tmp_path, n=70)
    whole = story(PARENT)
    PARENT.rename("whole.results")
    run_parent(tmp_path, n=20)
    output = done(go_on("RandomSeed 6\n" + until(70)))
    assert "RandomSeed 6\n" in output
    assert "Optimizers that live keep theirs; new ones get the new RandomSeed\n" in output
    mine = story(RESUMED)
    first_three = [e for e in whole if e.get("o") in (1, 2)]
    assert [e for e in mine if e.get("o") in (1, 2)] == first_three
    assert mine != whole


def test_the_log_names_what_replaces_what_is_stored(tmp_path: Path) -> None:
    run_parent(tmp_path)
    output = done(go_on(until(50) + "RandomSeed 5\n" + control(AtEnd="No") + "Task optimization\n"))
    assert "In place of what is stored: ExitCondition, CheckpointControl, Task\n" in output


def test_nothing_but_the_name_of_what_is_resumed_is_needed(tmp_path: Path) -> None:
    run_parent(tmp_path, "ResultsDirectory params.results\n")
    text = (PARENT / INPUTS / "params.in").read_text()
    (PARENT / INPUTS / "params.in").write_text(text.replace("Calls 45", "Calls 60"))
    output = done(go_on())
    assert "In place of" not in output
    assert "Done. 60 evaluations" in tell(RESUMED)


def test_check_reads_a_resume_input_with_what_is_stored(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("resume.in").write_text(f"ResumeCheckpoint {PARENT}\n{until(60)}")
    before = {p.name for p in tmp_path.iterdir()}
    assert done(paramsrun("check", "resume.in")) == "resume.in: no mistakes\n"
    assert {p.name for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("CheckpointControl\n  KeepPost 3\nEnd\n", "resume.in:3:3: "),
        ("RandomSeed -1\n", "resume.in:2:12: RandomSeed must be at least 0, not -1"),
        ("ExitConditionBooleanCombination 1 & 2\n", "resume.in:2:"),
        ("DataSet\n  Path nowhere.yaml\nEnd\n", "DataSet"),
        ("ParameterInterface nowhere.yaml\n", "resume.in:2:20: ParameterInterface: "),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["run"]])
def test_a_mistake_in_a_resume_input_is_told_with_its_place(
    tmp_path: Path, command: list[str], text: str, mistake: str
) -> None:
    run_parent(tmp_path)
    Path("resume.in").write_text(f"ResumeCheckpoint {PARENT}\n{text}{until(60)}")
    if "DataSet" in text:
        output = done(paramsrun(*command, "resume.in"))
        assert "DataSet has no effect with Engine Function" in output
        return
    assert mistake in refused(paramsrun(*command, "resume.in"))


def test_a_name_may_be_given_to_the_resumed_job(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("resume.in").write_text(f"ResumeCheckpoint {PARENT}\n{until(50)}")
    done(paramsrun("resume.in", "--name", "second"))
    assert Path("second.results/summary.txt").is_file()


def test_a_results_folder_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    run_parent(tmp_path)
    done(go_on(until(50)))
    result = go_on(until(60))
    assert result.exit_code == 2
    assert "resume.results is there already" in result.output


def test_paths_are_relative_to_the_resume_input(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("new").mkdir()
    Path("new/resume.in").write_text(f"ResumeCheckpoint ../{PARENT}\n{until(50)}")
    done(paramsrun("new/resume.in"))
    assert Path("resume.results/summary.txt").is_file()
