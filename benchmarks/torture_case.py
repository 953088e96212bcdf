"""One job, harmed and resumed until it ends, and compared with the run that nobody harmed."""

import fcntl
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from kill_journals import Evaluated, read, read_segments
from kill_watch import HANGS, Watch, forked, outlive, waited
from torture_disk import SmallDisk
from torture_harms import HARMS, Doing, Harm, Outcome, Session, new_python
from torture_jobs import Kind, write_job

MAX_HARMS = 5
MAX_SESSIONS = 25
MOST_CALLS = 200
SET_PIPE_BYTES = 1031  # F_SETPIPE_SZ, which Python's fcntl does not name everywhere
PIPE_BYTES = 1 << 20
TOLD_CODES = (0, 1, 2)
TRACES = ("Traceback (most recent call last)", "Exception ignored", "Fatal Python error")


@dataclass
class Row:
    """What came of the harms of one sort."""

    kills: int = 0
    ended: int = 0
    """Sessions that ended by themselves, not by a kill."""
    in_flight: int = 0
    lost: int = 0
    twice: int = 0
    differ: int = 0
    tracebacks: int = 0
    hangs: int = 0
    other: int = 0

    def add(self, other: "Row") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def is_good(self) -> bool:
        bad = (self.lost, self.twice, self.differ, self.tracebacks, self.hangs, self.other)
        return not any(bad)


@dataclass
class Told:
    """What one case tells."""

    number: int
    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def n_kills(self) -> int:
        return sum(row.kills for row in self.rows.values())


class Origin(NamedTuple):
    """What a session goes on with."""

    arguments: list[str]
    before: Evaluated
    parent: Path | None
    """The newest results folder as it begins."""


class Case:
    """One job.

    Parameters
    ----------
    root
        An empty folder for all that it writes; there may be a small disk below it.
    expected
        What the run that nobody harmed wrote.
    """

    def __init__(
        self,
        number: int,
        root: Path,
        kind: Kind,
        expected: Evaluated,
        disk: SmallDisk | None,
        can_close: bool,
    ) -> None:
        self.told = Told(number)
        self._root = root
        self._at = (root if disk is None else disk.path) / f"case_{number}"
        self._folder = self._at / "job"
        self._kind = kind
        self._expected = expected
        self._disk = disk
        self._can_close = can_close
        self._watch = Watch()
        self._n_sessions = 0
        self._seen: set[Path] = set()
        self._row = Row()
        self._has_differed = False

    def run(self, rng: np.random.Generator) -> Told:
        """Harm it a few times, let it come to its end; return what came of it."""
        write_job(self._folder, self._kind)
        (self._at / "tmp").mkdir()
        try:
            self._run(rng, int(rng.integers(1, MAX_HARMS + 1)))
        finally:
            if self.told.problems:
                self._keep()
            shutil.rmtree(self._at)
        return self.told

    def _run(self, rng: np.random.Generator, n_harms: int) -> None:
        while self.told.n_kills < n_harms and self._n_sessions < MAX_SESSIONS:
            harms = [one for one in HARMS if one.needs <= self._has()]
            weights = np.array([one.weight for one in harms])
            what = harms[int(rng.choice(len(harms), p=weights / weights.sum()))]
            self._row = self.told.rows.setdefault(what.name, Row())
            if self._session(rng, what):
                return
        if not self._session(rng, None):
            self._other("the resumed run did not come to its end")

    def _has(self) -> set[str]:
        has = {
            "parent": self._latest() is not None,
            "workers": self._kind.has_workers,
            "disk": self._disk is not None,
            "closing": self._can_close,
        }
        return {name for name, is_there in has.items() if is_there}

    def _session(self, rng: np.random.Generator, what: Harm | None) -> bool:
        """Run one session, harmed if what is given; return whether the job is over."""
        origin = self._origin(rng)
        self._n_sessions += 1
        self._watch.clear()
        with self._pipe(self._calls.name) as calls, self._pipe("log") as log:
            outcome = self._run_session(origin, rng, what, log)
            called, said = drained(calls), drained(log).decode(errors="replace")
        (self._at / f"log.{self._n_sessions}").write_text(said)
        if what is not None and outcome.done:
            self._row.kills += 1
            self._row.ended += os.WIFEXITED(outcome.status) and outcome.status != HANGS
        over = self._check_journal(origin, called, outcome)
        self._check_end(outcome, said, what is not None)
        self._check_checkpoints()
        return over

    @property
    def _calls(self) -> Path:
        """Where the calls of this session are told: what an earlier one left comes too late."""
        return self._root / f"calls.{self._n_sessions}"

    def _run_session(
        self, origin: Origin, rng: np.random.Generator, what: Harm | None, log: int
    ) -> Outcome:
        left = max(self._kind.calls - len(origin.before.x), 0)
        seconds = self._kind.startup_s + 0.0015 * left
        part = left / MOST_CALLS
        may_lift = bool(self._kind.call)
        session = Session(
            self._at, self._folder, self._latest, seconds, part, may_lift, self._disk, self._watch
        )
        doing = None if what is None else Doing(what, session, rng)

        def begin() -> None:
            tempfile.tempdir = str(self._at / "tmp")
            if doing is None or not doing.in_new_python:
                self._watch.install()
            if doing is not None:
                doing.within()
                if doing.in_new_python:
                    new_python(origin.arguments)

        try:
            if doing is not None:
                doing.before()
            pid = forked(origin.arguments, self._folder, self._calls, begin, log)
            return Outcome(waited(pid)) if doing is None else doing.then(pid)
        finally:
            if doing is not None:
                doing.lift()

    @contextmanager
    def _pipe(self, name: str) -> Iterator[int]:
        """Give a named pipe of this session: no disk is full and no limit met in writing to it."""
        path = self._root / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        pipe = os.open(path, os.O_RDWR)
        with suppress(OSError):
            fcntl.fcntl(pipe, SET_PIPE_BYTES, PIPE_BYTES)
        try:
            yield pipe
        finally:
            path.unlink()
            os.close(pipe)

    def _origin(self, rng: np.random.Generator) -> Origin:
        """Choose how to go on: as queues do, from the folder, or from the newest checkpoint."""
        latest = self._latest()
        auto = ["params.in", "--name", "job", "--resume", "auto"]
        how = rng.choice(["auto", "folder", "checkpoint"], p=[0.4, 0.25, 0.35])
        before = read(latest)
        if latest is None or before.ended or how == "auto":  # others refuse a run that has ended
            return Origin(auto, before, latest)
        path = latest
        if how == "checkpoint" and (newest := self._newest_checkpoint()) is not None:
            held = self._held(newest)
            if held is not None and len(held.x) <= self._kind.calls:  # else there is nothing to do
                path, before = newest, held
        name = f"job.{number_of(latest) + 1}"
        return Origin(["params.in", "--name", name, "--resume", str(path)], before, latest)

    def _latest(self) -> Path | None:
        return max(self._folder.glob("job*.results"), key=number_of, default=None)

    def _newest_checkpoint(self) -> Path | None:
        return max(self._checkpoints(), key=lambda path: path.stat().st_mtime_ns, default=None)

    def _checkpoints(self) -> Iterator[Path]:
        """Yield every checkpoint that has its name."""
        for folder in (self._folder, *self._folder.glob("job*.results")):
            yield from folder.glob("checkpoints*/[!.]*.tar.gz")

    def _held(self, checkpoint: Path) -> Evaluated | None:
        """Return what the journal of a checkpoint says; None where the checkpoint is not whole."""
        from paramsrun.errors import ParamsrunError
        from paramsrun.results.opening import open_checkpoint

        with tempfile.TemporaryDirectory(dir=self._root) as name:
            try:
                open_checkpoint(checkpoint, Path(name))
            except ParamsrunError as error:
                self._other(str(error))
                return None
            return read_segments(Path(name) / "journal")

    def _check_journal(self, origin: Origin, called: bytes, outcome: Outcome) -> bool:
        """Check what a session wrote; return whether the job is over."""
        latest, before = self._latest(), origin.before
        after = before if latest == origin.parent else read(latest)
        if after.lines[: len(before.lines)] != before.lines:
            self._row.lost += max(1, len(before.x) - len(after.x))
            self._problem("events of before are lost")
        if after.lines != self._expected.lines[: len(after.lines)] or not after.in_sequence:
            self._differs("the journal is not that of the uninterrupted run")
        self._check_calls(before, after, called, outcome)
        over = after.ended and os.WIFEXITED(outcome.status)
        if over and len(after.lines) != len(self._expected.lines):
            self._differs(f"{len(after.lines)} events in place of {len(self._expected.lines)}")
        return over

    def _check_calls(
        self, before: Evaluated, after: Evaluated, called: bytes, outcome: Outcome
    ) -> None:
        """Check that only what was not written was computed, and that all computed is written."""
        calls = Counter(called[i : i + 24] for i in range(0, len(called), 24))
        written = Counter(after.x[len(before.x) :])
        if written - calls:
            self._other("evaluations were written that nobody made")
        unwritten = calls - written
        n, was_cut = unwritten.total(), outcome.status != 0
        most = self._kind.in_flight * was_cut + 2 * outcome.n_killed_workers
        self._row.in_flight += min(n, most)
        if n > most:
            again = sum((unwritten & Counter(after.x)).values())
            self._row.twice += again
            self._row.lost += max(0, n - most - again)
            self._problem(f"{n} evaluations are not written ({most} may be), {again} made twice")

    def _check_end(self, outcome: Outcome, said: str, was_harmed: bool) -> None:
        """Check how a session ended and what it said."""
        status = outcome.status
        if status == HANGS:
            self._row.hangs += 1
            self._problem("hangs")
        elif os.WIFEXITED(status):
            code = os.waitstatus_to_exitcode(status)
            if code not in (TOLD_CODES if was_harmed else (0,)):
                self._other(f"ended with exit code {code}")
            if code != 0 and said.count("\n") < 2:
                self._other("ended without a word")
        if any(trace in said for trace in TRACES):
            self._row.tracebacks += 1
            self._problem("has a traceback")
        if outlive(list(outcome.workers)):
            self._other("left workers")

    def _check_checkpoints(self) -> None:
        """Check that every new checkpoint is whole and holds the beginning of the run."""
        for path in {*self._checkpoints()} - self._seen:
            self._seen.add(path)
            held = self._held(path)
            if held is not None and held.lines != self._expected.lines[: len(held.lines)]:
                self._differs(f"{path.name} is not of the uninterrupted run")

    def _differs(self, what: str) -> None:
        """Count a run that differs, once."""
        self._row.differ += not self._has_differed
        self._has_differed = True
        self._problem(what)

    def _other(self, what: str) -> None:
        self._row.other += 1
        self._problem(what)

    def _problem(self, what: str) -> None:
        self.told.problems.append(f"session {self._n_sessions}: {what}")

    def _keep(self) -> None:
        kept = tempfile.mkdtemp(prefix="tortured-")
        shutil.copytree(self._at, kept, dirs_exist_ok=True)
        self.told.problems.append(f"kept in {kept}")


def number_of(folder: Path) -> int:
    """Return which session a results folder is of."""
    middle = folder.name.split(".")[1:-1]
    return int(middle[0]) if middle else 1


def drained(pipe: int) -> bytes:
    """Return all that is in a pipe."""
    os.set_blocking(pipe, False)
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(pipe, PIPE_BYTES):
            parts.append(part)
    return b"".join(parts)
