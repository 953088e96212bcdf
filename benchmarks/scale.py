"""What grows with the size of a run, and what must not: time, memory, files, resuming, reading.

    python benchmarks/scale.py [row ...] [--scale 1.0]

Each row is a job (see jobs_to_scale.py) in a process of its own: a million evaluations, a thousand
optimizers, 500 parameters, 10,000 jobs in a collection, a journal of 200 MB. Printed are
microseconds of processor time an evaluation early and late in the run and their ratio, memory at a
tenth of it or 10,000 evaluations and at the end, and the verdict: flat where the ratio is at most
1.3 and memory grew by at most 64 MB. Early is the run from 10 to 30 % (before that algorithms build
what they go on with: Nelder-Mead of 500 parameters a simplex), late are its last 20 %. Rows of job
collections compare the cost of a job of a small collection with that of a large one.
Below each row stand the costs of check, checkpoint, resume and of each command that reads the
results. All rows take about 20 minutes; --scale 0.01 makes the jobs a hundredth of their size.
Rows are printed as they end; Ctrl-C ends after the row at work. Exit code 1 if one is not flat.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

from jobs_to_scale import KINDS, Kind, Size, write_job

MAX_RATIO = 1.3
MAX_GROWTH_MB = 64.0
MB = 1e-6
SCRIPT = str(Path(__file__).absolute())
PARAMSRUN = (sys.executable, "-c", "from paramsrun.cli.command import main; main()")


class Mark(NamedTuple):
    """A run at one of its evaluations."""

    n: int
    cpu_s: float
    wall_s: float
    mb: float
    files: int
    """Open ones."""


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    mb: float
    """Its largest memory."""


class Flatness(NamedTuple):
    """Whether a row is flat, and the figures that say so."""

    early_us: float
    late_us: float
    mb_before: float
    mb_after: float
    n_between: int

    @property
    def ratio(self) -> float:
        return self.late_us / self.early_us

    @property
    def bytes_each(self) -> float:
        return (self.mb_after - self.mb_before) / MB / max(1, self.n_between)

    @property
    def is_flat(self) -> bool:
        return self.ratio <= MAX_RATIO and self.mb_after - self.mb_before <= MAX_GROWTH_MB


# What a process of its own does


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") * MB


def watch(wanted: list[int], marks: list[Mark]) -> None:
    """Let every session from now on take a mark after each of the wanted evaluations."""
    from paramsrun import session

    made, left = session.evaluator_of, sorted(set(wanted), reverse=True)

    def counting(*args: Any) -> Any:
        evaluator, n = made(*args), -1  # the initial evaluation does not count
        following = evaluator.next_done

        def next_done(timeout_s: float) -> Any:
            nonlocal n
            done = following(timeout_s)
            if done is not None:
                n += 1
                if left and n >= left[-1]:
                    files = len(os.listdir("/proc/self/fd"))
                    clocks = time.process_time(), time.perf_counter()
                    marks.append(Mark(left.pop(), *clocks, resident_mb(), files))
            return done

        evaluator.next_done = next_done
        return evaluator

    session.evaluator_of = counting


def run_here(file: str, wanted: list[int]) -> None:
    """Run a job and print its marks, and when reading its input began and had ended."""
    from paramsrun.job import Job

    marks: list[Mark] = []
    watch(wanted, marks)
    began = time.perf_counter()
    with Job.load(file) as job:
        loaded = time.perf_counter()
        job.run(echo=lambda line: None)
    print(json.dumps({"began": began, "loaded": loaded, "marks": marks}))


def bare_pycma_us(n: int, calls: int) -> float:
    """Return the microseconds of an evaluation by pycma alone, begun anew whenever it stops."""
    import cma
    import numpy as np

    rng, made, es = np.random.default_rng(1), 0, None
    began = time.process_time()
    while made < calls:
        if es is None or es.stop():
            options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0, "seed": made + 1}
            es = cma.CMAEvolutionStrategy(rng.random(n), 0.2, options)
        points = es.ask()
        es.tell(points, [float(x @ x) for x in points])
        made += len(points)
    return (time.process_time() - began) / made * 1e6


# What is measured of one job


def process(args: tuple[str, ...], folder: Path) -> tuple[Cost, str]:
    """Run a command in a folder; return what it took and what it printed."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        child = subprocess.Popen(args, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        out.seek(0)
        text = out.read()
    if child.returncode != 0:
        sys.exit(f"{args} ended with exit code {child.returncode}:\n{text[-2000:]}")
    return Cost(seconds, usage.ru_maxrss * 1024 * MB), text


def measured(file: str, wanted: list[int], folder: Path) -> tuple[Cost, dict[str, Any]]:
    cost, text = process((sys.executable, SCRIPT, "--run", file, json.dumps(wanted)), folder)
    told = json.loads(text.splitlines()[-1])
    return cost, {**told, "marks": [Mark(*mark) for mark in told["marks"]]}


def marks_for(calls: int) -> list[int]:
    shares = {calls // 10, calls * 3 // 10, calls // 2, calls * 8 // 10, calls}
    return sorted(shares | {n for n in (10_000, 100_000, 500_000) if n < calls})


def along(marks: list[Mark]) -> Flatness:
    """Compare a run from 10 to 30 % with its last 20 %."""
    at = {mark.n: mark for mark in marks}
    calls = marks[-1].n
    tenth, third, eighth = (at[calls * tenths // 10] for tenths in (1, 3, 8))
    early = at.get(10_000, tenth)
    end = at[calls]
    return Flatness(
        (third.cpu_s - tenth.cpu_s) / (third.n - tenth.n) * 1e6,
        (end.cpu_s - eighth.cpu_s) / (end.n - eighth.n) * 1e6,
        early.mb,
        end.mb,
        end.n - early.n,
    )


def across(few: list[Mark], many: list[Mark], sizes: list[Size]) -> Flatness:
    """Compare what a job of a small and of a large collection costs; memory along the large."""
    each = [
        (marks[-1].wall_s - marks[0].wall_s) / (marks[-1].n - marks[0].n) / size.n_jobs * 1e6
        for marks, size in zip((few, many), sizes, strict=True)
    ]
    return Flatness(*each, many[0].mb, many[-1].mb, many[-1].n - many[0].n)


HEAD = f"{'':20}{'us early':>9}{'us late':>9}{'ratio':>7}{'MB then':>9}{'MB end':>9}{'B each':>8}"


def line(name: str, flatness: Flatness) -> str:
    f = flatness
    verdict = "flat" if f.is_flat else "NOT flat"
    return (
        f"{name:20}{f.early_us:9.4g}{f.late_us:9.4g}{f.ratio:7.2f}{f.mb_before:9.1f}"
        f"{f.mb_after:9.1f}{f.bytes_each:8.1f}  {verdict}"
    )


def row(name: str, kind: Kind, scale: float, root: Path) -> Iterator[str | Flatness]:
    """Yield the lines of a row, and its flatness."""
    sizes, runs = kind.sizes(scale), []
    folder = root / name
    for size in sizes:
        folder = root / f"{name}-{size.n_jobs}"
        write_job(folder, kind, size)
        cost, told = measured("params.in", marks_for(size.calls), folder)
        runs.append(told["marks"])
        yield f"  {size.title}: {cost.seconds:.1f} s in all, at most {cost.mb:.0f} MB"
        yield f"    read in {told['loaded'] - told['began']:.2f} s; at evaluation (open files) " + (
            ", ".join(f"{m.n:,}: {m.mb:.0f} MB ({m.files})" for m in told["marks"])
        )
    flatness = across(*runs, sizes) if kind.across else along(runs[0])
    yield flatness
    if kind.pycma:
        asked = str(sizes[-1].n_params), str(sizes[-1].calls // 5)
        _, bare = process((sys.executable, SCRIPT, "--pycma", *asked), folder)
        yield f"    bare pycma alone: {float(bare):.1f} us an evaluation"
    yield from afterwards(folder)


def afterwards(folder: Path) -> Iterator[str]:
    """Yield what it costs to keep, to read and to resume the run in a folder."""
    results = folder / "params.results"
    files = [path for path in results.rglob("*") if path.is_file()]
    inodes = {(s := path.stat()).st_ino: s.st_size for path in files}
    journal = sorted((results / "optimization/journal").glob("*.jsonl"))
    n_events = sum(path.read_bytes().count(b"\n") for path in journal)
    checkpoint = results / "checkpoints/end.tar.gz"
    yield (
        f"    results: {len(files):,} files, {sum(inodes.values()) * MB:.1f} MB, of which journal "
        f"{sum(path.stat().st_size for path in journal) * MB:.1f} MB ({n_events:,} events), "
        f"checkpoint {checkpoint.stat().st_size * MB:.1f} MB"
    )
    commands = {
        "check": ("check", "params.in"),
        "status": ("status", results.name),
        "show": ("show", str(checkpoint)),
        "export": ("export", results.name, "--csv"),
        "plot": ("plot", results.name),
    }
    for title, args in commands.items():
        cost, _ = process((*PARAMSRUN, *args), folder)
        yield f"    {title:10}{cost.seconds:8.2f} s {cost.mb:8.0f} MB"
    cost, told = measured("again.in", [1], folder)
    seconds = told["marks"][0].wall_s - told["began"]
    yield (
        f"    {'resume':10}{seconds:8.2f} s {cost.mb:8.0f} MB, {seconds / n_events * 1e6:.1f} us "
        "an event, to its first evaluation"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure whether costs grow with the size of runs")
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(KINDS))
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    for name in given.rows:
        if name not in KINDS:
            parser.error(f"there is no row {name}; there are {', '.join(KINDS)}")
    return given


def main() -> None:
    if sys.argv[1:2] == ["--run"]:
        run_here(sys.argv[2], json.loads(sys.argv[3]))
        return
    if sys.argv[1:2] == ["--pycma"]:
        print(bare_pycma_us(int(sys.argv[2]), int(sys.argv[3])))
        return
    given = arguments()
    verdicts: dict[str, Flatness] = {}
    began = time.perf_counter()
    try:
        for name in given.rows or KINDS:
            print(f"{name}, from {time.perf_counter() - began:.0f} s on", flush=True)
            with tempfile.TemporaryDirectory(prefix="scale-") as root:
                for told in row(name, KINDS[name], given.scale, Path(root)):
                    if isinstance(told, Flatness):
                        verdicts[name] = told
                        told = "    " + line(name, told).lstrip()
                    print(told, flush=True)
    except KeyboardInterrupt:
        print("Interrupted: what follows is of the rows that had ended.")
    print(f"\nIn all {time.perf_counter() - began:.0f} s; us an evaluation, or of a job in one")
    print(HEAD)
    for name, flatness in verdicts.items():
        print(line(name, flatness))
    sys.exit(0 if all(flatness.is_flat for flatness in verdicts.values()) else 1)


if __name__ == "__main__":
    main()
