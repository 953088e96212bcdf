"""What the runner adds to bare optimizers on a free loss: ratios of whole runs, in one process.

    python benchmarks/overhead.py [repeats]

Bare pycma ask/tell and bare SciPy Nelder-Mead against complete jobs (journal, results tree, logs),
the same loss and budget, start-up left out. Runs alternate, each ratio is of neighbours, and the
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

import numpy as np

N = 10
FREE = """
def ellipsoid(x):
    total = 0.0
    scale = 1.0
    for value in x.tolist():
        total += scale * (value - 0.3) ** 2
        scale *= 4.0
    return total
"""
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n" for i in range(N)
)
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
NELDER_MEAD = "Optimizer\n   Type Scipy\n   Scipy\n      Algorithm Nelder-Mead\n   End\nEnd\n"
X0 = np.full(N, 0.7)


def bare_cma(loss: Callable[[np.ndarray], float], calls: int) -> float:
    """Return the seconds of pycma's ask/tell, begun anew whenever it stops."""
    import cma

    options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0}
    began, n, es = time.perf_counter(), 0, None
    while n < calls:
        if es is None or es.stop():
            es = cma.CMAEvolutionStrategy(X0, 0.2, {**options, "seed": n + 1})
        xs = es.ask()
        es.tell(xs, [loss(x) for x in xs])
        n += len(xs)
    return time.perf_counter() - began


def bare_nelder_mead(loss: Callable[[np.ndarray], float], calls: int) -> float:
    """Return the seconds of SciPy's Nelder-Mead, begun anew whenever it stops."""
    from scipy.optimize import minimize

    options = {"maxiter": 10**9, "maxfev": 10**9}
    began, n = time.perf_counter(), 0
    while n < calls:
        n += minimize(loss, X0, method="Nelder-Mead", bounds=[(0, 1)] * N, options=options).nfev
    return (time.perf_counter() - began) * calls / n


MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


def managed(optimizer: str, calls: int, where: Path | None = None) -> float:
    """Return the seconds of a whole job, from its first event to its closed results folder."""
    from paramsrun.job import Job

    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        (folder / "loss.py").write_text(FREE)
        (folder / "parameter_interface.yaml").write_text(INTERFACE)
        (folder / "params.in").write_text(
            f"RandomSeed 1\nEngine Function\n   Call loss:ellipsoid\nEndEngine\n{optimizer}"
            f"ResultsDirectory {folder}/out\n"
            f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {calls}\nEnd\n"
        )
        job = Job.load(folder / "params.in")
        began = time.perf_counter()
        job.run(echo=lambda line: None)
        return time.perf_counter() - began


def compare(
    title: str,
    bare: Callable[..., float],
    optimizer: str,
    calls: int,
    where: Path | None,
    repeats: int,
) -> str:
    namespace: dict[str, Callable[[np.ndarray], float]] = {}
    exec(FREE, namespace)
    loss = namespace["ellipsoid"]
    pairs = [(managed(optimizer, calls, where), bare(loss, calls)) for _ in range(repeats + 1)][1:]
    us, bare_us = (statistics.median(times) / calls * 1e6 for times in zip(*pairs, strict=True))
    ratio = statistics.median(m / b for m, b in pairs)
    return f"{title:30} {calls:6d} calls  {us:5.1f} us against {bare_us:5.1f} us  ratio {ratio:.2f}"


ROWS = (
    ("CMA-ES against bare pycma", bare_cma, CMAES, 20_000, "1.25"),
    ("CMA-ES against bare pycma", bare_cma, CMAES, 2_500, "1.5"),
    ("Nelder-Mead against bare SciPy", bare_nelder_mead, NELDER_MEAD, 20_000, "3, aim 2"),
)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for title, bare, optimizer, calls, budget in ROWS:
        print(f"{compare(title, bare, optimizer, calls, MEMORY, repeats)}  (budget {budget})")
    print("The same, results on disk:")
    for title, bare, optimizer, calls, _ in ROWS:
        print(compare(title, bare, optimizer, calls, None, repeats))


if __name__ == "__main__":
    main()
