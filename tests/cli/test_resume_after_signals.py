"""A run that a signal ended goes on from its folder or the checkpoint that the signal made.

The function of these jobs says through a FIFO that it is being evaluated, then waits for a signal.
"""

import os
import signal
from pathlib import Path

import pytest

from tests.cli.jobs import SAMPLING, evaluations_of, function_job, paramsrun, start, story
from tests.resuming.runs import SEED, checkpoints, control, done, events, go_on, numbers, until

N = 40
EVERY_ROW = "LoggingInterval\n  General 1\nEnd\n"
RESULTS = Path("params.results")
RESUMED = Path("resume.results")
WAITING = """
import os, time
n = 0
def wait():
    with open("ready", "w") as fifo:
        fifo.write("ready")
    while True:
        time.sleep(0.01)
def loss(x):
    global n
    n += 1
    if n == {at} and os.path.exists("ready"):
        {wait}
    return float(x @ x)
"""
WAIT = "wait()"
DEAF = """
        try:
            wait()
        except BaseException:
            wait()
"""


def job(tmp_path: Path, n_done: int, wait: str = WAIT, text: str = "") -> Path:
    """Return the input of a job that waits when so many evaluations are done; -1 for none."""
    os.mkfifo("ready")
    code = WAITING.format(at=n_done + 2, wait=wait)
    return function_job(
        tmp_path / "job", code, SAMPLING + SEED + EVERY_ROW + text + until(N), "waits"
    )


def ended_by(number: signal.Signals, file: Path) -> tuple[int, str]:
    """Run a job until it waits and send it a signal; return exit code and output."""
    with start(file, folder=Path()) as run:
        assert Path("ready").read_text() == "ready"
        run.send_signal(number)
        output, errors = run.communicate()
    assert errors == ""
    Path("ready").unlink()
    return run.returncode, output


@pytest.mark.parametrize(
    ("number", "code", "n_done"),
    [(signal.SIGINT, 130, 18), (signal.SIGTERM, 143, 0), (signal.SIGTERM, 143, 31)],
)
def test_a_signal_makes_a_checkpoint_at_once_and_the_run_goes_on_from_it(
    tmp_path: Path, number: signal.Signals, code: int, n_done: int
) -> None:
    file = job(tmp_path, n_done, text=control(EveryFunctionCalls=30))
    assert ended_by(number, file)[0] == code
    assert len(evaluations_of(RESULTS)) == n_done
    assert not (RESULTS / "run.lock").exists()
    (name,) = checkpoints(RESULTS / "checkpoints")
    assert checkpoints(RESULTS / "checkpoints")[name] == n_done
    done(paramsrun(file, "--name", "whole"))
    done(go_on())
    done(go_on(file="from_checkpoint.in", origin=RESULTS / "checkpoints" / name))
    whole = story(Path("whole.results"))
    assert story(RESUMED) == story(Path("from_checkpoint.results")) == whole
    assert numbers(RESUMED) == list(range(n_done + 1, N + 1))


def test_the_log_tells_of_signal_and_checkpoint(tmp_path: Path) -> None:
    _, output = ended_by(signal.SIGTERM, job(tmp_path, 18, text=control()))
    *_, saved, ended, _ = output.splitlines()
    assert saved.endswith("] Checkpoint c000 made after 18 evaluations")
    assert ended.endswith("] Ended by SIGTERM")


def test_no_second_checkpoint_is_made_where_there_is_one(tmp_path: Path) -> None:
    ended_by(signal.SIGTERM, job(tmp_path, 20, text=control(EveryFunctionCalls=10)))
    assert checkpoints(RESULTS / "checkpoints") == {"c001.tar.gz": 20}


def test_a_signal_in_the_initial_evaluation_leaves_a_run_that_begins_with_it(
    tmp_path: Path,
) -> None:
    file = job(tmp_path, -1)
    assert ended_by(signal.SIGTERM, file)[0] == 143
    assert events(RESULTS, "eval") == []
    output = done(go_on())
    assert "Initial loss" in output
    done(paramsrun(file, "--name", "whole"))
    assert story(RESUMED) == story(Path("whole.results"))


def test_auto_goes_on_after_a_signal(tmp_path: Path) -> None:
    file = job(tmp_path, 18)
    ended_by(signal.SIGINT, file)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "Resumed from params.results, after 18 evaluations\n" in output
    assert "Done. 40 evaluations" in output


def test_a_second_signal_ends_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    file = job(tmp_path, 18, DEAF)
    with start(file, folder=Path()) as run:
        assert Path("ready").read_text() == "ready"
        run.send_signal(signal.SIGINT)
        assert Path("ready").read_text() == "ready"
        run.send_signal(signal.SIGTERM)
        assert run.wait() == 143
        run.communicate()
    Path("ready").unlink()
    assert events(RESULTS, "exit") == []
    done(go_on())
    done(paramsrun(file, "--name", "whole"))
    assert story(RESUMED) == story(Path("whole.results"))
