"""What the runner adds to bare optimizers on a free loss: ratios of whole runs, in one process.

    python benchmarks/overhead.py [repeats]

Bare pycma ask/tell and bare SciPy Nelder-Mead against complete jobs (journal, results tree, logs),
the same loss and budget, start-up left out, in 10 and in 50 dimensions; five CMA-ES at once are
compared with five bare ones in turns. Runs alternate, each ratio is of neighbours, and the
median is printed beside the budget. Results are written into memory where there is /dev/shm, so
that the program is measured and not the disk; the same with the results on the disk of the
temporary folder is printed below.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

FREE = """
def ellipsoid(x):
    total = 0.0
    scale = 1.0
    for value in x.tolist():
        total += scale * (value - 0.3) ** 2
        scale *= GROWTH
    return total
"""
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
NELDER_MEAD = "Optimizer\n   Type Scipy\n   Scipy\n      Algorithm Nelder-Mead\n   End\nEnd\n"
FIVE = "ParallelLevels Optimizations=5 ParameterVectors=1\n"
STOPPERS = """\
Stopper
   Type CurrentFunctionValueUnmoving
   CurrentFunctionValueUnmoving NumberOfFunctionCalls=10 Tolerance=1e-9
End
Stopper
   Type MaxInteroptimizerDistance
   MaxInteroptimizerDistance MaxRelativeDistance=1e-9
End
"""


class Task(NamedTuple):
    """What is compared: the free loss in n dimensions, and how its jobs minimise it."""

    n: int
    optimizer: str
    bare: Callable[["Loss", int, int], float]

    @property
    def code(self) -> str:
        """The loss; it is as badly conditioned in 50 dimensions as in 10."""
        return FREE.replace("GROWTH", repr(4.0 ** (9 / (self.n - 1))))

    @property
    def interface(self) -> str:
        """The parameters."""
        return "---\ndtype: Parameters\n" + "".join(
            f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n"
            for i in range(self.n)
        )


Loss = Callable[[np.ndarray], float]


def bare_cma(loss: Loss, n: int, calls: int, together: int = 1) -> float:
    """Return the seconds of pycma's ask/tell in turns, each begun anew whenever it stops."""
    import cma

    options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0}
    began, made = time.perf_counter(), 0
    running = [None] * together
    while made < calls:
        for k, es in enumerate(running):
            if es is None or es.stop():
                seed = {**options, "seed": made + k + 1}
                es = running[k] = cma.CMAEvolutionStrategy(np.full(n, 0.7), 0.2, seed)
            xs = es.ask()
            es.tell(xs, [loss(x) for x in xs])
            made += len(xs)
    return (time.perf_counter() - began) * calls / made


def bare_five(loss: Loss, n: int, calls: int) -> float:
    """Return the seconds of five pycma in turns."""
    return bare_cma(loss, n, calls, together=5)


def bare_nelder_mead(loss: Loss, n: int, calls: int) -> float:
    """Return the seconds of SciPy's Nelder-Mead, begun anew whenever it stops."""
    from scipy.optimize import minimize

    options = {"maxiter": 10**9, "maxfev": 10**9}
    bounds, x0 = [(0, 1)] * n, np.full(n, 0.7)
    began, made = time.perf_counter(), 0
    while made < calls:
        made += minimize(loss, x0, method="Nelder-Mead", bounds=bounds, options=options).nfev
    return (time.perf_counter() - began) * calls / made


MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


def managed(task: Task, calls: int, where: Path | None = None) -> float:
    """Return the seconds of a whole job, from its first event to its closed results folder."""
    from paramsrun.job import Job

    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        (folder / "loss.py").write_text(task.code)
        (folder / "parameter_interface.yaml").write_text(task.interface)
        (folder / "params.in").write_text(
            f"RandomSeed 1\nEngine Function\n   Call loss:ellipsoid\nEndEngine\n{task.optimizer}"
            f"ResultsDirectory {folder}/out\n"
            f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {calls}\nEnd\n"
        )
        job = Job.load(folder / "params.in")
        began = time.perf_counter()
        job.run(echo=lambda line: None)
        return time.perf_counter() - began


def compare(title: str, task: Task, calls: int, where: Path | None, repeats: int) -> str:
    namespace: dict[str, Loss] = {}
    exec(task.code, namespace)
    loss = namespace["ellipsoid"]
    pairs = [
        (managed(task, calls, where), task.bare(loss, task.n, calls)) for _ in range(repeats + 1)
    ][1:]
    us, bare_us = (statistics.median(times) / calls * 1e6 for times in zip(*pairs, strict=True))
    ratio = statistics.median(m / b for m, b in pairs)
    return f"{title:38} {calls:6d} calls  {us:5.1f} us against {bare_us:5.1f} us  ratio {ratio:.2f}"


ROWS = (
    ("CMA-ES against bare pycma", Task(10, CMAES, bare_cma), 20_000, "1.25"),
    ("CMA-ES against bare pycma", Task(10, CMAES, bare_cma), 2_500, "1.5"),
    ("Nelder-Mead against bare SciPy", Task(10, NELDER_MEAD, bare_nelder_mead), 20_000, "3, aim 2"),
    ("5 CMA-ES at once against 5 bare", Task(10, CMAES + FIVE, bare_five), 20_000, "none"),
    ("  with two stoppers", Task(10, CMAES + FIVE + STOPPERS, bare_five), 20_000, "none"),
    ("CMA-ES in 50 dimensions", Task(50, CMAES, bare_cma), 20_000, "none"),
    ("Nelder-Mead in 50 dimensions", Task(50, NELDER_MEAD, bare_nelder_mead), 20_000, "none"),
)
ON_DISK = ROWS[:3]


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for title, task, calls, budget in ROWS:
        print(f"{compare(title, task, calls, MEMORY, repeats)}  (budget {budget})")
    print("The same, results on disk:")
    for title, task, calls, _ in ON_DISK:
        print(compare(title, task, calls, None, repeats))


if __name__ == "__main__":
    main()
