"""Starting jobs in children of a process that has imported all, and catching them at an instant."""

import mmap
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Where a file may not grow, Python keeps half a .pyc and fails in each later import of it.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
SEGMENT_EVENTS = 40
"""In place of 5,000, so that these short journals have segments that are full too."""
PHASES = (
    *("start-up", "folder", "replay", "loss", "between", "checkpoint", "end"),
    *("deletion", "packing"),
)
STARTUP, FOLDER, REPLAY, LOSS, BETWEEN, CHECKPOINT, END, DELETION, PACKING = range(len(PHASES))
AIMS = {
    FOLDER: (1, 0.004),
    REPLAY: (1, 0.004),
    BETWEEN: (150, 0.0002),
    CHECKPOINT: (15, 0.003),
    END: (1, 0.004),
    DELETION: (15, 0.0005),
    PACKING: (20, 0.002),
}
"""What is aimed at: at most so many times in one run, and seconds that it takes."""
HANGS = -1
PATIENCE_S = 60.0
"""A job that was asked to end and has not by then hangs."""


def warm() -> None:
    """Import all that jobs need, so that their start is short."""
    import cma
    import scipy.optimize  # noqa: F401

    import paramsrun.results.opening
    import paramsrun.session  # noqa: F401

    cma.CMAEvolutionStrategy(np.zeros(2), 1.0, {"verbose": -9})


def shorten_segments() -> None:
    from paramsrun.results import journal

    journal.SEGMENT_EVENTS = SEGMENT_EVENTS


class Watch:
    """One byte that a job shares with who kills it: the phase it is in; and how often each came."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 128)

    def clear(self) -> None:
        self._memory[:] = bytes(128)

    @property
    def phase(self) -> int:
        return self._memory[0]

    def entered(self, phase: int) -> int:
        return int.from_bytes(self._memory[8 * (phase + 1) - 4 : 8 * (phase + 1)], "little")

    def count(self, phase: int) -> None:
        at = 8 * (phase + 1)
        self._memory[at - 4 : at] = (self.entered(phase) + 1).to_bytes(4, "little")

    def enter(self, phase: int) -> None:
        self.count(phase)
        self._memory[0] = phase

    def beside(self, owner: Any, name: str, phase: int) -> None:
        """Count the calls of a function, which may be in another thread or phase."""
        inner: Callable[..., Any] = getattr(owner, name)

        def told(*args: Any, **kwargs: Any) -> Any:
            self.count(phase)
            return inner(*args, **kwargs)

        setattr(owner, name, told)

    def around(self, owner: Any, name: str, phase: int) -> None:
        """Let a function tell that it runs."""
        inner: Callable[..., Any] = getattr(owner, name)

        def told(*args: Any, **kwargs: Any) -> Any:
            before = self.phase
            self.enter(phase)
            try:
                return inner(*args, **kwargs)
            finally:
                self._memory[0] = END if before == STARTUP and phase == BETWEEN else before

        setattr(owner, name, told)

    def install(self) -> None:
        """Watch this process."""
        from paramsrun.manager.loop import Manager
        from paramsrun.problem.engines.function import FunctionObjective
        from paramsrun.results import folder
        from paramsrun.results.checkpoint import Checkpoints
        from paramsrun.results.checkpoint_list import CheckpointList
        from paramsrun.results.journal import Journal
        from paramsrun.results.packing import Packing

        self.around(folder, "create", FOLDER)
        self.around(Manager, "resume", REPLAY)
        self.around(Manager, "run", BETWEEN)
        self.around(FunctionObjective, "evaluate", LOSS)
        self.around(Checkpoints, "write", CHECKPOINT)
        self.around(CheckpointList, "add", DELETION)
        self.beside(Packing, "_pack_next", PACKING)
        self.beside(Journal, "append", BETWEEN)
        self.around(Manager, "leave", END)


def forked(
    arguments: list[str],
    folder: Path,
    calls: Path,
    before: Callable[[], None],
    log: int | None = None,
) -> int:
    """Start a command in a child of this process; return its pid.

    calls is where the loss function writes its calls; before is called in the child. What the
    command says goes into a file, or to log.
    """
    pid = os.fork()
    if pid:
        return pid
    code: object = 99
    try:
        os.chdir(folder)
        to = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666) if log is None else log
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(to, number)
            lines = open(number, "w", 1, closefd=False)  # noqa: SIM115  open to the end
            setattr(sys, name, lines)
        os.environ["CALLS"] = str(calls)
        print("$", *arguments, flush=True)
        before()
        from paramsrun.cli.command import main

        main(arguments)
    except SystemExit as end:
        code = end.code or 0
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):  # the disk may be full
            sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 98)


class Caught(NamedTuple):
    """Where a process was at a random instant."""

    phase: int
    status: int | None
    """If it ended before that instant: with which status."""


def caught(
    pid: int, watch: Watch, rng: np.random.Generator, seconds: float, aims: list[int]
) -> Caught:
    """Wait for a random instant of a process.

    seconds is how long it will run, aims what it may be caught at.
    """
    if rng.random() < 0.5:
        return caught_in(watch, rng.uniform(0.0, seconds))
    return caught_at(pid, watch, rng, int(rng.choice(aims)))


def caught_in(watch: Watch, seconds: float) -> Caught:
    """Wait so long."""
    time.sleep(seconds)
    return Caught(watch.phase, None)


def caught_at(
    pid: int, watch: Watch, rng: np.random.Generator, aim: int, part: float = 1.0
) -> Caught:
    """Wait until a process has done something a few times, and for a random instant of the last.

    part is which part of the run is still to come.
    """
    most, seconds = AIMS[aim]
    delay = rng.uniform(0.0, seconds)
    nth = int(rng.integers(1, max(1, round(part * most)) + 1))
    while watch.entered(aim) < nth:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return Caught(watch.phase, status)
        time.sleep(2e-5)
    return caught_in(watch, delay)


def strike(pid: int, code: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, code)


def waited(pid: int) -> int:
    """Return the status with which a process ends; one that hangs is killed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(1e-3)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HANGS


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if path.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(path.parent.name))
    return found


def outlive(workers: list[int]) -> bool:
    """Return whether one of those workers is there long after its driver."""
    until = time.monotonic() + PATIENCE_S
    while living := [pid for pid in workers if is_worker(pid)]:
        if time.monotonic() > until:
            return bool(living)
        time.sleep(0.01)
    return False


def is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"evaluators.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
