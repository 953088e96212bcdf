"""What checkpoints, resuming and long runs cost, beside the budgets; exit code 1 if one is missed.

    python benchmarks/checkpoint.py [--quick]

Pauses are what the loss function sees: the time between the call before a checkpoint and the call
after it, so what the optimizer does between two calls is in them. A resume lasts from reading
the input to the first call of the loss function; the optimizer's own part of it is measured apart,
by telling it the same batches again without anything around it. Memory is the peak of a process of
its own. --quick measures memory at 200,000 evaluations in place of 1,000,000.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

N = 10
CODE = """
from time import perf_counter
from zlib import crc32
TIMES = []
def free(x):
    return float(x @ x)
def ellipsoid(x):
    TIMES.append(perf_counter())
    total = 0.0
    scale = 1.0
    for value in x.tolist():
        total += scale * (value - 0.3) ** 2
        scale *= 4.0
    return total
def endless(x):
    TIMES.append(perf_counter())
    return crc32(x.tobytes()) / 2**32
def residuals(x):
    import numpy as np
    TIMES.append(perf_counter())
    angles = np.arange(100_000.0) / 100_000
    return np.sin(3.0 * angles * x[0]) - 0.3 + (angles * x[1:].sum()) ** 2
"""
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n" for i in range(N)
)
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
ENDLESS_CMAES = (
    "Optimizer\n   Type CMAES\n   CMAES\n      Settings\n         tolfun 0\n"
    "         tolfunhist 0\n         tolx 0\n         tolstagnation 1e9\n"
    "         tolfacupx 1e99\n         tolupsigma 1e99\n         tolconditioncov 1e99\n"
    "      End\n   End\nEnd\n"
)
NELDER_MEAD = "Optimizer\n   Type Scipy\n   Scipy\n      Algorithm Nelder-Mead\n   End\nEnd\n"
SAMPLING = (
    "Optimizer\n   Type RandomSampling\n   RandomSampling\n"
    "      NumberOfSamples 10000000\n   End\nEnd\n"
)
OPTIMIZERS = {"CMAES": CMAES, "Scipy Nelder-Mead": NELDER_MEAD, "RandomSampling": SAMPLING}
OFTEN = "EverySeconds -1\n   KeepPast -1\n   NamingFormat c%(count)\n   EveryFunctionCalls"
PAUSE_MS = 20.0
RESUME_US = 20.0
MEMORY_MB = 64.0


class Rows:
    """Prints what was measured beside its budget, and remembers what was missed."""

    def __init__(self) -> None:
        self.missed = False

    def add(self, what: str, value: float, budget: float | None, unit: str, more: str = "") -> None:
        judged = "" if budget is None else f"budget {budget:g}"
        if budget is not None and value > budget:
            self.missed = True
            judged += ", MISSED"
        print(f"{what:58}{value:8.1f} {unit:3} {judged:20} {more}".rstrip(), flush=True)


def job_text(optimizer: str, call: str, calls: int, control: str = "EverySeconds -1") -> str:
    return (
        f"RandomSeed 1\nEngine Function\n   Call loss:{call}\nEndEngine\n{optimizer}"
        f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {calls}\nEnd\n"
        f"CheckpointControl\n   {control}\nEnd\n"
    )


def run(folder: Path, name: str, text: str, resume: Path | None = None) -> tuple[list[float], Any]:
    """Run a job in a folder; return when the loss was called (the input read at 0), and its end."""
    from paramsrun.job import Job

    (folder / "loss.py").write_text(CODE)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    (folder / f"{name}.in").write_text(f"ResultsDirectory {folder / name}\n{text}")
    began = time.perf_counter()
    with Job.load(folder / f"{name}.in", resume=resume) as job:
        times = job.problem.training.code.load().__globals__.get("TIMES", [])
        times.clear()
        state = job.run(echo=lambda line: None)
        return [t - began for t in times], state


def pauses(folder: Path, name: str, text: str, resume: Path | None = None) -> dict[int, float]:
    """Return for each checkpoint of a run, by its evaluation, how many ms the loop paused."""
    times, state = run(folder, name, text, resume)
    rows = (folder / name / "checkpoints/checkpoints.txt").read_text().splitlines()[1:]
    before = state.n_evaluations - len(times)  # evaluations of earlier sessions
    done = (int(row.split()[0]) - before for row in rows)
    return {n + before: (times[n] - times[n - 1]) * 1e3 for n in done if 0 < n < len(times)}


def measure_pauses(rows: Rows, folder: Path) -> None:
    few = [
        pauses(folder, f"few_{i}", job_text(CMAES, "ellipsoid", 2600, f"{OFTEN} 2500"))[2500]
        for i in range(5)
    ]
    rows.add(
        "checkpoint at 2,500 evaluations, median of 5",
        statistics.median(few),
        PAUSE_MS,
        "ms",
        f"largest {max(few):.1f}",
    )
    many = pauses(folder, "many", job_text(CMAES, "ellipsoid", 100_100, f"{OFTEN} 2500"))
    late = [many[n] for n in range(90_000, 100_001, 2500)]
    rows.add(
        "checkpoints at 90,000 to 100,000, median of 5",
        statistics.median(late),
        PAUSE_MS,
        "ms",
        f"largest {max(late):.1f}; of all {len(many)}: median "
        f"{statistics.median(many.values()):.1f}, largest {max(many.values()):.1f}",
    )


def measure_first_pauses(rows: Rows, folder: Path) -> None:
    """Measure checkpoints that have a long journal to pack."""
    often = f"{OFTEN} 100000"
    first = [
        pauses(folder, f"one_{i}", job_text(CMAES, "ellipsoid", 100_100, often))[100_000]
        for i in range(3)
    ]
    rows.add(
        "first checkpoint at 100,000, median of 3",
        statistics.median(first),
        PAUSE_MS,
        "ms",
        f"largest {max(first):.1f}",
    )
    again = pauses(
        folder,
        "again",
        job_text(CMAES, "ellipsoid", 100_450, f"{OFTEN} 150"),
        resume=folder / "one_0",
    )
    rows.add(
        "first checkpoint of a run resumed at 100,000",
        next(iter(again.values())),
        None,
        "ms",
        "the journal of before has to be packed; no budget",
    )


def measure_long_lines(rows: Rows, folder: Path) -> None:
    """Measure a journal of residuals, whose lines have 1 MB: some segments wait to be packed."""
    control = "EverySeconds -1\n   EveryFunctionCalls 150"
    text = job_text("Optimizer\n   Type LeastSquares\nEnd\n", "residuals", 151, control)
    text += "Generator\n   Type Random\nEnd\n"  # it converges, and another follows
    text += "Evaluator\n   Type Inline\nEnd\n"
    (pause,) = pauses(folder, "long", text).values()
    rows.add("checkpoint at 150 with 100,000 residuals each", pause, None, "ms", "no budget")


def own_replay_us(folder: Path) -> float:
    """Return the microseconds an event that the living optimizer of a run needs by itself."""
    import numpy as np

    from paramsrun.manager.spawning import Spawner, Spawning
    from paramsrun.manager.tape import tapes
    from paramsrun.optimizers.replay import Told
    from paramsrun.results import reader
    from paramsrun.results.folder import JOURNAL
    from paramsrun.results.journal import read

    state = reader.read(folder).state
    (o,) = state.living
    start = state.optimizers[o].start
    events = (e for e in read(folder / JOURNAL) if not hasattr(e, "n_bytes"))
    told = list(tapes(events, {o})[o].told_from())  # type: ignore[arg-type]
    bounds = np.column_stack([start.lower, start.upper])
    began = time.perf_counter()
    proposer = Spawner([], bounds, start.x0, Spawning(seed=0)).again(start)
    for batch in told:
        assert isinstance(batch, Told)
        proposer.ask()
        proposer.tell(batch.x, batch.fx)
    return (time.perf_counter() - began) / state.n_events * 1e6


def measure_resume(rows: Rows, folder: Path) -> None:
    cases = (
        ("100,000 events, restarts as they come", CMAES, "ellipsoid", 100_000),
        ("20,000 events, one living optimizer", ENDLESS_CMAES, "endless", 20_000),
    )
    for i, (title, optimizer, call, calls) in enumerate(cases):
        control = "EverySeconds -1\n   AtEnd Yes\n   NamingFormat end"
        _, state = run(folder, f"whole_{i}", job_text(optimizer, call, calls, control))
        whole = folder / f"whole_{i}"
        own = own_replay_us(whole)
        checkpoint = whole / "checkpoints/end.tar.gz"
        for source, path in (("folder", whole), ("checkpoint", checkpoint)):
            text = job_text(optimizer, call, calls + 100)
            times, _ = run(folder, f"resumed_{i}_{source}", text, resume=path)
            us = times[0] / state.n_events * 1e6
            rows.add(
                f"resume, {title}, {source}",
                us - own,
                RESUME_US,
                "us",
                f"an event, and the optimizer's own {own:.1f}; {times[0]:.2f} s in all",
            )


def one(title: str, calls: int, folder: Path) -> None:
    """Run one job and nothing else; print the largest memory that it took, in MB."""
    run(folder, "params", job_text(OPTIMIZERS[title], "free", calls))
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells begins with the memory of the parent
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        print(int(lines["VmHWM"].split()[0]) / 1024)
    else:
        scale = 1 << (20 if sys.platform == "darwin" else 10)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale)


def peak_mb(title: str, calls: int) -> float:
    """Return the largest memory of a run in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="memory-") as name:
        command = [sys.executable, __file__, "--one", title, str(calls), name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{title} with {calls} evaluations ended with exit code {done.returncode}")
    return float(done.stdout)


def measure_memory(rows: Rows, most: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        few = [pool.submit(peak_mb, title, 10_000) for title in OPTIMIZERS]
        many = [pool.submit(peak_mb, title, most) for title in OPTIMIZERS]
        for title, a, b in zip(OPTIMIZERS, few, many, strict=True):
            rows.add(
                f"memory at {most:,} evaluations, {title}",
                b.result() - a.result(),
                MEMORY_MB,
                "MB",
                f"more than the {a.result():.0f} MB at 10,000",
            )


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
        return
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as name:
        measure_pauses(rows, Path(name))
        measure_first_pauses(rows, Path(name))
        measure_long_lines(rows, Path(name))
        measure_resume(rows, Path(name))
    measure_memory(rows, 200_000 if "--quick" in sys.argv else 1_000_000)
    sys.exit(1 if rows.missed else 0)


if __name__ == "__main__":
    main()
