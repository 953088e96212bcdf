"""`paramsrun status FOLDER` of runs that have ended, and of folders that hold none."""

from pathlib import Path

import pytest

from tests.cli.jobs import contents, function_job, paramsrun


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_ended_run_tells_what_its_summary_tells(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    before = contents(tmp_path)
    result = paramsrun("status", "params.results/")
    assert result.exit_code == 0
    head, _, rest = result.output.partition("\n\n")
    assert head.startswith("params.results: begun ")
    assert rest == Path("params.results/summary.txt").read_text()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["nowhere", "job", "job/params.in"])
def test_a_folder_without_a_run_is_told(tmp_path: Path, name: str) -> None:
    function_job(tmp_path / "job")
    result = paramsrun("status", name)
    assert result.exit_code == 2
    assert result.output == f"{name} is no results folder: it has no optimization/journal\n"


def test_an_empty_journal_is_told() -> None:
    Path("x.results/optimization/journal").mkdir(parents=True)
    result = paramsrun("status", "x.results")
    assert (result.exit_code, result.output) == (2, "x.results: its journal is empty\n")


def test_a_damaged_journal_is_told_with_its_line(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    segment = Path("params.results/optimization/journal/000001.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:4], b"garbage\n", *lines[5:]]))
    result = paramsrun("status", "params.results")
    assert result.exit_code == 1
    assert "000001.jsonl:5: damaged journal line" in result.output


def test_a_journal_that_lacks_events_is_told(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    segment = Path("params.results/optimization/journal/000001.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(line for line in lines if b'"e":"start"' not in line))
    result = paramsrun("status", "params.results")
    assert result.exit_code == 1
    assert result.output == "params.results: its journal lacks the start of optimizer 1\n"
