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

import mmap
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import orjson
from jobs_to_kill import KINDS, write_job

WORKERS = 3
MAX_KILLS = 5
SEGMENT_EVENTS = 40
"""In place of 5,000, so that these short journals have segments that are full too."""
SOFT_ENDS = ("signal", "request")
EVENTS = ("start", "eval", "inject", "end")
PHASES = ("start-up", "folder", "replay", "loss", "between", "checkpoint", "end")
STARTUP, FOLDER, REPLAY, LOSS, BETWEEN, CHECKPOINT, END = range(len(PHASES))
AIMS = {
    FOLDER: (1, 0.004),
    REPLAY: (1, 0.004),
    BETWEEN: (150, 0.0002),
    CHECKPOINT: (15, 0.003),
    END: (1, 0.004),
}
"""What is aimed at: at most so many times in one run, and seconds that it takes."""
WAYS = ("SIGKILL", "SIGKILL with workers", "SIGKILL after a worker", "SIGTERM", "SIGINT", "EXIT")
SOFT_CODES = (0, 130, 143)
HANGS = -1
PATIENCE_S = 60.0
"""A job that was asked to end and has not by then hangs."""


class Evaluated(NamedTuple):
    """What a folder's journal says."""

    lines: list[bytes]
    """The events that make two journals equal, without t."""
    x: list[bytes]
    """The points evaluated, the initial one among them."""
    ended: bool
    ways: dict[tuple[int, int, int], bytes]
    """Each candidate (optimizer, batch, place) and its point and loss."""
    doubled: int
    """Candidates that are there more than once."""
    in_sequence: bool
    """Whether the evaluations are numbered from 1 without a gap."""


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


def read(folder: Path | None) -> Evaluated:
    """Return what a journal holds; a torn last line is left out."""
    lines, x, ended, n = [], [], False, []
    ways: dict[tuple[int, int, int], bytes] = {}
    if folder is not None:
        for path in sorted((folder / "optimization/journal").glob("*.jsonl")):
            for line in path.read_bytes().split(b"\n")[:-1]:
                event = orjson.loads(line)
                ended = event["e"] == "exit" and event["how"] not in SOFT_ENDS
                if event["e"] == "eval":
                    x.append(np.array(event["x"], dtype=np.float64).tobytes())
                    n.append(event["n"])
                    at = (event["o"], event["b"], event["i"])
                    ways[at] = orjson.dumps([event["x"], event["fx"]])
                if event["e"] in EVENTS:
                    del event["t"]
                    lines.append(orjson.dumps(event))
    in_sequence = n == list(range(len(n)))
    return Evaluated(lines, x, ended, ways, len(n) - len(ways), in_sequence)


class Watch:
    """One byte that a job shares with who kills it: the phase it is in; and how often each came."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 64)

    def clear(self) -> None:
        self._memory[:] = bytes(64)

    @property
    def phase(self) -> int:
        return self._memory[0]

    def entered(self, phase: int) -> int:
        return int.from_bytes(self._memory[8 * (phase + 1) - 4 : 8 * (phase + 1)], "little")

    def enter(self, phase: int) -> None:
        at = 8 * (phase + 1)
        self._memory[at - 4 : at] = (self.entered(phase) + 1).to_bytes(4, "little")
        self._memory[0] = phase

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

        self.around(folder, "create", FOLDER)
        self.around(Manager, "resume", REPLAY)
        self.around(Manager, "run", BETWEEN)
        self.around(FunctionObjective, "evaluate", LOSS)
        self.around(Checkpoints, "write", CHECKPOINT)
        self.around(Manager, "leave", END)


def forked(arguments: list[str], folder: Path, calls: Path, watch: Watch) -> int:
    """Start a command in a child of this process; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code: object = 99
    try:
        os.chdir(folder)
        log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ["CALLS"] = str(calls)
        watch.install()
        from paramsrun.cli.command import main

        print("$", *arguments, flush=True)
        main(arguments)
    except SystemExit as end:
        code = end.code or 0
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
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
        delay = rng.uniform(0.0, seconds)
    else:
        aim = int(rng.choice(aims))
        most, seconds = AIMS[aim]
        delay = rng.uniform(0.0, seconds)
        nth = int(rng.integers(1, most + 1))
        while watch.entered(aim) < nth:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return Caught(watch.phase, status)
            time.sleep(2e-5)
    time.sleep(delay)
    return Caught(watch.phase, None)


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
    until = time.monotonic() + 3.0
    while living := [pid for pid in workers if is_worker(pid)]:
        if time.monotonic() > until:
            return bool(living)
        time.sleep(0.01)
    return False


def is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"evaluators.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


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
        pid = forked(self._arguments(parent), self._folder, calls, self._watch)
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
        without = {REPLAY} if parent is None else set()
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
    """Write the jobs, and import all that they need, so that their start is short."""
    import cma
    import scipy.optimize  # noqa: F401

    import paramsrun.results.opening  # noqa: F401
    from paramsrun.job import Job

    cma.CMAEvolutionStrategy(np.zeros(2), 1.0, {"verbose": -9})
    for name, kind in KINDS.items():
        write_job(root / name, kind)
        Job.load(root / name / "params.in", run_code=False).close()


def shorten_segments() -> None:
    from paramsrun.results import journal

    journal.SEGMENT_EVENTS = SEGMENT_EVENTS


def run_whole(root: Path) -> None:
    """Let a job of each kind run to its end."""
    warm(root)
    pids = [forked(["params.in"], root / name, root / name / "calls", Watch()) for name in KINDS]
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
        shorten_segments()
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
