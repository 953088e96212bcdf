"""Workers end with their driver, and at once when they are told to."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from paramsrun.evaluators import crew
from tests.evaluators.conftest import Make
from tests.evaluators.losses import Perilous, Slow, results, task

ROOT = Path(__file__).parents[2]
HANGS = Perilous(((1, "hang"), (2, "hang")))
UNGUARDED = """
import sys
from paramsrun.evaluators.processes import Processes
from tests.evaluators.losses import {problem}, task

assert __name__ == "__main__"
evaluator = Processes({problem}{arguments}, 2)
for number in (1, 2):
    evaluator.submit(task(number))
evaluator.next_done({seconds})
print(*evaluator.pids, flush=True)
evaluator.next_done()
"""


def is_there(pid: int) -> bool:
    """Return whether a process lives; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


HANGING_S = 60.0
"""What is not so by then never will be."""


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + HANGING_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def driver(folder: Path, problem: str, arguments: str, seconds: float) -> "subprocess.Popen[bytes]":
    """Start a script that drives two workers and has no guard of its main part."""
    script = folder / "unguarded.py"
    script.write_text(UNGUARDED.format(problem=problem, arguments=arguments, seconds=seconds))
    return subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    ("problem", "arguments"),
    [("Slow", "(1000.0)"), ("Perilous", "(((1, 'hang'), (2, 'hang')))"), ("Slow", "(0.0)")],
)
def test_workers_end_with_a_driver_that_is_killed_and_hold_nothing_of_it(
    tmp_path: Path, problem: str, arguments: str
) -> None:
    with driver(tmp_path, problem, arguments, 1.0) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert pids
        process.kill()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(HANGING_S), "standard output did not end"
        assert process.stdout.read() == b""
        assert soon(lambda: not any(map(is_there, pids)))


@pytest.mark.parametrize("problem", [HANGS, Slow(1000.0), Slow(0.0)])
def test_close_ends_workers_whatever_they_do(processes: Make, problem: Perilous | Slow) -> None:
    evaluator = processes(problem)
    evaluator.submit(task(1))
    evaluator.submit(task(2))
    evaluator.next_done(0.6)
    pids = evaluator.pids
    assert len(pids) >= 1
    evaluator.close()
    assert soon(lambda: not any(map(is_there, pids)))
    evaluator.close()


def test_close_ends_workers_that_are_only_starting(processes: Make) -> None:
    evaluator = processes(Slow(0.0))
    evaluator.submit(task(1))
    pids = evaluator.pids
    evaluator.close()
    assert pids
    assert soon(lambda: not any(map(is_there, pids)))


def test_close_waits_for_the_end_of_what_it_killed(
    processes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_GRACE_S", 0.0)  # as where the machine is too busy to end them soon
    evaluator = processes(HANGS, 8)
    for number in range(1, 9):
        evaluator.submit(task(number))
    pids = evaluator.pids
    evaluator.close()
    assert len(pids) == 8
    assert not any(map(is_there, pids))


class Rung(BaseException):
    pass


@pytest.mark.parametrize("after_s", [0.001, 0.02, 0.5])
def test_a_signal_breaks_out_of_waiting_at_any_moment(processes: Make, after_s: float) -> None:
    evaluator = processes(HANGS)

    def ring(number: int, frame: FrameType | None) -> None:
        if evaluator.interruptible:
            raise Rung
        signal.setitimer(signal.ITIMER_REAL, 0.001)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, after_s)
    try:
        with pytest.raises(Rung):
            list(results(evaluator, 1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert not evaluator.interruptible
    pids = evaluator.pids
    evaluator.close()
    assert soon(lambda: not any(map(is_there, pids)))


def test_what_an_evaluation_started_ends_with_its_worker(processes: Make, tmp_path: Path) -> None:
    evaluator = processes(Slow(1000.0), 1)
    evaluator.submit(task(1))
    evaluator.next_done(0.3)
    (pid,) = evaluator.pids
    child = subprocess.Popen(["sleep", "1000"], process_group=pid)
    evaluator.close()
    assert child.wait(HANGING_S) == -signal.SIGKILL
