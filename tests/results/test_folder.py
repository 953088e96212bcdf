"""A results folder is made whole or not at all, and is never overwritten."""

import json
import os
from pathlib import Path

import pytest

from paramsrun.errors import RunError, UsageError
from paramsrun.results import lock
from paramsrun.results.folder import INPUTS, JOURNAL, create, job_name, stored_names


def begin(folder: Path) -> None:
    (folder / "000001.jsonl").write_bytes(b"{}\n")


def test_it_holds_the_inputs_the_journal_and_the_lock(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("a: 1\n")
    folder = tmp_path / "x.results"
    create(folder, "Task Optimization # Å\n", {"sub/data.yaml": data}, begin)
    assert (folder / INPUTS / "params.in").read_text("utf-8") == "Task Optimization # Å\n"
    assert (folder / INPUTS / "sub/data.yaml").read_text() == "a: 1\n"
    assert (folder / JOURNAL / "000001.jsonl").exists()
    assert lock.alive(folder) is not None
    assert [p.name for p in tmp_path.iterdir() if p.name != "data.yaml"] == ["x.results"]


def test_a_job_may_be_named_as_its_folder_is() -> None:
    assert job_name("x.results") == job_name("x") == "x"
    with pytest.raises(UsageError, match="is no name for a results folder"):
        job_name(".results")


@pytest.mark.parametrize("name", ["x.results", ".", ".."])
def test_what_is_there_is_never_overwritten(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    with pytest.raises(UsageError, match="is there already, and results are never overwritten"):
        create(folder, "", {}, begin)


def test_what_a_dead_driver_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".x.results.tmp"
    (left / "old").mkdir(parents=True)
    (left / lock.NAME).write_text(json.dumps(lock.owner() | {"began": "1"}))
    create(tmp_path / "x.results", "", {}, begin)
    assert not left.exists()
    assert not (tmp_path / "x.results/old").exists()


def test_what_a_living_driver_makes_is_left_alone(tmp_path: Path) -> None:
    made = tmp_path / ".x.results.tmp"
    made.mkdir()
    (made / lock.NAME).write_text(json.dumps(lock.owner()))
    with pytest.raises(UsageError, match=f"is being made by process {os.getpid()} on "):
        create(tmp_path / "x.results", "", {}, begin)
    assert (made / lock.NAME).exists()


@pytest.mark.parametrize(
    "error", [RunError("full"), OSError(28, "No space left"), KeyboardInterrupt]
)
def test_nothing_stays_behind_where_it_cannot_be_made(tmp_path: Path, error: BaseException) -> None:
    def fail(folder: Path) -> None:
        raise error

    with pytest.raises((RunError, KeyboardInterrupt)):
        create(tmp_path / "x.results", "", {}, fail)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_hold_it_is_told(tmp_path: Path) -> None:
    why = "cannot be made: No such file or directory$"
    with pytest.raises(RunError, match=rf"^The results folder .*/nowhere/x\.results {why}"):
        create(tmp_path / "nowhere/x.results", "", {}, begin)


def test_files_keep_their_place_below_the_input_and_others_are_gathered(tmp_path: Path) -> None:
    root = tmp_path / "job"
    given = {
        "a.yaml": root / "a.yaml",
        "sub/b.yaml": root / "sub/b.yaml",
        "../c.yaml": root / "../c.yaml",
        "/d/a.yaml": Path("/d/a.yaml"),
    }
    assert stored_names(given, [root]) == {
        "a.yaml": "a.yaml",
        "sub/b.yaml": "sub/b.yaml",
        "../c.yaml": "external/03/c.yaml",
        "/d/a.yaml": "external/04/a.yaml",
    }
