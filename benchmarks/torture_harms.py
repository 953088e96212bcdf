"""What is done to a session of a job: kills that are aimed or not, and obstacles."""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from kill_watch import (
    BETWEEN,
    CHECKPOINT,
    DELETION,
    END,
    FOLDER,
    PACKING,
    REPLAY,
    Watch,
    caught_at,
    caught_in,
    children,
    strike,
    waited,
)
from torture_disk import SmallDisk, close_folder
from torture_faults import KILL, ON, ONCE, TripWire

INTERPRETER_S = 1.2
"""A new Python has imported paramsrun and begun by then, on two busy cores."""

WORKERS_S = 20.0
"""A job that is to have workers has them by then."""


class Harm(NamedTuple):
    """A row of the table."""

    name: str
    needs: frozenset[str] = frozenset()
    """What must be there: ``parent``, ``workers``, ``disk``, ``closing``."""
    aim: int | None = None
    """A phase in which to kill."""

    @property
    def weight(self) -> float:
        """How often it is chosen, where it can be: what needs much is not possible everywhere."""
        return 3.0 if self.needs else 1.0


def harm(name: str, *needs: str, aim: int | None = None) -> Harm:
    return Harm(name, frozenset(needs), aim)


START = harm("kill: start of Python")
ANY = harm("kill: any instant")
WITH_WORKERS = harm("kill: driver and workers", "workers")
WORKERS_ALONE = harm("kill: workers alone", "workers")
OPERATION = harm("kill: within a file operation")
FAILS = harm("one file operation fails")
FAIL = harm("all file operations fail")
FULL = harm("full disk", "disk")
CLOSED = harm("read-only folders", "closing")
LIMIT = harm("file-size limit")
HARMS = (
    *(START, ANY),
    harm("kill: making the folder", aim=FOLDER),
    harm("kill: resume, replay", "parent", aim=REPLAY),
    harm("kill: between evaluations", aim=BETWEEN),
    harm("kill: checkpoint writing", aim=CHECKPOINT),
    harm("kill: checkpoint deletion", aim=DELETION),
    harm("kill: packing", aim=PACKING),
    harm("kill: the end", aim=END),
    *(WITH_WORKERS, WORKERS_ALONE, OPERATION, FAILS, FAIL, FULL, CLOSED, LIMIT),
)


class Session(NamedTuple):
    """A session that is to be harmed."""

    root: Path
    """Folder of all that the job may write to."""
    folder: Path
    """In which the command is given."""
    latest: Callable[[], Path | None]
    """The newest results folder."""
    seconds: float
    """It will run so long."""
    part: float
    """So much of a long run is still to come."""
    may_lift: bool
    """Whether an obstacle may be lifted meanwhile: a program that has met one fails for reasons of
    its own if it is gone before anyone looks."""
    disk: SmallDisk | None
    watch: Watch


class Outcome(NamedTuple):
    """What came of it."""

    status: int
    """As from waitpid."""
    done: bool = True
    """Whether the session was harmed before it ended."""
    n_killed_workers: int = 0
    workers: tuple[int, ...] = ()
    """Those that were seen."""


class Doing:
    """One harm done to one session.

    Call `before`, start the process with `within` called in it, then call `then`.
    """

    def __init__(self, what: Harm, session: Session, rng: np.random.Generator) -> None:
        self._what = what
        self._on = session
        self._rng = rng
        self._at_start = rng.random() < 0.3
        self._closed: list[Path] = []

    @property
    def in_new_python(self) -> bool:
        """Whether the session is to be started in an interpreter of its own."""
        return self._what is START

    def before(self) -> None:
        """Put an obstacle up that is there from the start."""
        if self._at_start and self._what in (FULL, CLOSED):
            self._put_up(os.getpid())

    def within(self) -> None:
        """Do what is to be done within the process."""
        rng, what = self._rng, self._what
        if what in (OPERATION, FAILS, FAIL):
            act = {OPERATION: KILL, FAILS: ONCE, FAIL: ON}[what]
            nth = int(np.exp(rng.uniform(0.0, np.log(20.0 + 250.0 * self._on.part))))
            TripWire(self._on.root, nth, act, rng.random()).install()
        elif what is LIMIT and self._at_start:
            self._put_up(os.getpid())

    def then(self, pid: int) -> Outcome:
        """Go on with what began, until the session has ended."""
        if self._what in (OPERATION, FAILS, FAIL):
            return Outcome(waited(pid))
        if self._what in (FULL, CLOSED, LIMIT):
            return self._obstruct(pid)
        return self._kill(pid)

    def lift(self) -> None:
        """Take the obstacle away."""
        if self._on.disk is not None:
            self._on.disk.free()
        for folder in self._closed:
            close_folder(folder, False)
        self._closed.clear()

    def _kill(self, pid: int) -> Outcome:
        rng, on = self._rng, self._on
        if self._what.aim is not None:
            _, status = caught_at(pid, on.watch, rng, self._what.aim, 0.7 * on.part)
        else:
            if self._what is WORKERS_ALONE:
                _await_workers(pid)
            _, status = caught_in(
                on.watch, rng.uniform(0.0, INTERPRETER_S if self.in_new_python else on.seconds)
            )
        if status is not None:
            return Outcome(status, done=False)
        workers = children(pid)
        if self._what is WORKERS_ALONE:
            return self._kill_workers(pid, workers)
        for worker in workers if self._what is WITH_WORKERS else ():
            strike(worker)
        strike(pid)
        return Outcome(waited(pid), workers=tuple(workers))

    def _kill_workers(self, pid: int, workers: list[int]) -> Outcome:
        """Kill some workers; then their job at once, later, or not at all."""
        n = int(self._rng.integers(1, len(workers) + 1)) if workers else 0
        for worker in workers[:n]:
            strike(worker)
        if self._rng.random() < 0.5:
            time.sleep(self._rng.uniform(0.0, 0.3))
            workers = [*workers, *children(pid)]
            strike(pid)
        return Outcome(waited(pid), n > 0, n, tuple(workers))

    def _obstruct(self, pid: int) -> Outcome:
        """Put an obstacle up; let the session end there, kill it there, or lift it again."""
        rng = self._rng
        if not self._at_start:
            time.sleep(rng.uniform(0.0, self._on.seconds))
            self._put_up(pid)
        course = rng.choice(["ends", "is killed", "goes on"])
        if course == "goes on" and not self._on.may_lift:
            course = "ends"
        if course != "ends":
            time.sleep(rng.uniform(0.0, self._on.seconds))
        workers = children(pid)
        if course == "is killed":
            strike(pid)
        elif course == "goes on":
            self.lift()
            if self._what is LIMIT:
                _limit(pid, resource.RLIM_INFINITY)
        return Outcome(waited(pid), workers=tuple(workers))

    def _put_up(self, pid: int) -> None:
        rng = self._rng
        if self._what is FULL:
            assert self._on.disk is not None
            self._on.disk.fill(int(rng.choice([0, rng.integers(0, 40_000)])))
        elif self._what is LIMIT:
            _limit(pid, int(np.exp(rng.uniform(0.0, np.log(60_000.0)))))
        else:
            self._close_folders()

    def _close_folders(self) -> None:
        latest = self._on.latest()
        there = [self._on.folder, self._on.root / "tmp"]
        if latest is not None:
            there += [latest, *(p for p in latest.rglob("*") if p.is_dir())]
        chance = self._rng.choice([0.1, 0.5, 1.0])
        for folder in there:
            if folder.is_dir() and self._rng.random() < chance:
                self._closed.append(folder)
                close_folder(folder, True)


def _await_workers(pid: int) -> None:
    """Wait until a job has workers, or has ended."""
    until = time.monotonic() + WORKERS_S
    while not children(pid) and time.monotonic() < until:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.01)


def _limit(pid: int, n_bytes: int) -> None:
    """Let a process write no file larger than that; it may be gone."""
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, hard))
    except ProcessLookupError:
        return


def new_python(arguments: list[str]) -> None:
    """Become a new interpreter that runs the command."""
    program = "from paramsrun.cli.command import main; main()"
    os.execv(sys.executable, [sys.executable, "-c", program, *arguments])
