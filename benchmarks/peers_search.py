"""Searches for a minimum with a budget, managed and unmanaged: a worker of peers.py quality.

Reads tasks from its input, one JSON object a line, and answers each with one line. All begin at
random points of the box, with the step that paramsrun takes by default (0.2 of the box).
"""

import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from peers_functions import FUNCTIONS, Function, Vector

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
ENDLESS = 10**9


class Spent(Exception):
    """The budget is over."""


class Counted:
    """A loss in the unit box that knows its lowest value, and how often it may be called."""

    def __init__(self, function: Function, calls: int) -> None:
        self._function = function
        self.left = calls
        self.best = float("inf")

    def __call__(self, u: Vector) -> float:
        if not self.left:
            raise Spent
        self.left -= 1
        fx = self._function.scaled(np.asarray(u))
        self.best = min(self.best, fx)
        return fx


Search = Callable[[Counted, int, np.random.Generator], None]


def one_cma(loss: Counted, n: int, rng: np.random.Generator) -> None:
    """Let one CMA-ES run until it ends by itself."""
    import cma

    seed = int(rng.integers(1, 2**31))
    options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0, "seed": seed}
    es = cma.CMAEvolutionStrategy(rng.random(n), 0.2, options)
    while not es.stop():
        xs = es.ask()
        es.tell(xs, [loss(x) for x in xs])


def bipop_cma(loss: Counted, n: int, rng: np.random.Generator) -> None:
    """Restart CMA-ES with larger and with smaller populations in turns (Hansen 2009)."""
    import cma

    seed = int(rng.integers(1, 2**31))
    options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0, "seed": seed}
    cma.fmin2(loss, lambda: rng.random(n), 0.2, options, restarts=9, bipop=True)


def one_nelder_mead(loss: Counted, n: int, rng: np.random.Generator) -> None:
    from scipy.optimize import minimize

    options = {"maxiter": ENDLESS, "maxfev": ENDLESS}
    box = [(0, 1)] * n
    minimize(loss, rng.random(n), method="Nelder-Mead", bounds=box, options=options)


def differential_evolution(loss: Counted, n: int, rng: np.random.Generator) -> None:
    from scipy.optimize import differential_evolution

    differential_evolution(loss, [(0, 1)] * n, maxiter=ENDLESS, rng=rng)


def ngopt(loss: Counted, n: int, rng: np.random.Generator) -> None:
    import nevergrad as ng

    space = ng.p.Array(init=rng.random(n)).set_bounds(0.0, 1.0)
    space.random_state = np.random.RandomState(int(rng.integers(2**31)))
    ng.optimizers.registry["NGOpt"](space, budget=loss.left).minimize(loss)


def again(search: Search) -> Search:
    """Return the search that begins anew, elsewhere, whenever it ends."""

    def restarting(loss: Counted, n: int, rng: np.random.Generator) -> None:
        while True:
            search(loss, n, rng)

    return restarting


BARE: dict[str, Search] = {
    "one pycma": one_cma,
    "pycma again": again(one_cma),
    "pycma BIPOP": again(bipop_cma),
    "one Nelder-Mead": one_nelder_mead,
    "Nelder-Mead again": again(one_nelder_mead),
    "SciPy DE": again(differential_evolution),
    "NGOpt": ngopt,  # it spends its whole budget
}


def bare(name: str, function: Function, n: int, calls: int, seed: int) -> float:
    """Return the lowest loss that a search without a manager finds."""
    loss = Counted(function, calls)
    with suppress(Spent):
        BARE[name](loss, n, np.random.default_rng(seed))
    return loss.best


def managed(text: str, function: Function, n: int, calls: int, seed: int) -> float:
    """Return the lowest loss that a job finds, of which text is the input."""
    import peers_ours as ours

    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        file = ours.write_job(Path(name), text, calls, seed, function, n)
        return float(ours.run(file).state.best.fx)


def answer(task: dict[str, Any]) -> dict[str, Any]:
    function = FUNCTIONS[task["function"]]
    arguments = (function, task["n"], task["calls"], task["seed"])
    began = time.perf_counter()
    text = task["text"]
    best = managed(text, *arguments) if text else bare(task["search"], *arguments)
    return {"error": best - function.least, "seconds": time.perf_counter() - began}


def tasks() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def main() -> None:
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    for task in tasks():
        try:
            told = answer(task)
        except Exception as error:
            told = {"why": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
