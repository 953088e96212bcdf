"""A run that was killed at any instant, resumed from its folder, is the run that was not killed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.jobs import SEED, function_job, journal_of, paramsrun, story

KILL = Path(__file__).parents[1] / "benchmarks" / "kill.py"
NELDER_MEAD = """
Optimizer
  Type Scipy
  Scipy
    Algorithm Nelder-Mead
  End
End
ExitCondition
  Type MaxOptimizersConverged
  MaxOptimizersConverged 1
End
CheckpointControl
  EveryFunctionCalls 10
  AtEnd Yes
End
"""


def cut(folder: Path, n_lines: int) -> None:
    """Leave of a journal the lines that were written until a kill, and half of the next."""
    journal = folder / "optimization/journal/000001.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    part = lines[n_lines][: len(lines[n_lines]) // 2]
    journal.write_bytes(b"".join([*lines[:n_lines], part]))


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run a job to its end; return its results."""
    monkeypatch.chdir(tmp_path)
    function_job(tmp_path, text=NELDER_MEAD + SEED)
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    return tmp_path / "whole.results"


def test_a_folder_cut_in_any_line_is_resumed_to_the_uninterrupted_run(whole: Path) -> None:
    expected = story(whole)
    n = len(journal_of(whole))
    for n_lines in (*range(1, n - 5, 10), *range(n - 5, n)):
        shutil.copytree(whole, "job.results")
        cut(Path("job.results"), n_lines)
        result = paramsrun("params.in", "--name", "job", "--resume", "auto")
        assert result.exit_code == 0, result.output
        assert story(Path("job.2.results")) == expected
        assert journal_of(Path("job.2.results"))[-1]["e"] == "exit"
        shutil.rmtree("job.results")
        shutil.rmtree("job.2.results")


def test_a_run_killed_before_it_wrote_its_exit_is_brought_to_its_end(whole: Path) -> None:
    cut(whole, len(journal_of(whole)) - 1)
    Path("resume.in").write_text("ResumeCheckpoint whole.results\n")
    assert paramsrun("resume.in").exit_code == 0
    assert journal_of(Path("resume.results"))[-1]["how"] == "conditions"
    assert paramsrun("resume.in", "--name", "again", "--resume", "resume.results").exit_code == 2


def test_ten_kills_at_random_instants_lose_nothing_and_repeat_nothing() -> None:
    done = subprocess.run([sys.executable, KILL, "10"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
