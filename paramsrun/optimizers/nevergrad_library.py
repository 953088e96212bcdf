"""What the library nevergrad offers, and which of it an input may name."""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import UsageError, nearest
from paramsrun.optimizers.cmaes import pycma
from paramsrun.optimizers.lent_generator import LentGenerator
from paramsrun.optimizers.quiet import Quiet
from paramsrun.optimizers.reasons import one_line

_CLOCK = "it takes its seed from the clock"
_NO_SEED = "it cannot be given a seed"
_HASHES = "what it chooses differs from process to process"
_NO_REPEAT: Mapping[str, str] = {
    "AX": _NO_SEED,
    "AXP": _NO_SEED,
    "pysot": _NO_SEED,
    "SMAC3": _CLOCK,
    "NLOPT_GN_CRS2_LM": _CLOCK,
    "NLOPT_GN_ESCH": _CLOCK,
    "NLOPT_GN_ISRES": _CLOCK,
    "NGOptF2": _HASHES,
    "NGOptF3": _HASHES,
    "NGOptF5": _HASHES,
    "VoxelizeMetaModelOnePlusOne": "it learns for 7 s, and how far it comes differs",
    "PolyLN": "it draws its scales whenever nevergrad is imported",
}
"""The algorithms that do not repeat themselves, and why."""

_PYCMA: Mapping[str, Any] = {"seed": np.nan, "signals_filename": "", "verb_log": 0}
"""Defaults of pycma where nevergrad names none: the clock is no seed, and no file is touched."""


def is_installed() -> bool:
    """Return whether the library is there; it is not imported for that."""
    return find_spec("nevergrad") is not None


def missing(algorithm: str) -> str:
    """Return what is said where the library is not there."""
    return (
        f"Algorithm {algorithm} needs the library nevergrad, which is not installed: "
        "pip install 'paramsrun[nevergrad]'"
    )


@cache
def library() -> Any:
    """Return the library, imported when it is needed: it takes 1.5 s.

    It draws from numpy's global generator as it is imported, and its imports add warning filters.
    """
    seeded = LentGenerator(np.random.RandomState(0))
    with Quiet(), seeded.lent():
        recaster: Any = import_module("nevergrad.optimization.recaster")
    # Where its constructor fails, its __del__ misses this and protests on the terminal.
    recaster.RecastOptimizer._messaging_thread = None
    # A process that ends in an error does not close it, and would wait for such a thread for ever.
    recaster._MessagingThread.daemon = True
    return import_module("nevergrad")


@contextmanager
def steady_pycma() -> Iterator[None]:
    """Change what pycma takes by default for as long as a block runs, for nevergrad's CmaFmin2."""
    defaults = pycma().CMAOptions.defaults()
    kept = {option: defaults[option] for option in _PYCMA}
    defaults.update(_PYCMA)
    try:
        yield
    finally:
        defaults.update(kept)


def name_of(algorithm: str) -> str | None:
    """Return an algorithm's name as nevergrad spells it, or None if there is none."""
    registry = library().optimizers.registry
    if algorithm in registry:
        return algorithm
    by_fold = {name.casefold(): name for name in sorted(registry)}
    return by_fold.get(algorithm.casefold())


def made(
    algorithm: str,
    given: Mapping[str, Any],
    box: tuple[Matrix, Vector],
    random_state: np.random.RandomState,
    budget: int,
    num_workers: int,
) -> Any:
    """Return an optimizer of nevergrad.

    Parameters
    ----------
    algorithm
        Its name.
    given
        Options, in place of those that the name stands for.
    box
        Bounds (n_params, 2) and initial point (n_params,).

    Raises
    ------
    UsageError
        Where nevergrad is not installed or has no such algorithm.
    """
    if not is_installed():
        raise UsageError(f"Optimizer%Nevergrad%{missing(algorithm)}")
    name = name_of(algorithm)
    if name is None:
        raise UsageError(f"Optimizer%Nevergrad%Algorithm {algorithm} is unknown to nevergrad")
    bounds, x0 = box
    array: Any = library().p.Array(init=x0, lower=bounds[:, 0], upper=bounds[:, 1])
    array.random_state = random_state
    return _configured(name, given)(array, budget=budget, num_workers=num_workers)


def learns(optimizer: Any) -> bool:
    """Return whether an optimizer of nevergrad makes use of points that it did not ask for.

    One that runs others inside may take the loss of such a point for that of another.
    """
    return type(optimizer).__name__ in _LEARNERS


def algorithm_mistakes(
    algorithm: str, given: Mapping[str, Any], budget: int, num_workers: int
) -> Iterable[str]:
    """Yield what is wrong with an algorithm's name and options, one sentence each."""
    name = name_of(algorithm)
    if name is None:
        names = [*library().optimizers.registry]
        yield (
            f"Algorithm {algorithm} is no name in nevergrad's registry{nearest(algorithm, names)} "
            "(it has NGOpt, CMA, TBPSA, TwoPointsDE, PSO, OnePlusOne, Cobyla and "
            f"{len(names) - 7} more)"
        )
    elif name in _NO_REPEAT:
        yield f"Algorithm {name} cannot be had: {_NO_REPEAT[name]}, so it would not resume exactly"
    elif num_workers > 1 and _entry(name).no_parallelization:
        yield f"NumWorkers must be 1 for {name}, not {num_workers}: it asks for one point at a time"
    elif wrong := [*_option_mistakes(name, given)]:
        yield from wrong
    else:
        yield from _refusal(name, given, budget, num_workers)


def explained(error: Exception) -> Exception:
    """Return the error behind one of nevergrad's, with what to do where that is known."""
    if isinstance(error.__cause__, Exception):  # of a thread; it comes in one way or the other
        error = error.__cause__
    if isinstance(error, TypeError) and "0-dimensional" in str(error):
        return TypeError(f"{error}; nevergrad's metamodels need numpy below 2.4: {_OLDER_NUMPY}")
    return error


def _refusal(name: str, given: Mapping[str, Any], budget: int, num_workers: int) -> Iterable[str]:
    """Yield what nevergrad says where it refuses to make the optimizer."""

    def refused(options: Mapping[str, Any]) -> Exception | None:
        return _error_of(name, options, budget, num_workers)

    error = refused(given)
    if error is None:
        return
    if refused({}) is not None:
        yield one_line(f"Algorithm {name} is refused by nevergrad: {_told(error)}")
        return
    wrong: list[Mapping[str, Any]] = [{word: value} for word, value in given.items()]
    alone = [(one, why) for one in wrong if (why := refused(one)) is not None]
    for options, why in alone or [(given, error)]:
        words = ", ".join(f"{word} {value}" for word, value in options.items())
        usual = ", ".join(f"{word} {value}" for word, value in _defaults(name, options).items())
        yield one_line(
            f"Settings {words} is refused by nevergrad for {name}: {_told(why)}; by default it has "
            f"{usual}"
        )


def _error_of(
    name: str, given: Mapping[str, Any], budget: int, num_workers: int
) -> Exception | None:
    box = np.array([[0.0, 1.0]] * 2), np.array([0.5, 0.5])
    random_state = np.random.RandomState(0)
    try:
        with Quiet(), LentGenerator(random_state).lent():
            made(name, given, box, random_state, budget, num_workers)
    except Exception as error:
        return error
    return None


def _told(error: Exception) -> str:
    """Return what an error says; of one that says nothing, the line that raised it."""
    said = str(error)
    if not said and (frames := traceback.extract_tb(error.__traceback__)):
        said = frames[-1].line or ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _defaults(name: str, options: Iterable[str]) -> dict[str, Any]:
    config = {option.casefold(): value for option, value in _entry(name).config().items()}
    return {option: config[option.casefold()] for option in options}


def _option_mistakes(name: str, given: Mapping[str, Any]) -> Iterable[str]:
    names = _option_names(name)
    by_fold = {known.casefold(): known for known in names}
    for word in given:
        if word.casefold() in _KEYS:
            yield f"Settings {word} cannot be set: give {_KEYS[word.casefold()]} as a key"
        elif word.casefold() not in by_fold:
            known = f"known: {', '.join(names)}" if names else "it has none"
            yield f"Settings {word} is not an option of {name}{nearest(word, names)} ({known})"


def _option_names(name: str) -> list[str]:
    """Return the options of an algorithm that a text can give."""
    entry = _entry(name)
    if isinstance(entry, type):
        return []
    plain = (bool, int, float, str, type(None))
    return [option for option, value in entry.config().items() if isinstance(value, plain)]


def _configured(name: str, given: Mapping[str, Any]) -> Any:
    entry = _entry(name)
    if not given:
        return entry
    spelling = {known.casefold(): known for known in _option_names(name)}
    options = {spelling.get(word.casefold(), word): value for word, value in given.items()}
    return type(entry)(**{**entry.config(), **options})


def _entry(name: str) -> Any:
    return library().optimizers.registry[name]


_LEARNERS = (
    *("CMA", "_CMA", "_DE", "_EMNA", "_EvolutionStrategy"),
    *("_OnePlusOne", "_PSO", "_TBPSA"),
)
"""The classes of nevergrad that learn from points they did not ask for."""
_OLDER_NUMPY = "pip install 'numpy<2.4'"
_KEYS = {"budget": "Budget", "num_workers": "NumWorkers"}
"""Arguments of nevergrad that are keys here."""
