"""Engine Command: nothing of a program is left, however it or what runs it ends.

A program tells that it lives by holding a named pipe open: reading from it ends when no process
does any more.
"""

import errno
import gc
import os
import pickle
import select
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from paramsrun.problem.command.process_group import ProcessGroup
from paramsrun.problem.contract import Key
from tests.cli.jobs import PARAMETERS, SEED, start
from tests.problem.conftest import JobFolder

EVALUATE = """\
import pickle, sys, numpy as np
from paramsrun.problem.contract import Key
problem = pickle.load(open(sys.argv[1], "rb"))
problem.evaluate(np.array([0.5, 0.5]), Key(1, 1))
"""
ROOT = Path(__file__).parents[2]


class Pipe:
    """The reading end of a named pipe in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pipe"
        os.mkfifo(self.path)
        self._number = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def script(self, then: str) -> str:
        """Return a command that says x into the pipe, keeps it open and goes on."""
        return f"sh -c {shlex.quote(f'exec 3> {self.path}; echo x >&3; {then}')}"

    def wait(self) -> None:
        """Wait until a program has said its x."""
        seen, _, _ = select.select([self._number], [], [], 60.0)
        assert seen, "no program was started"
        assert self.read() == b"x\n"

    def read(self, size: int = 2) -> bytes:
        """Return what comes, or nothing once no process holds the other end."""
        os.set_blocking(self._number, True)
        return os.read(self._number, size)

    def close(self) -> None:
        os.close(self._number)


@pytest.fixture
def job(job: JobFolder) -> JobFolder:
    return job.without_data(PARAMETERS)


def command(job: JobFolder, line: str, keys: str = "", rest: str = "") -> Path:
    job.write("params.in", f"Engine Command\n  Command {line}\n{keys}EndEngine\n{rest}")
    return job.path / "params.in"


def run_until_seen(pipe: Pipe, act: Callable[[], object]) -> None:
    """Act once the program of the pipe runs; then wait until it, and all it started, is gone."""
    pipe.wait()
    act()
    assert pipe.read() == b""


def test_what_a_program_leaves_running_is_killed(job: JobFolder, tmp_path: Path) -> None:
    pipe = Pipe(tmp_path)
    command(job, pipe.script("sleep 1000 & echo 3"))
    problem = job.problem()
    for number in (1, 2):
        assert problem.evaluate(np.array([0.5, 0.5]), Key(1, number)).fx == 3.0
        assert pipe.read() == b"x\n"
        assert pipe.read() == b""
    pipe.close()


def test_a_timeout_kills_all_that_a_program_started(job: JobFolder, tmp_path: Path) -> None:
    pipe = Pipe(tmp_path)
    command(job, pipe.script("sleep 1000 & sleep 1000"), "  Timeout 0.3\n")
    (failure,) = job.problem().evaluate(np.array([0.5, 0.5]), Key(1, 1)).failures
    assert failure.reason == "it took longer than 0.3 s (Timeout)"
    pipe.read()
    assert pipe.read() == b""
    pipe.close()


def test_a_program_that_ignores_signals_is_killed(job: JobFolder, tmp_path: Path) -> None:
    pipe = Pipe(tmp_path)
    command(job, pipe.script('trap "" TERM INT HUP; sleep 1000'), "  Timeout 0.3\n")
    job.problem().evaluate(np.array([0.5, 0.5]), Key(1, 1))
    pipe.read()
    assert pipe.read() == b""
    pipe.close()


def test_a_program_ends_with_a_process_that_is_killed(job: JobFolder, tmp_path: Path) -> None:
    pipe = Pipe(tmp_path)
    command(job, pipe.script("sleep 1000 & sleep 1000"))
    (tmp_path / "problem").write_bytes(pickle.dumps(job.problem()))
    runner = subprocess.Popen([sys.executable, "-c", EVALUATE, str(tmp_path / "problem")], cwd=ROOT)
    run_until_seen(pipe, runner.kill)
    assert runner.wait() == -signal.SIGKILL
    pipe.close()


@pytest.mark.parametrize("evaluator", ["Inline", "Processes"])
@pytest.mark.parametrize("code", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_program_ends_with_its_job(
    job: JobFolder, tmp_path: Path, evaluator: str, code: signal.Signals
) -> None:
    pipe = Pipe(tmp_path)
    rest = f"Evaluator Type={evaluator} Workers=1\n{SEED}"
    file = command(job, pipe.script("sleep 1000"), "  KeepFolders None\n", rest)
    driver = start(file, folder=job.path)
    run_until_seen(pipe, lambda: os.kill(driver.pid, code))
    out, err = driver.communicate()
    assert err == ""
    if code != signal.SIGKILL:
        assert f"Ended by {code.name}" in out
        assert not (job.path / "params.results/runs").exists()
    pipe.close()


class Rung(BaseException):
    pass


def test_a_signal_that_comes_to_another_thread_is_heard_while_a_program_runs(
    job: JobFolder, tmp_path: Path
) -> None:
    pipe = Pipe(tmp_path)
    command(job, pipe.script(f"sleep 100; : > {tmp_path}/ended"))
    problem = job.problem()

    def ring(number: int, frame: FrameType | None) -> None:
        raise Rung

    def call() -> None:
        pipe.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, ring)
    caller = threading.Thread(target=call)
    caller.start()
    try:
        with pytest.raises(Rung):
            problem.evaluate(np.array([0.5, 0.5]), Key(1, 1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    caller.join()
    assert not (tmp_path / "ended").exists()
    pipe.close()


def test_a_worker_that_is_killed_takes_its_program_along(job: JobFolder, tmp_path: Path) -> None:
    from paramsrun.evaluators.contract import Task
    from paramsrun.evaluators.processes import Processes

    pipe = Pipe(tmp_path)
    command(job, pipe.script("sleep 1000"))
    evaluator = Processes(job.problem(), 1, retries=0)
    evaluator.submit(Task(Key(1, 1), np.array([0.5, 0.5])))
    ended = []
    waiting = threading.Thread(target=lambda: ended.append(evaluator.next_done()))
    waiting.start()
    run_until_seen(pipe, lambda: os.kill(evaluator.pids[0], signal.SIGKILL))
    waiting.join()
    ((_, evaluation),) = ended
    assert evaluation is not None
    assert evaluation.failures[0].reason.startswith("the worker that computed it was killed by")
    evaluator.close()
    pipe.close()


def test_programs_of_several_threads_do_not_end_each_other(job: JobFolder) -> None:
    command(job, 'sh -c "echo $PARAMSRUN_A; sleep 0.01"')
    problem = job.problem()
    found: dict[float, float] = {}

    def evaluate(a: float) -> None:
        for number in range(5):
            found[a + number] = problem.evaluate(np.array([a, 0.0]), Key(1, 1)).fx - a

    threads = [threading.Thread(target=evaluate, args=(a,)) for a in (-1.0, 0.25, 1.5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found.values()) == {0.0}


@pytest.mark.parametrize("line", ["echo 3", 'sh -c "sleep 0.2; echo 3"'])
@pytest.mark.parametrize("keys", ["", "  Timeout 1000\n"])
def test_a_program_is_waited_for_on_systems_without_handles_of_processes(
    job: JobFolder, monkeypatch: pytest.MonkeyPatch, line: str, keys: str
) -> None:
    def refuse(pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    command(job, line, keys)
    assert job.problem().evaluate(np.array([0.5, 0.5]), Key(1, 1)).fx == 3.0


def test_a_group_is_released_with_what_uses_it(tmp_path: Path) -> None:
    group = ProcessGroup()
    assert group.run(["true"], tmp_path, {}) == 0
    number = group._number
    assert group.is_usable
    os.killpg(number, 0)
    del group
    gc.collect()
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.killpg(number, 0)


def test_a_guard_that_was_killed_is_replaced(job: JobFolder) -> None:
    command(job, "echo 3")
    problem = job.problem()
    x = np.array([0.5, 0.5])
    assert problem.evaluate(x, Key(1, 1)).fx == 3.0
    (group,) = problem.training._groups  # type: ignore[attr-defined]
    group._guard.kill()
    group._guard.wait()
    del group
    assert problem.evaluate(x, Key(1, 2)).fx == 3.0
    assert problem.training._groups[-1].is_usable  # type: ignore[attr-defined]
