"""Jobs that are killed, and that meet obstacles, at random instants; and what tells of it."""

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FAULTS = """
import os, sys
from pathlib import Path
from torture_faults import KILL, ON, ONCE, TripWire

folder, nth, act, place = sys.argv[1:]
TripWire(Path(folder), int(nth), act, float(place)).install()
file = os.open(os.path.join(folder, "file"), os.O_WRONLY | os.O_CREAT)
for letter in "abcd":
    try:
        os.write(file, letter.encode() * 10)
    except OSError as error:
        print(letter, error.errno)
"""
DIFFERENT = """
import sys
from pathlib import Path
import numpy as np
import kill_watch
from kill_journals import read
from torture_case import Case
from torture_jobs import kinds

kill_watch.warm()
case = Case(0, Path(sys.argv[1]), kinds()["CMAES"], read(None), None, False)
told = case.run(np.random.default_rng(1))
print(sum(row.differ for row in told.rows.values()))
print(*told.problems, sep="\\n")
"""


def python(code: str, *arguments: object, **named: str) -> "subprocess.CompletedProcess[str]":
    """Run code beside the benchmarks."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={"PYTHONPATH": str(BENCHMARKS), **named},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_twelve_kills_and_obstacles_lose_nothing_and_repeat_nothing() -> None:
    command = [sys.executable, BENCHMARKS / "torture.py", "12", "1"]
    command += ["--kind", "CMAES", "Plugin with a state", "many", "LeastSquares, workers"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "evaluations lost 0, made twice 0, runs that differ 0" in done.stdout


def test_a_run_that_is_not_the_expected_one_is_told_once_and_kept(tmp_path: Path) -> None:
    done = python(DIFFERENT, tmp_path, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    n, *problems = done.stdout.splitlines()
    assert n == "1"
    assert any("the journal is not that of the uninterrupted run" in line for line in problems)
    kept = Path(problems[-1].removeprefix("kept in "))
    assert (kept / "job" / "params.in").is_file()


def test_a_trip_wire_cuts_a_write_and_ends_the_process(tmp_path: Path) -> None:
    done = python(FAULTS, tmp_path, 3, "SIGKILL", 0.5)  # the first change is the new file
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == b"a" * 10 + b"b" * 5


@pytest.mark.parametrize(
    ("act", "failed", "written"),
    [("fails", "b", "acd"), ("all fail from then on", "bcd", "a")],
)
def test_a_trip_wire_lets_a_file_operation_fail(
    tmp_path: Path, act: str, failed: str, written: str
) -> None:
    done = python(FAULTS, tmp_path, 3, act, 0.0)
    assert done.stdout.split() == [w for c in failed for w in (c, str(errno.ENOSPC))]
    assert (tmp_path / "file").read_text() == "".join(c * 10 for c in written)
