"""What the runner adds to bare optimizers on a free loss: ratios of whole runs, in one process.

    python benchmarks/overhead.py [repeats]

Bare pycma ask/tell and bare SciPy Nelder-Mead against complete jobs (journal, results tree, logs),
the same loss and budget, start-up left out. Runs alternate, each ratio is of neighbours, and the
median is printed beside the budget.
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


def managed(optimizer: str, calls: int) -> float:
    """Return the seconds of a whole job, from its first event to its closed results folder."""
    from paramsrun.job import Job

    with tempfile.TemporaryDirectory() as name:
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
    title: str, bare: Callable[..., float], optimizer: str, calls: int, budget: str, repeats: int
) -> None:
    namespace: dict[str, Callable[[np.ndarray], float]] = {}
    exec(FREE, namespace)
    loss = namespace["ellipsoid"]
    pairs = [(managed(optimizer, calls), bare(loss, calls)) for _ in range(repeats + 1)][1:]
    ratios = [m / b for m, b in pairs]
    us = statistics.median(m for m, _ in pairs) / calls * 1e6
    bare_us = statistics.median(b for _, b in pairs) / calls * 1e6
    print(
        f"{title:32} {calls:6d} calls  {us:6.1f} us against {bare_us:6.1f} us  "
        f"ratio {statistics.median(ratios):.2f}  (budget {budget})"
    )


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    compare("CMA-ES against bare pycma", bare_cma, CMAES, 20_000, "1.25", repeats)
    compare("CMA-ES against bare pycma", bare_cma, CMAES, 2_500, "1.5", repeats)
    compare(
        "Nelder-Mead against bare SciPy", bare_nelder_mead, NELDER_MEAD, 20_000, "3, aim 2", repeats
    )


if __name__ == "__main__":
    main()
