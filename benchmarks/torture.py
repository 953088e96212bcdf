"""Tortures jobs: kills and obstacles at random instants, each resumed, all compared.

    python benchmarks/torture.py [kills=1000] [seed=1] [--case N] [--kind NAME ...]

A job is started and harmed: ended by SIGKILL at any instant or while it does what is short
(Python's start, making the folder, replay, checkpoints, their deletion, packing, in the middle of a
file operation, the end), or it meets an obstacle (a file operation that fails, a full disk, folders
that take nothing new, a limit on the size of files), which is then lifted. It goes on by `--resume
auto`, from its folder or from its newest checkpoint, is harmed again up to four times, and at last
let to its end. Its journal must be that of the uninterrupted run, which another process made: the
same start, eval, inject and end events but for the time. The loss function tells each call, so no
evaluation can be lost or made twice unseen; those that were under way when a session was cut, and
may be made again, are counted apart.

A row of the table is a sort of harm: how often it was done, how many of those sessions then ended
by themselves, and what must be 0: evaluations lost and made twice, runs that differ, sessions with
a traceback, sessions that hang, and anything else that is wrong (an exit code, workers left, a
damaged checkpoint). The exit code is 0 only where all of that is 0.

1,000 kills take four minutes on two cores, more where the disk is slow. Ctrl-C ends it and prints
what there is. Where a job goes wrong, all its files are kept, and the command that repeats the case
is printed; kills by time will not meet the same instant again, faults in file operations will.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # where no file may grow, it would be a torn one

import kill_watch
import numpy as np
from kill_journals import Evaluated, read
from torture_case import Case, Row, Told
from torture_disk import SmallDisk, leave_mounts, why_not_closed
from torture_harms import HARMS
from torture_jobs import Kind, kinds, write_job

AT_ONCE = 3
PROGRESS = 25
MAX_PROBLEMS = 30
COLUMNS = ("kills", "ended", "in flight", "lost", "twice", "differ", "traceb.", "hangs", "other")


class Stage(NamedTuple):
    """What all cases share."""

    root: Path
    seed: int
    kinds: dict[str, Kind]
    expected: dict[str, Evaluated]
    disks: list[SmallDisk]
    can_close: bool

    def name(self, number: int) -> str:
        """Return the job of a case."""
        return list(self.kinds)[number % len(self.kinds)]


class Totals:
    """Collects what the cases tell."""

    def __init__(self) -> None:
        self.rows = {harm.name: Row() for harm in HARMS}
        self.n_cases = 0
        self.failed = 0
        self.problems: list[str] = []

    @property
    def n_kills(self) -> int:
        return sum(row.kills for row in self.rows.values())

    def add(self, told: Told, stage: Stage) -> None:
        before = self.n_kills // PROGRESS
        self.n_cases += 1
        for name, row in told.rows.items():
            self.rows[name].add(row)
        if told.problems:
            self.failed += 1
            name = stage.name(told.number)
            self.problems.append(f"case {told.number} ({name}), seed {stage.seed}:")
            self.problems += [f"  {problem}" for problem in told.problems]
            self.problems.append(
                f"  again: python benchmarks/torture.py 1 {stage.seed} --case {told.number}"
            )
            print("\n".join(self.problems[-len(told.problems) - 2 :]), flush=True)
        if self.n_kills // PROGRESS > before:
            print(f"{self.n_kills} kills, {self.n_cases} jobs, {self.failed} wrong", flush=True)


_STAGE: list[Stage] = []
"""The one of this process; those forked from it have it too."""


def tortured(number: int, slot: int) -> Told:
    """Run one case in a process of the pool; slot is which of those that run at once."""
    stage = _STAGE[0]
    rng = np.random.default_rng((stage.seed, number))
    root = stage.root / f"slot_{slot}"
    root.mkdir(exist_ok=True)
    on_disk = bool(stage.disks) and rng.random() < 0.5
    name = stage.name(number)
    case = Case(
        number,
        root,
        stage.kinds[name],
        stage.expected[name],
        stage.disks[slot] if on_disk else None,
        stage.can_close,
    )
    return case.run(rng)


def torture(stage: Stage, n_kills: int, numbers: Iterator[int], totals: Totals) -> None:
    """Run cases until there were so many kills."""
    _STAGE[:] = [stage]
    running: dict[Future[Told], int] = {}
    with ProcessPoolExecutor(AT_ONCE, get_context("fork"), _ignore_interrupts) as pool:
        free = list(range(AT_ONCE))
        try:
            while running or totals.n_kills < n_kills:
                while free and totals.n_kills < n_kills and len(totals.problems) < MAX_PROBLEMS:
                    number = next(numbers, None)
                    if number is None:
                        break
                    slot = free.pop()
                    running[pool.submit(tortured, number, slot)] = slot
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    free.append(running.pop(future))
                    totals.add(future.result(), stage)
        except KeyboardInterrupt:
            print("Interrupted: what is under way comes to its end", flush=True)
            for future in running:
                totals.add(future.result(), stage)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_whole(root: Path, names: list[str]) -> None:
    """Let a job of each kind run to its end."""
    kill_watch.warm()
    for name in names:
        folder = root / name
        write_job(folder, kinds()[name])
        (folder / "calls").touch()
        whole = ["params.in", "--name", "whole"]
        pid = kill_watch.forked(whole, folder, folder / "calls", lambda: None)
        if os.waitpid(pid, 0)[1] != 0:
            print((folder / "log").read_text())
            sys.exit(1)


@contextmanager
def staged(seed: int, chosen: dict[str, Kind]) -> Iterator[Stage]:
    """Give what all cases share; tell what cannot be tried here, and why."""
    with ExitStack() as stack:
        cannot_mount = leave_mounts()
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="torture-")))
        command = [sys.executable, __file__, "--whole", root / "whole", "--kind", *chosen]
        whole = subprocess.Popen(command, start_new_session=True)
        kill_watch.warm()
        kill_watch.shorten_segments()
        if whole.wait() != 0:
            sys.exit("The uninterrupted runs failed")
        expected = {name: read(root / "whole" / name / "whole.results") for name in chosen}
        disks = []
        for slot in range(0 if cannot_mount else AT_ONCE):
            disks.append(SmallDisk(root / f"disk_{slot}"))
            stack.callback(disks[-1].close)
        if cannot_mount:
            print(f"Skipped: full disk, since no small one can be mounted: {cannot_mount}")
        cannot_close = why_not_closed(root)
        if cannot_close:
            print(f"Skipped: read-only folders, since none can be made: {cannot_close}")
        yield Stage(root, seed, chosen, expected, disks, not cannot_close)


def report(totals: Totals, seconds: float) -> bool:
    """Print the table; return whether all is well."""
    print(f"\n{'':34}" + "".join(f"{name:>10}" for name in COLUMNS))
    whole = Row()
    for name, row in totals.rows.items():
        print(line(name, row))
        whole.add(row)
    print(line(f"all ({totals.n_cases} jobs)", whole))
    for problem in totals.problems:
        print(problem)
    print(
        f"\n{whole.kills} kills and obstacles in {seconds:.0f} s ({whole.kills / seconds:.2f}/s): "
        f"evaluations lost {whole.lost}, made twice {whole.twice}, runs that differ {whole.differ}"
    )
    return whole.is_good and not totals.problems


def line(name: str, row: Row) -> str:
    return f"{name:34}" + "".join(f"{value:10d}" for value in vars(row).values())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill jobs, resume them, compare them.")
    parser.add_argument("kills", type=int, nargs="?", default=1000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--case", type=int, help="run this case alone")
    parser.add_argument("--kind", nargs="*", choices=kinds(), help="these jobs only")
    parser.add_argument("--whole", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    if given.whole is not None:
        run_whole(given.whole, given.kind)
        return
    chosen = {name: kind for name, kind in kinds().items() if name in (given.kind or kinds())}
    totals, began = Totals(), time.perf_counter()
    print(f"{given.kills} kills, seed {given.seed}: about {given.kills * 2 // 60 + 1} minutes")
    with staged(given.seed, chosen) as stage:
        numbers = count() if given.case is None else iter([given.case])
        torture(stage, given.kills, numbers, totals)
    is_good = report(totals, time.perf_counter() - began)
    is_done = given.case is not None or totals.n_kills >= given.kills
    sys.exit(0 if is_good and is_done else 1)


if __name__ == "__main__":
    main()
