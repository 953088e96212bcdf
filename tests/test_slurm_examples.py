"""The scripts of examples/slurm: the one for one machine for real, the others with a toy Slurm."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.jobs import evaluations_of, journal_of
from tests.evaluators.cluster.conftest import is_there, until

SLURM = Path(__file__).parents[1] / "examples/slurm"
SCRIPTS = sorted(path.name for path in SLURM.iterdir() if path.suffix in (".sh", ".sbatch"))
N = 200
HELD = """

import os

made = 0
at_once = loss


def loss(x):
    global made
    made += 1
    while made > 60 and os.path.exists({path!r}):
        time.sleep(0.01)
    return at_once(x)
"""
SRUN = """#!/bin/sh
n=${1#--ntasks=}
shift 2
while [ "$n" -gt 0 ]; do "$@" & n=$((n - 1)); done
trap 'kill $(jobs -p)' TERM
wait
wait
"""
SCONTROL = '#!/bin/sh\necho "$@" >> scontrol.txt\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "slurm"
    shutil.copytree(SLURM, there, ignore=shutil.ignore_patterns("*.results", "__pycache__"))
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (there / "held").touch()
    with (there / "model.py").open("a") as model:
        model.write(HELD.format(path=str(there / "held")))
    return there


@pytest.fixture
def shortened(folder: Path) -> Path:
    """A job that is soon at its end."""
    file = folder / "params.in"
    text = file.read_text()
    assert text.count(" 640\n") == 1
    file.write_text(text.replace(" 640\n", f" {N}\n"))
    return folder


@contextmanager
def started(folder: Path, script: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a script; at the end nothing of it may be left."""
    own = Path(sys.executable).parent
    path = f"{own}:{folder.parent / 'programs'}:{os.environ['PATH']}"
    slurm = {"SLURM_SUBMIT_DIR": str(folder), "SLURM_JOB_ID": "17", "SLURM_NTASKS": "4"}
    with subprocess.Popen(
        ["bash", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "INTERFACE": "lo", **slurm, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
            until(lambda: not in_session(process.pid), f"the end of all of {script}")
        finally:
            for pid in in_session(process.pid):
                os.kill(pid, signal.SIGKILL)


def in_session(leader: int) -> list[int]:
    """Return the processes of a session that run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        if int(fields[3]) == leader and is_there(pid):
            found.append(pid)
    return found


def wait_for_evaluations(folder: Path, n: int) -> None:
    results = folder / "params.results"
    until(lambda: results.is_dir() and len(evaluations_of(results)) > n, "evaluations")


def wait_for_exit(folder: Path) -> None:
    """Wait until the job has ended; no worker makes more than 60 points before."""
    until(lambda: journal_of(folder / "params.results")[-1]["e"] == "exit", "the end of the job")
    (folder / "held").unlink()


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_one_that_bash_can_read(script: str) -> None:
    subprocess.run(["bash", "-n", str(SLURM / script)], check=True)


def test_on_one_machine_the_job_runs_to_its_end_and_goes_on_after_a_signal(shortened: Path) -> None:
    with started(shortened, "one_machine.sh", WORKERS="2") as script:
        wait_for_evaluations(shortened, 30)
        script.send_signal(signal.SIGTERM)
        wait_for_exit(shortened)
        _, told = script.communicate(timeout=60)
        assert script.returncode == 143, told
    assert [*shortened.glob("params.results/checkpoints/*.tar.gz")]
    n = len(evaluations_of(shortened / "params.results"))
    assert n < N
    with started(shortened, "one_machine.sh", WORKERS="2") as script:
        _, told = script.communicate(timeout=120)
        assert script.returncode == 0, told
    assert len(evaluations_of(shortened / "params.2.results")) == N
    assert not (shortened / "scheduler.json").exists()


def test_an_allocation_is_queued_again_before_its_time_is_over_and_goes_on(shortened: Path) -> None:
    with started(shortened, "allocation.sbatch") as script:
        wait_for_evaluations(shortened, 30)
        script.send_signal(signal.SIGUSR1)
        wait_for_exit(shortened)
        _, told = script.communicate(timeout=60)
        assert script.returncode == 0, told
    assert (shortened / "scontrol.txt").read_text() == "requeue 17\n"
    with started(shortened, "allocation.sbatch") as script:
        _, told = script.communicate(timeout=120)
        assert script.returncode == 0, told
    assert len(evaluations_of(shortened / "params.2.results")) == N
    assert (shortened / "scontrol.txt").read_text() == "requeue 17\n"


def test_workers_of_an_array_come_to_a_driver_that_waits_for_them(folder: Path) -> None:
    with started(folder, "driver.sbatch") as driver, started(folder, "workers.sbatch") as worker:
        wait_for_evaluations(folder, 30)
        driver.send_signal(signal.SIGTERM)
        wait_for_exit(folder)
        _, told = driver.communicate(timeout=60)
        assert driver.returncode == 143, told
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
    assert not (folder / "scontrol.txt").exists()
