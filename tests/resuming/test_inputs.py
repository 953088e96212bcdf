"""The files that a resumed run needs, wherever they were: they come from what is resumed."""

import shutil
from pathlib import Path

import pytest

from tests.cli.jobs import SPHERE, function_job, lennard_jones_job, paramsrun, story
from tests.resuming.runs import (
    INPUTS,
    PARENT,
    SEED,
    TWO_OPTIMIZERS,
    UNEVEN,
    done,
    events,
    go_on,
    refused,
    run_parent,
    until,
)

RESUMED = Path("resume.results")


def uninterrupted(file: Path, n: int = 40) -> list[dict[str, object]]:
    """Run a job to n evaluations, then to 23; return the story of the first run."""
    text = file.read_text()
    file.write_text(text + until(n))
    done(paramsrun(file, "--name", "whole"))
    file.write_text(text + until(23))
    done(paramsrun(file))
    return story(Path("whole.results"))


def elsewhere(tmp_path: Path, data: str) -> Path:
    """Return the input of a job whose data files lie in tmp_path/data."""
    names = {
        "ParameterInterface": "parameter_interface.yaml",
        "JobCollection": "job_collection.yaml",
    }
    text = "".join(f"{key} {data}/{name}\n" for key, name in names.items())
    text += f"DataSet\n  Path {data}/training_set.yaml\nEnd\n"
    file = lennard_jones_job(tmp_path / "job", TWO_OPTIMIZERS + SEED + text)
    (tmp_path / "data").mkdir()
    for path in (tmp_path / "job").glob("*.yaml"):
        path.rename(tmp_path / "data" / path.name)
    return file


@pytest.mark.parametrize("absolute", [False, True])
def test_data_files_from_outside_the_folder_of_the_input_are_kept(
    tmp_path: Path, absolute: bool
) -> None:
    whole = uninterrupted(elsewhere(tmp_path, str(tmp_path / "data") if absolute else "../data"))
    shutil.rmtree("job")
    shutil.rmtree("data")
    done(go_on(until(30)))
    shutil.rmtree(PARENT)
    done(go_on(until(40), "again.in", RESUMED))
    assert story(Path("again.results")) == whole


def test_an_input_made_of_several_files_is_kept_as_one(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", UNEVEN, '@include "more/two.inc"\n' + SEED)
    (tmp_path / "job/more").mkdir()
    (tmp_path / "job/more/two.inc").write_text(TWO_OPTIMIZERS)
    whole = uninterrupted(file)
    shutil.rmtree(tmp_path / "job/more")
    done(go_on(until(40)))
    assert story(RESUMED) == whole


def test_a_resume_input_may_be_made_of_several_files(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("longer.inc").write_text(until(50))
    done(go_on('@include "longer.inc"\n'))
    assert events(RESUMED, "exit")[-1]["reason"] == "MaxTotalFunctionCalls(fmax=50) = True"


@pytest.mark.parametrize("seed", [SEED, ""])
def test_a_validation_set_that_was_drawn_stays_the_same(tmp_path: Path, seed: str) -> None:
    """Without RandomSeed one was drawn, and the resumed run keeps it."""
    text = TWO_OPTIMIZERS + seed + "Validation 0.4\n"
    file = lennard_jones_job(tmp_path / "job", text)
    done(paramsrun(file, "--name", "draws"))
    drawn = events(Path("draws.results"), "run")[0]["seed"]
    file.write_text(file.read_text().replace(text, text + until(23)))
    done(paramsrun(file))
    if not seed:
        assert events(PARENT, "run")[0]["seed"] != drawn
    output = done(go_on(until(60)))
    again = done(go_on(until(40), "shorter.in"))
    whole, part = story(RESUMED), story(Path("shorter.results"))
    assert part == whole[: len(part)]
    assert sum("val" in e for e in whole) > 30
    context = events(RESUMED, "context")[0]
    assert context["comparable"] is True
    assert context["seed"] == events(PARENT, "run")[0]["seed"]
    assert "cannot be compared" not in output + again


def test_a_seed_that_was_drawn_is_kept_by_every_resume(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + until(20))
    done(paramsrun(file))
    seed = events(PARENT, "run")[0]["seed"]
    assert f"RandomSeed {seed}\n" in done(go_on(until(30)))
    assert f"RandomSeed {seed}\n" in done(go_on(until(60), "again.in", RESUMED))
    assert f"RandomSeed {seed}\n" in done(go_on(until(60), "once.in"))
    assert story(Path("again.results")) == story(Path("once.results"))


def test_the_stored_input_is_an_input_itself(tmp_path: Path) -> None:
    file = elsewhere(tmp_path, "../data")
    whole = uninterrupted(file)
    shutil.rmtree("data")
    done(paramsrun(PARENT / INPUTS / "params.in", "--name", "stored"))
    assert story(Path("stored.results")) == whole[: len(story(PARENT))]
    done(go_on(until(40)))
    assert done(paramsrun("check", RESUMED / INPUTS / "params.in")).endswith("no mistakes\n")
    done(paramsrun(RESUMED / INPUTS / "params.in", "--name", "anew"))
    assert story(Path("anew.results")) == whole


def test_the_stored_input_of_a_resumed_run_names_nothing_to_resume(tmp_path: Path) -> None:
    run_parent(tmp_path, "ResultsDirectory params.results\n")
    done(go_on(until(50)))
    text = (RESUMED / INPUTS / "params.in").read_text()
    assert "ResumeCheckpoint" not in text
    assert "ResultsDirectory" not in text
    assert "MaxTotalFunctionCalls 50" in " ".join(text.split())


def test_warnings_of_the_stored_input_are_not_told_again(tmp_path: Path) -> None:
    text = "RestartDirectory old\nVerbose Yes\n"
    assert run_parent(tmp_path, text).output.count("Warning: ") == 3
    assert "Warning" not in done(go_on(until(50)))
    output = done(go_on("RefreshRate 3\n" + until(50), "again.in"))
    assert output.count("Warning") == output.count("Warning: again.in:2:") == 1


# The code of a function


def test_a_function_is_found_where_it_was(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("new").mkdir()
    output = done(go_on(until(50), "new/resume.in", f"../{PARENT}"))
    assert "Warning" not in output


def test_a_function_beside_the_new_input_comes_first(tmp_path: Path) -> None:
    run_parent(tmp_path)
    Path("new").mkdir()
    (tmp_path / "new/plain.py").write_text(SPHERE)
    output = done(go_on(until(50), "new/resume.in", f"../{PARENT}"))
    path = tmp_path / "new/plain.py"
    assert f"Warning: the code of plain:loss changed since ({path}). " in output
    assert output.count("Warning") == 1
    again = done(go_on(until(55), "new/again.in", f"../{RESUMED}"))
    assert "Warning" not in again


def test_a_function_that_is_gone_is_a_mistake(tmp_path: Path) -> None:
    done(paramsrun(function_job(tmp_path / "job", UNEVEN, SEED + until(20), "passing")))
    Path("job/passing.py").unlink()
    message = refused(go_on(until(50)))
    assert "Engine Function%Call passing:loss: there is no module passing in " in message
    assert str(tmp_path / "job") in message


def test_a_function_in_a_package_is_found_where_it_was(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + SEED + until(20), "unused")
    (tmp_path / "job/inner").mkdir()
    (tmp_path / "job/inner/__init__.py").write_text("")
    (tmp_path / "job/inner/deep.py").write_text(SPHERE)
    file.write_text(file.read_text().replace("unused:loss", "inner.deep:loss"))
    done(paramsrun(file))
    Path("new").mkdir()
    done(go_on(until(30), "new/resume.in", f"../{PARENT}"))
