"""Bare pycma, cmaes and SciPy, used as their documentation shows; frameworks are beside this file.

This runs in the peers' environment, one member in a process. `step` evaluates what is asked for;
`save` and `load` are what the peer's documentation tells users to do between two processes. An
optimizer that has converged begins anew, so that each row makes all its evaluations.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers_functions import FUNCTIONS

N = 10
TASK = FUNCTIONS["rastrigin"]
LOW, HIGH = TASK.low, TASK.high
Loss = Callable[[np.ndarray], float]


class Unsaved(Exception):
    """The peer has no way to save a run."""


class Member:
    """A peer that asks and tells; its state is that of a pickle, unless a subclass says more."""

    state = "pickle"

    def __init__(self, seed: int, folder: Path, calls: int) -> None:
        self.seed, self.folder, self.calls = seed, folder, calls
        self.made = 0

    def begin(self) -> None:
        """Make the optimizer."""

    def step(self, loss: Loss) -> int:
        """Evaluate what is asked for; return how many points that were."""
        raise NotImplementedError

    def run(self, loss: Loss, until: int) -> None:
        """Go on until so many evaluations are made."""
        while self.made < until:
            self.made += self.step(loss)

    def save(self) -> None:
        (self.folder / "state").write_bytes(pickle.dumps(self.saved()))

    def load(self) -> None:
        self.restore(pickle.loads((self.folder / "state").read_bytes()))

    def saved(self) -> Any:
        """Return what is pickled."""
        raise Unsaved

    def restore(self, saved: Any) -> None:
        """Take what was pickled."""

    def next_seed(self) -> int:
        self.seed += 1
        return self.seed


class Pycma(Member):
    """Its pickle holds a copy of numpy's global generator: its option randn is a method of it."""

    state = "es.pickle_dumps()"

    def begin(self) -> None:
        import cma

        options = {"bounds": [0, 1], "verbose": -9, "verb_log": 0, "seed": self.next_seed()}
        self.es = cma.CMAEvolutionStrategy(np.full(N, 0.7), 0.2, options)

    def step(self, loss: Loss) -> int:
        if self.es.stop():
            self.begin()
        xs = self.es.ask()
        self.es.tell(xs, [loss(LOW + (HIGH - LOW) * x) for x in xs])
        return len(xs)

    def save(self) -> None:
        (self.folder / "state").write_bytes(self.es.pickle_dumps())

    def restore(self, saved: Any) -> None:
        self.es = saved


class Cmaes(Member):
    """Its pickle leaves its generator out: one that is loaded draws other numbers."""

    def begin(self) -> None:
        from cmaes import CMA

        bounds = np.tile([0.0, 1.0], (N, 1))
        self.cma = CMA(mean=np.full(N, 0.7), sigma=0.2, bounds=bounds, seed=self.next_seed())

    def step(self, loss: Loss) -> int:
        if self.cma.should_stop():
            self.begin()
        xs = [self.cma.ask() for _ in range(self.cma.population_size)]
        self.cma.tell([(x, loss(LOW + (HIGH - LOW) * x)) for x in xs])
        return len(xs)

    def saved(self) -> Any:
        return self.cma

    def restore(self, saved: Any) -> None:
        self.cma = saved


class Scipy(Member):
    """SciPy's functions keep the run to themselves."""

    state = "none: SciPy cannot save a run"

    def run(self, loss: Loss, until: int) -> None:
        while self.made < until:
            self.made += int(self.minimum(lambda u: loss(LOW + (HIGH - LOW) * u)).nfev)

    def minimum(self, scaled: Loss) -> Any:
        """Minimise once."""
        raise NotImplementedError

    def save(self) -> None:
        raise Unsaved


class NelderMead(Scipy):
    def minimum(self, scaled: Loss) -> Any:
        from scipy.optimize import minimize

        options = {"maxiter": 10**9, "maxfev": self.calls - self.made}
        x0 = np.full(N, 0.7)
        return minimize(scaled, x0, method="Nelder-Mead", bounds=[(0, 1)] * N, options=options)


class LBFGSB(Scipy):
    def minimum(self, scaled: Loss) -> Any:
        from scipy.optimize import minimize

        x0 = np.random.default_rng(self.next_seed()).random(N)
        return minimize(scaled, x0, method="L-BFGS-B", bounds=[(0, 1)] * N)


class DifferentialEvolution(Scipy):
    def minimum(self, scaled: Loss) -> Any:
        from scipy.optimize import differential_evolution

        generations = max((self.calls - self.made) // (15 * N) - 1, 1)
        box = [(0, 1)] * N
        return differential_evolution(
            scaled, box, maxiter=generations, polish=False, tol=0.0, rng=self.next_seed()
        )
