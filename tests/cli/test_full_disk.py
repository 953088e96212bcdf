"""A disk that takes no more: a clear error, and what was written stays readable.

A limit on the size of files stands for the disk: each file in turn is the one that does not fit.
"""

import resource
from pathlib import Path

import pytest

from paramsrun.results.log import INDENT
from tests.cli.jobs import (
    SPHERE,
    evaluations_of,
    function_job,
    lennard_jones_job,
    paramsrun,
    start,
)

MANY = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 5000\nEnd\n"
SAMPLES = (
    "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples 9000\n  End\nEnd\n"
)
RARE = "LoggingInterval\n  General 100000\nEnd\n"


def run_limited(file: Path, n_bytes: int, folder: Path) -> tuple[int, str, str]:
    """Run a job that may write no file larger than n_bytes; return exit code, output, errors."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    run = start(file, folder=folder, before=limit, environment={"PYTHONDONTWRITEBYTECODE": "1"})
    output, errors = run.communicate()
    return run.returncode, output, errors


def test_a_journal_that_cannot_grow_ends_the_run_and_stays_readable(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", SPHERE, SAMPLES + MANY + RARE)
    code, _, errors = run_limited(file, 40_000, tmp_path)
    assert code == 1
    segment = tmp_path / "params.results/optimization/journal/000001.jsonl"
    told = (
        f"The journal {segment} cannot be written: File too large. Make room, and go on with "
        "--resume auto\n"
    )
    assert errors == told
    log = (tmp_path / "params.results/job.log").read_text()
    assert log.endswith(f" Ended by an error:\n{INDENT}{told}")
    assert 39_000 < segment.stat().st_size <= 40_000
    status = paramsrun("status", tmp_path / "params.results")
    assert status.exit_code == 0, status.output
    assert f"Not running, and cut short: {told}" in status.output
    n = int(status.output.partition("Evaluations ")[2].split()[0])
    assert 100 < n < 5000


@pytest.mark.parametrize("n_bytes", [100, 1000, 1700, 8000])
def test_wherever_the_disk_is_full_there_is_one_line_and_a_readable_folder(
    tmp_path: Path, n_bytes: int
) -> None:
    file = lennard_jones_job(tmp_path / "job", SAMPLES + MANY)
    code, _, errors = run_limited(file, n_bytes, tmp_path)
    assert code == 1
    assert "cannot be" in errors
    assert errors.count("\n") == 1
    results = tmp_path / "params.results"
    if results.exists():
        status = paramsrun("status", results)
        assert status.exit_code == 0, status.output
        assert f"Evaluations      {len(evaluations_of(results))}\n" in status.output
    assert not list(tmp_path.glob(".*.tmp"))
