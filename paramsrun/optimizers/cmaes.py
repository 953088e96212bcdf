"""Covariance matrix adaptation evolution strategy (Hansen 2016, arXiv:1604.00772), by pycma."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import nearest
from paramsrun.optimizers.contract import Ended, Proposer
from paramsrun.optimizers.quiet import Quiet
from paramsrun.optimizers.reasons import failure, finished
from paramsrun.optimizers.seeds import seed_in, seed_mistakes
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key
from paramsrun.settings.parameter_types import round_integers

TAKEN = {
    "bounds": "the bounds come from the parameter interface",
    "randn": "the random numbers come from the run",
    "signals_filename": "pycma reads no files here",
    "verbose": "the run keeps the log",
    "integer_variables": "pycma sees scaled parameters, whose integers are no integers",
    "fixed_variables": "parameters are fixed in the parameter interface",
    "CMA_mirrormethod": "it draws from numpy's global generator",
    "CMA_sampler": "it takes a Python class",
    "CMA_sampler_options": "it belongs to CMA_sampler, which takes a Python class",
    "CMA_eigenmethod": "it takes a Python function",
    "is_feasible": "it takes a Python function",
    "termination_callback": "it takes a Python function",
    "transformation": "pycma has given it up",
    "typical_x": "pycma has given it up",
    "scaling_of_variables": "pycma has given it up",
}
"""Options of pycma that an input cannot set, and why; those that begin with ``verb`` likewise."""

WORDS = {
    "tolfun": "the losses of the last generations differ by less than this",
    "tolfunhist": "the best losses of the last generations differ by less than this",
    "tolfunrel": "the losses differ by less than this part of what was gained",
    "tolx": "the steps are smaller than this",
    "tolfacupx": "the steps have grown by more than this factor: Sigma0 was too small",
    "tolupsigma": "the step size has grown without the steps growing",
    "tolconditioncov": "the covariance matrix is worse conditioned than this",
    "tolflatfitness": "the losses of a generation are equal, for more generations than this",
    "tolstagnation": "no better loss for so many generations",
    "tolxstagnation": "the mean stands still",
    "noeffectaxis": "a step along an axis no longer changes the mean",
    "noeffectcoord": "a step along these coordinates no longer changes the mean",
    "ftarget": "the loss has reached this",
    "maxiter": "so many generations were asked for",
    "maxfevals": "so many evaluations were asked for",
    "timeout": "so many seconds were asked for",
}
"""What pycma's criteria mean."""


def pycma() -> Any:
    """Return the library, imported when it is needed: it takes 0.7 s, and misses matplotlib."""
    with Quiet():
        import cma
    return cma


@optimizers.member("CMAES")
@dataclass(frozen=True, kw_only=True)
class CMAES:
    """Covariance matrix adaptation: a population drawn from a normal distribution that learns.

    The initial point is the distribution's first mean and the first candidate. It ends by pycma's
    own criteria; pycma's default limit on generations does not hold.
    """

    popsize: int = key(
        0,
        at_least=0,
        doc="Candidates per generation, 2 or more; 0 means 4 + floor(3 ln n) for n parameters.",
    )
    sigma0: float = key(
        0.2,
        above=0.0,
        doc="First standard deviation in every direction, in the space that the optimizer sees "
        "(Scaler): a fraction of each range where that is Linear.",
    )
    min_sigma: float = key(
        0.0,
        at_least=0.0,
        doc="It has converged when the step size, in the same space as Sigma0, falls below this.",
    )
    round_integers: bool = round_integers()
    settings: Mapping[str, Any] = free(
        doc="Options of pycma by name, such as `tolfun 1e-9`; and `seed`, which decides the "
        "candidates where it is given."
    )

    @property
    def random_seed(self) -> int | None:
        """The seed given among the settings."""
        return seed_in(self.settings)

    def mistakes(self) -> Iterable[str]:
        """Yield what is wrong with the settings, one sentence each."""
        if self.popsize == 1:
            yield "Popsize must be at least 2, or 0 for 4 + floor(3 ln n), not 1"
        yield from seed_mistakes(self.settings)
        if self.popsize and "popsize" in self.settings:
            yield "Settings popsize says again what Popsize says: leave one out"
        if set(self.settings) - {"seed"}:
            yield from self._option_mistakes()

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of whole populations."""
        return _Population(self._options(bounds, rng), self.sigma0, self.min_sigma, x0)

    def _option_mistakes(self) -> Iterable[str]:
        cma = pycma()
        known = {name.casefold(): name for name in cma.CMAOptions.defaults()}
        settable = [n for n in known.values() if not _taken(n)]
        for given, value in self.settings.items():
            name = known.get(given.casefold())
            if name is None:
                yield f"Settings {given} is not an option of pycma{nearest(given, settable)}"
            elif name != "seed" and (reason := _taken(name)):
                yield f"Settings {given} cannot be set: {reason}"
            elif not _makes_sense(name, value):
                yield f"Settings {given} must be a number or an expression of N, not {value!r}"

    def _options(self, bounds: Matrix, rng: np.random.Generator) -> dict[str, Any]:
        cma = pycma()
        known = {name.casefold(): name for name in cma.CMAOptions.defaults()}
        options: dict[str, Any] = {"maxiter": np.inf}
        if self.popsize:
            options["popsize"] = self.popsize
        options |= {known[k.casefold()]: v for k, v in self.settings.items()}
        if "BoundaryHandler" in options:
            options["BoundaryHandler"] = getattr(cma, options["BoundaryHandler"])
        return options | {
            "bounds": [bounds[:, 0].tolist(), bounds[:, 1].tolist()],
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": np.nan,  # leaves numpy's global generator alone
            "signals_filename": "",  # otherwise read from the current folder
            "verb_log": 0,
            "verbose": -9,
        }


class _Population:
    """A running pycma. It is told its own candidates: it looks up what they came from."""

    takes_offers = True

    def __init__(
        self, options: Mapping[str, Any], sigma0: float, min_sigma: float, x0: Vector
    ) -> None:
        cma = pycma()
        self.ended: Ended | None = None
        self._min_sigma = min_sigma
        self._x0: Vector | None = np.array(x0)
        self._offered: tuple[float, Vector] | None = None
        self._quiet = Quiet()
        self._randn = options["randn"]
        try:
            with self._quiet:
                self._es = cma.CMAEvolutionStrategy(self._x0, sigma0, dict(options))
        except Exception as error:
            self.ended = failure(error, "pycma")
            return
        self._es.inject([self._es.mean.copy()], force=True)
        self._es.best.evals = 0  # pycma subtracts it, also before any finite loss
        # With 300 parameters or more it would draw from numpy's global generator.
        self._es.adapt_sigma.check_consistency = _no_check

    def ask(self) -> Matrix:
        """Return a population; the first one begins with x0."""
        with self._quiet:
            self._take_offer()
            self._asked = self._es.ask()
        x = np.array(self._asked)
        if self._x0 is not None:
            x[0], self._x0 = self._x0, None
        return x

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Learn from the population's losses."""
        try:
            with self._quiet:
                self._es.tell(self._asked, fx.tolist())
                stop = self._es.stop()
        except Exception as error:
            self.ended = failure(error, "pycma")
            return
        self._es.sm.randn = self._randn  # pycma forgets it when CMA_diagonal ends
        if stop:
            self.ended = self._end(stop, fx)
        elif self._es.sigma < self._min_sigma:
            self.ended = Ended(
                "converged", f"sigma {self._es.sigma:.3g} is below MinSigma {self._min_sigma:g}"
            )

    def inject(self, x: Vector, fx: float) -> None:
        """Let the next population contain a candidate in the direction of x."""
        if self._offered is None or fx < self._offered[0]:
            self._offered = fx, np.array(x)

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _take_offer(self) -> None:
        if self._offered is None or self._x0 is not None:
            return
        x = self._es.gp.geno(self._offered[1], from_bounds=self._es.boundary_handler.inverse)
        self._es.inject([x])
        self._offered = None

    def _end(self, stop: Mapping[str, Any], fx: Vector) -> Ended | None:
        # A generation that failed as a whole says nothing of a plateau.
        criteria = dict(stop)
        if not np.isfinite(fx).any():
            criteria.pop("tolflatfitness", None)
        if not criteria:
            return None
        reason = "; ".join(_in_words(k, v) for k, v in criteria.items())
        return finished(reason, bool(np.isfinite(self._es.best.f)))


def _taken(name: str) -> str | None:
    return TAKEN.get(name) or ("the run keeps the log" if name.startswith("verb_") else None)


def _makes_sense(name: str, value: object) -> bool:
    if not isinstance(value, str):
        return True
    if name in _STRINGS:
        return value in _STRINGS[name]
    with Quiet():
        options = pycma().CMAOptions({name: value}).complement().evalall({"N": 10})
    return not isinstance(options[name], str)


_STRINGS = {
    "BoundaryHandler": ("BoundTransform", "BoundPenalty"),
    "CMA_elitist": ("initial",),
    "CMA_const_trace": ("arithm", "geom", "aeig", "geig"),
}


def _in_words(criterion: str, value: object) -> str:
    words = WORDS.get(criterion)
    return f"{criterion} {value}" + (f" ({words})" if words else "")


def _no_check(es: object) -> None:
    """Take the place of a check of pycma that changes nothing."""
