"""A file beside the input of a resume that is not used is told where it would be another."""

import shutil
from pathlib import Path

import pytest

from tests.cli.jobs import SAMPLING, function_job, lennard_jones_job, paramsrun
from tests.resuming.runs import PARENT, SEED, done, events, refused, until

FOLDER = Path("job")
TOLD = " beside the input differs from the stored one, which is used; "
BY_KEY = {
    "parameter_interface.yaml": "ParameterInterface",
    "job_collection.yaml": "JobCollection",
    "job_collection_engines.yaml": "EngineCollection",
}
IN_BLOCKS = ("training_set.yaml", "validation_set.yaml")
NAMED = "".join(f"{key} {name}\n" for name, key in BY_KEY.items())
DATA_SETS = "".join(f"DataSet\n  Path {name}\nEnd\n" for name in IN_BLOCKS)


@pytest.fixture(autouse=True)
def _ended(tmp_path: Path) -> None:
    """A job of which every data file was taken by its default name."""
    lennard_jones_job(FOLDER, SAMPLING + SEED + until(5))
    shutil.copyfile(FOLDER / "training_set.yaml", FOLDER / "validation_set.yaml")
    (FOLDER / "job_collection_engines.yaml").write_text("---\ndtype: EngineCollection\n")
    done(paramsrun(FOLDER / "params.in"))


def edit(name: str) -> None:
    """Change a file beside the input without changing what it says."""
    (FOLDER / name).write_text("# edited\n" + (FOLDER / name).read_text())


def resumed(text: str = "", *options: str) -> str:
    """Go on with the job, by an input in its folder; return the output."""
    (FOLDER / "resume.in").write_text(f"ResumeCheckpoint ../{PARENT}\n{text}{until(9)}")
    return done(paramsrun(*options, FOLDER / "resume.in"))


@pytest.mark.parametrize("name", [*BY_KEY, *IN_BLOCKS])
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_default_file_that_was_edited_is_told_once_and_the_stored_one_used(
    name: str, command: str
) -> None:
    edit(name)
    output = resumed("", command)
    assert output.count("Warning") == 1
    key = f"name it ({BY_KEY[name]} {name})" if name in BY_KEY else f"name it (Path {name} in "
    advice = "the interface may not change" if name == "parameter_interface.yaml" else key
    assert f"resume.in: {name}{TOLD}{advice}" in " ".join(output.split())
    if command == "run":
        stored = Path("resume.results/settings_and_initial_data") / name
        assert not stored.read_text().startswith("# edited")


def test_ranges_edited_beside_a_killed_job_are_told_as_it_goes_on() -> None:
    path = FOLDER / "parameter_interface.yaml"
    path.write_text(path.read_text().replace("[3.0, 5.0]", "[3.5, 5.0]"))
    text = (FOLDER / "params.in").read_text()
    (FOLDER / "params.in").write_text(text.replace("Calls 5", "Calls 9"))
    journal = PARENT / "optimization/journal/000001.jsonl"
    *lines, exit = journal.read_bytes().splitlines(keepends=True)
    assert b'"exit"' in exit
    journal.write_bytes(b"".join(lines))
    output = done(paramsrun(FOLDER / "params.in", "--resume", "auto"))
    assert f"parameter_interface.yaml{TOLD}" in " ".join(output.split())
    assert events(Path("params.2.results"), "run")[0]["ranges"][1] == [3.0, 5.0]  # type: ignore[index]


def test_files_that_are_as_they_were_or_are_gone_are_not_told() -> None:
    (FOLDER / "job_collection.yaml").unlink()
    assert "Warning" not in resumed()


def test_files_that_the_input_names_are_used_and_not_told() -> None:
    for name in (*BY_KEY, *IN_BLOCKS):
        edit(name)
    assert "beside the input" not in resumed(NAMED + DATA_SETS)
    stored = Path("resume.results/settings_and_initial_data")
    assert sum(p.read_text().startswith("# edited") for p in stored.glob("*.yaml")) == 5


def test_data_set_blocks_without_a_path_take_the_files_beside_and_nothing_is_told() -> None:
    edit("training_set.yaml")
    assert "beside the input" not in resumed("DataSet\nEnd\nDataSet\nEnd\n")


def test_a_file_that_the_job_has_no_use_for_is_not_told() -> None:
    job = function_job(Path("other"), text=SAMPLING + SEED + until(5))
    done(paramsrun(job, "--name", "other"))
    (Path("other") / "training_set.yaml").write_text("not looked at")
    Path("other/more.in").write_text(f"ResumeCheckpoint ../other.results\n{until(9)}")
    assert "Warning" not in done(paramsrun("other/more.in"))


def test_a_parameter_interface_that_is_named_may_still_not_change() -> None:
    path = FOLDER / "parameter_interface.yaml"
    path.write_text(path.read_text().replace("[3.0, 5.0]", "[3.5, 5.0]"))
    (FOLDER / "resume.in").write_text(
        f"ResumeCheckpoint ../{PARENT}\nParameterInterface parameter_interface.yaml\n{until(9)}"
    )
    message = refused(paramsrun(FOLDER / "resume.in"))
    assert "the range of rmin was 3.0 to 5.0 and is 3.5 to 5.0 now" in message


@pytest.mark.parametrize("gone", [False, True])
def test_data_sets_that_name_no_file_are_told_only_if_it_is_another(gone: bool) -> None:
    sets = "DataSet\n  LossFunction rmse\nEnd\nDataSet\n  EvaluateEvery 10\nEnd\n"
    (FOLDER / "sets.in").write_text(SAMPLING + SEED + sets + until(5))
    done(paramsrun(FOLDER / "sets.in"))
    if gone:
        (FOLDER / "validation_set.yaml").unlink()
    (FOLDER / "on.in").write_text(f"ResumeCheckpoint ../sets.results\n{sets}{until(9)}")
    assert "In place of what is stored: ExitCondition\n" in done(paramsrun(FOLDER / "on.in"))
    edit("training_set.yaml")
    output = done(paramsrun(FOLDER / "on.in", "--name", "other"))
    assert "In place of what is stored: DataSet, ExitCondition\n" in output
