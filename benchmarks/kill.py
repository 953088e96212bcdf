"""Kills a job again and again, and compares it with the run that nobody killed.

    python benchmarks/kill.py [kills] [seed]

A job is started, ended by SIGKILL at a random instant, resumed from its folder, killed again up to
a few times and at last let to its end. Its journal must then be that of the uninterrupted run: the
same start, eval, inject and end events but for the time, and no evaluation in it may have been
computed twice: the loss function writes each call down. Half of the instants are uniform in time,
half aim at what is short: making the folder, replay, making a checkpoint, what happens between two
evaluations, the end. Jobs are forked from a process that has imported everything, so start-up takes
milliseconds; the runs they are compared with come from another such process.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import orjson

WORKERS = 3
MAX_KILLS = 5
SEGMENT_EVENTS = 40
"""In place of 5,000, so that these short journals have segments that are full too."""
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
CODE = """
import os, time
calls = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
def loss(x):
    os.write(calls, x.tobytes())
    time.sleep(0.001)
    return float(((x - 0.3) ** 2).sum() + 3.0 * (x[0] - 0.3) * (x[1] - 0.3) + (x[2] - 0.3) ** 4)
"""
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n" for i in range(3)
)
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
QUICK_CMAES = (
    "Optimizer\n   Type CMAES\n   CMAES\n      Settings\n         tolfun 1e-2\n"
    "         tolx 1e-2\n      End\n   End\nEnd\n"
)
NELDER_MEAD = "Optimizer\n   Type Scipy\n   Scipy\n      Algorithm Nelder-Mead\n   End\nEnd\n"
SAMPLING = (
    "Optimizer\n   Type RandomSampling\n   RandomSampling\n      NumberOfSamples 150\n   End\nEnd\n"
)
CHECKPOINTS = "CheckpointControl\n   EveryFunctionCalls 20\n   KeepPast 1\n   AtEnd Yes\nEnd\n"


class Kind(NamedTuple):
    """A job to be killed."""

    text: str
    calls: int


KINDS = {
    "CMAES": Kind(CMAES, 200),
    "Nelder-Mead": Kind(NELDER_MEAD, 180),
    "RandomSampling": Kind(SAMPLING, 150),
    "two blocks": Kind(QUICK_CMAES + NELDER_MEAD + CHECKPOINTS, 285),
}


class Evaluated(NamedTuple):
    """What a folder's journal says."""

    lines: list[bytes]
    """The events that make two journals equal, without t."""
    x: list[bytes]
    """The points evaluated, the initial one among them."""
    ended: bool


@dataclass
class Tally:
    """What came of some kills."""

    kills: Counter[str] = field(default_factory=Counter)
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


def write_job(folder: Path, kind: Kind) -> None:
    folder.mkdir(parents=True)
    (folder / "loss.py").write_text(CODE)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    (folder / "params.in").write_text(
        f"RandomSeed 1\nEngine Function\n   Call loss:loss\nEndEngine\n{kind.text}"
        "ExitCondition\n   Type MaxTotalFunctionCalls\n"
        f"   MaxTotalFunctionCalls {kind.calls}\nEnd\n"
    )


def read(folder: Path | None) -> Evaluated:
    """Return what a journal holds; a torn last line is left out."""
    lines, x, ended = [], [], False
    if folder is not None:
        for path in sorted((folder / "optimization/journal").glob("*.jsonl")):
            for line in path.read_bytes().split(b"\n")[:-1]:
                event = orjson.loads(line)
                ended = event["e"] == "exit" and event["how"] != "signal"
                if event["e"] == "eval":
                    x.append(np.array(event["x"], dtype=np.float64).tobytes())
                if event["e"] in EVENTS:
                    del event["t"]
                    lines.append(orjson.dumps(event))
    return Evaluated(lines, x, ended)


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
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 98)


def killed(
    pid: int, watch: Watch, rng: np.random.Generator, seconds: float, aims: list[int]
) -> tuple[int, int]:
    """Kill a process at a random instant; return the phase it was in and its wait status.

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
                return watch.phase, status
            time.sleep(2e-5)
    time.sleep(delay)
    phase = watch.phase
    os.kill(pid, signal.SIGKILL)
    return phase, os.waitpid(pid, 0)[1]


class Chain:
    """One job, killed and resumed until it ends."""

    def __init__(self, folder: Path, name: str, expected: list[bytes], number: int) -> None:
        self.tally = Tally(runs=1)
        self._folder = folder
        self._name = name
        self._kind = KINDS[name]
        self._expected = expected
        self._auto = number % 2 == 0
        self._watch = Watch()
        self._n_sessions = 0

    def run(self, rng: np.random.Generator, most: int) -> Tally:
        write_job(self._folder, self._kind)
        n_kills = min(most, int(rng.integers(1, MAX_KILLS + 1)))
        while not self._session(rng if self.tally.kills.total() < n_kills else None):
            pass
        if read(self._latest()).lines != self._expected:
            self.tally.differing += 1
            self._problem("the journal differs from the uninterrupted one")
        if self.tally.problems:
            kept = tempfile.mkdtemp(prefix="killed-")
            shutil.copytree(self._folder, kept, dirs_exist_ok=True)
            self._problem(f"kept in {kept}")
        return self.tally

    def _session(self, rng: np.random.Generator | None) -> bool:
        """Run one session, which is killed if rng is given; return whether the job is over."""
        parent = self._latest()
        before = read(parent)
        self._n_sessions += 1
        calls = self._folder / f"calls.{self._n_sessions}"
        self._watch.clear()
        pid = forked(self._arguments(parent), self._folder, calls, self._watch)
        if rng is None:
            phase, status = STARTUP, os.waitpid(pid, 0)[1]
        else:
            seconds = 0.06 + 0.0013 * max(self._kind.calls - len(before.x), 0)
            phase, status = killed(pid, self._watch, rng, seconds, self._aims(parent))
        was_killed = os.WIFSIGNALED(status)
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
        if status != 0:
            self._problem(f"session {self._n_sessions} ended with exit code {status >> 8}")
        return True

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
        if called[: len(new)] != new or not 0 <= in_flight <= was_killed:
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
    expected: dict[str, list[bytes]]
    seed: int
    worker: int
    n_kills: int


def chains(work: Work) -> Tally:
    """Kill until the share is done."""
    tally = Tally()
    names = list(KINDS)
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
    from paramsrun.results import checkpoint, journal

    journal.SEGMENT_EVENTS = checkpoint.SEGMENT_EVENTS = SEGMENT_EVENTS


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
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        root = Path(name)
        whole = subprocess.Popen([sys.executable, __file__, "--whole", root / "whole"])
        warm(root / "warm")
        shorten_segments()
        if whole.wait() != 0:
            sys.exit("The uninterrupted runs failed")
        expected = {kind: read(root / "whole" / kind / "params.results").lines for kind in KINDS}
        work = [Work(root, expected, seed, w, n) for w, n in enumerate(shares(n_kills))]
        tally = Tally()
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            for part in pool.map(chains, work, chunksize=1):
                tally.add(part)
    report(tally, time.perf_counter() - began)
    sys.exit(1 if tally.problems or tally.kills.total() != n_kills else 0)


if __name__ == "__main__":
    main()
