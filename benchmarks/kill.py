"""Kills a job again and again, and compares it with the run that nobody killed.

    python benchmarks/kill.py [kills] [seed] [kind ...]

A job is started, ended by SIGKILL at a random instant, resumed from its folder, killed again up to
a few times and at last let to its end. Its journal must then be that of the uninterrupted run: the
same start, eval, inject and end events but for the time, and no evaluation in it may have been
computed twice: the loss function writes each call down. Half of the instants are uniform in time,
half aim at what is short: making the folder, replay, making a checkpoint, what happens between two
evaluations, the end. Jobs are forked from a process that has imported everything, so start-up takes
milliseconds; the runs they are compared with come from another such process.

Some jobs have one optimizer, others five, with stoppers, shared points and two workers. Of the
latter the workers are killed, too, alone and with their job, which is also ended by SIGTERM, SIGINT
and the file EXIT. Where results are not taken in order, each optimizer must go the same way for as
long as it lives, and no candidate may be in the journal twice.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import kill_watch
import numpy as np
from jobs_to_kill import KINDS, write_job
from kill_journals import Evaluated, read
from kill_watch import (
    AIMS,
    CHECKPOINT,
    DELETION,
    HANGS,
    PACKING,
    PHASES,
    REPLAY,
    STARTUP,
    Watch,
    caught,
    children,
    forked,
    outlive,
    strike,
    waited,
)

WORKERS = 3
MAX_KILLS = 5
WAYS = ("SIGKILL", "SIGKILL with workers", "SIGKILL after a worker", "SIGTERM", "SIGINT", "EXIT")
SOFT_CODES = (0, 130, 143)


@dataclass
class Tally:
    """What came of some kills."""

    kills: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    left_tmp: int = 0
    lost: int = 0
    in_flight: int = 0
    repeated: int = 0
    problems: list[str] = field(default_factory=list)
    differing: int = 0

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Chain:
    """One job, killed and resumed until it ends."""

    def __init__(self, folder: Path, name: str, expected: Evaluated, number: int) -> None:
        self.tally = Tally(runs=1)
        self._folder = folder
        self._name = name
        self._kind = KINDS[name]
        self._expected = expected
        self._auto = number % 2 == 0
        self._watch = Watch()
        self._n_sessions = 0
        self._n_killed_workers = 0

    def run(self, rng: np.random.Generator, most: int) -> Tally:
        write_job(self._folder, self._kind)
        n_kills = min(most, int(rng.integers(1, MAX_KILLS + 1)))
        while not self._session(rng if self.tally.kills.total() < n_kills else None):
            pass
        self._check_whole(read(self._latest()))
        if self.tally.problems:
            kept = tempfile.mkdtemp(prefix="killed-")
            shutil.copytree(self._folder, kept, dirs_exist_ok=True)
            self._problem(f"kept in {kept}")
        return self.tally

    def _check_whole(self, made: Evaluated) -> None:
        """Check the journal of the job that came to its end."""
        expected = self._expected
        if made.doubled or not made.in_sequence:
            self._problem(f"candidates doubled: {made.doubled}, in sequence: {made.in_sequence}")
        if len(made.x) != len(expected.x):
            self._problem(f"{len(made.x) - 1} evaluations in place of {len(expected.x) - 1}")
        if self._kind.is_ordered:
            differs = made.lines != expected.lines
        else:
            both = made.ways.keys() & expected.ways.keys()
            differs = any(made.ways[at] != expected.ways[at] for at in both)
        if differs:
            self.tally.differing += 1
            self._problem("the journal differs from the uninterrupted one")

    def _session(self, rng: np.random.Generator | None) -> bool:
        """Run one session, which is killed if rng is given; return whether the job is over."""
        parent = self._latest()
        before = read(parent)
        self._n_sessions += 1
        self._n_killed_workers = 0
        calls = self._folder / f"calls.{self._n_sessions}"
        self._watch.clear()
        pid = forked(self._arguments(parent), self._folder, calls, self._watch.install)
        if rng is None:
            phase, status = STARTUP, waited(pid)
        else:
            left = max(self._kind.calls - len(before.x), 0)
            seconds = self._kind.startup_s + 0.0013 * left
            phase, status = self._struck(pid, rng, seconds, self._aims(parent))
        if status == HANGS:
            self._problem(f"session {self._n_sessions} hangs")
        was_killed = rng is not None and (
            os.WIFSIGNALED(status) or (not read(self._latest()).ended and status >> 8 in SOFT_CODES)
        )
        if was_killed:
            self.tally.kills[f"{PHASES[phase]} (resume)" if parent else PHASES[phase]] += 1
            self.tally.left_tmp += any(self._folder.glob(".*.results.tmp"))
        latest = self._latest()
        after = read(latest)
        self._compare(before, after, calls, was_killed)
        self._check_checkpoints(latest)
        if not self._auto and parent is not None and latest != parent:
            shutil.rmtree(parent)
        if was_killed:
            return after.ended and not self._auto
        if status != 0 and status >> 8 not in SOFT_CODES:
            self._problem(f"session {self._n_sessions} ended with exit code {status >> 8}")
        return True

    def _struck(
        self, pid: int, rng: np.random.Generator, seconds: float, aims: list[int]
    ) -> tuple[int, int]:
        """End a session at a random instant; return the phase it was in and its wait status."""
        way = str(rng.choice(WAYS if self._kind.managed else WAYS[:1]))
        phase, status = caught(pid, self._watch, rng, seconds, aims)
        if status is not None:
            return phase, status
        self.tally.ways[way] += 1
        workers = children(pid)
        if way == "SIGKILL after a worker" and workers:
            strike(int(rng.choice(workers)))
            self._n_killed_workers += 1
            time.sleep(rng.uniform(0.0, 0.2))
            workers = [*workers, *children(pid)]
        elif way == "SIGKILL with workers":
            for worker in workers:
                strike(worker)
        latest = self._latest()
        if way != "EXIT":
            strike(pid, signal.Signals[way.split()[0]])
        elif latest is not None:
            (latest / "EXIT").touch()
        status = waited(pid)
        if outlive(workers):
            self._problem(f"session {self._n_sessions} left workers")
        return phase, status

    def _latest(self) -> Path | None:
        folders = sorted(
            self._folder.glob("job*.results"),
            key=lambda p: int(p.name.split(".")[1:-1][0]) if p.name.count(".") > 1 else 1,
        )
        return folders[-1] if folders else None

    def _arguments(self, parent: Path | None) -> list[str]:
        if self._auto:
            return ["params.in", "--name", "job", "--resume", "auto"]
        if parent is None:
            return ["params.in", "--name", "job"]
        (self._folder / "resume.in").write_text(f"ResumeCheckpoint {parent.name}\n")
        return ["resume.in", "--name", f"job.{self._n_sessions}"]

    def _aims(self, parent: Path | None) -> list[int]:
        """Return what this session can be caught at."""
        without = {DELETION, PACKING} | ({REPLAY} if parent is None else set())
        if "CheckpointControl" not in self._kind.text:
            without.add(CHECKPOINT)
        return [aim for aim in AIMS if aim not in without]

    def _compare(self, before: Evaluated, after: Evaluated, calls: Path, was_killed: bool) -> None:
        """Check that a session kept what was written before it, and evaluated only what was not."""
        if after.lines[: len(before.lines)] != before.lines:
            self.tally.lost += len(set(before.lines) - set(after.lines))
            self._problem(f"session {self._n_sessions} lost events")
        data = calls.read_bytes() if calls.exists() else b""
        called = [data[i : i + 24] for i in range(0, len(data), 24)]
        new = after.x[len(before.x) :]
        in_flight = len(called) - len(new)
        self.tally.in_flight += max(in_flight, 0)
        at_most = self._kind.in_flight * was_killed + 2 * self._n_killed_workers
        if self._kind.in_flight > 1:
            wrong = bool(Counter(new) - Counter(called))
        else:
            wrong = called[: len(new)] != new
        if wrong or not 0 <= in_flight <= at_most:
            self.tally.repeated += abs(in_flight)
            self._problem(
                f"session {self._n_sessions} evaluated {len(called)} points and wrote {len(new)}"
            )

    def _check_checkpoints(self, latest: Path | None) -> None:
        """Check that every checkpoint which has its name is whole."""
        from paramsrun.errors import ParamsrunError
        from paramsrun.results.opening import open_checkpoint

        for path in sorted((latest / "checkpoints").glob("[!.]*.tar.gz") if latest else ()):
            with tempfile.TemporaryDirectory(dir=self._folder) as name:
                try:
                    open_checkpoint(path, Path(name))
                except ParamsrunError as error:
                    self._problem(str(error))

    def _problem(self, what: str) -> None:
        self.tally.problems.append(f"{self._folder.name} ({self._name}): {what}")


class Work(NamedTuple):
    """The share of one worker."""

    root: Path
    expected: dict[str, Evaluated]
    seed: int
    worker: int
    n_kills: int
    kinds: list[str]


def chains(work: Work) -> Tally:
    """Kill until the share is done."""
    tally = Tally()
    names = work.kinds
    number = work.worker
    while tally.kills.total() < work.n_kills and not len(tally.problems) > 20:
        name = names[number % len(names)]
        rng = np.random.default_rng((work.seed, number))
        folder = work.root / f"kill_{work.seed}_{number:03d}"
        chain = Chain(folder, name, work.expected[name], number // len(names))
        tally.add(chain.run(rng, work.n_kills - tally.kills.total()))
        shutil.rmtree(folder)
        number += WORKERS
    return tally


def warm(root: Path) -> None:
    """Write the jobs, load each once, and import all that they need."""
    from paramsrun.job import Job

    kill_watch.warm()
    for name, kind in KINDS.items():
        write_job(root / name, kind)
        Job.load(root / name / "params.in", run_code=False).close()


def run_whole(root: Path) -> None:
    """Let a job of each kind run to its end."""
    warm(root)
    pids = [
        forked(["params.in"], root / name, root / name / "calls", Watch().install) for name in KINDS
    ]
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    sys.exit(any(statuses))


def shares(n_kills: int) -> Iterator[int]:
    for worker in range(WORKERS):
        yield n_kills // WORKERS + (worker < n_kills % WORKERS)


def report(tally: Tally, seconds: float) -> None:
    print(f"{tally.kills.total()} kills of {tally.runs} runs in {seconds:.0f} s")
    for phase, n in sorted(tally.kills.items()):
        print(f"  {phase:24}{n:4d}")
    for way, n in sorted(tally.ways.items()):
        print(f"  {way:24}{n:4d}")
    print(f"runs that differ          {tally.differing}")
    print(f"evaluations lost          {tally.lost}")
    print(f"evaluations repeated      {tally.repeated}, besides {tally.in_flight} in flight")
    print(f"half-made folders met     {tally.left_tmp}")
    for problem in tally.problems:
        print("!", problem)


def main() -> None:
    if sys.argv[1:2] == ["--whole"]:
        run_whole(Path(sys.argv[2]))
    n_kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    kinds = sys.argv[3:] or [*KINDS]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        root = Path(name)
        whole = subprocess.Popen([sys.executable, __file__, "--whole", root / "whole"])
        warm(root / "warm")
        kill_watch.shorten_segments()
        if whole.wait() != 0:
            sys.exit("The uninterrupted runs failed")
        expected = {kind: read(root / "whole" / kind / "params.results") for kind in KINDS}
        work = [Work(root, expected, seed, w, n, kinds) for w, n in enumerate(shares(n_kills))]
        tally = Tally()
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            for part in pool.map(chains, work, chunksize=1):
                tally.add(part)
    report(tally, time.perf_counter() - began)
    sys.exit(1 if tally.problems or tally.kills.total() != n_kills else 0)


if __name__ == "__main__":
    main()
