"""The library Optuna (Akiba et al. 2019, doi:10.1145/3292500.3330701): what it offers, quietly."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from paramsrun.errors import nearest
from paramsrun.optimizers.quiet import Quiet

INSTALL = "pip install 'paramsrun[study]'"
PLAIN = (bool, int, float, str, type(None))
"""Types of options that a text can give."""
OURS = {"seed": "RandomSeed", "multivariate": "Multivariate"}
"""Options that are keys here."""


class Kind(NamedTuple):
    """A sampler of Optuna."""

    name: str
    """Its class in optuna.samplers."""
    needs: tuple[tuple[str, str], ...] = ()
    """Further libraries, and how they are installed."""
    learns: bool = False
    """Whether it learns from trials that it did not draw, and keeps all it knows in them."""


KINDS = {
    "TPE": Kind("TPESampler", learns=True),
    "CMAES": Kind("CmaEsSampler", (("cmaes", INSTALL),)),
    "GP": Kind("GPSampler", (("torch", "pip install torch"),), learns=True),
    "QMC": Kind("QMCSampler"),
    "Random": Kind("RandomSampler"),
}


def missing(sampler: str) -> str | None:
    """Return what is said where a sampler's libraries are not installed; none is imported."""
    for module, install in (("optuna", INSTALL), *KINDS[sampler].needs):
        if find_spec(module) is None:
            return f"needs the library {module}, which is not installed: {install}"
    return None


def library() -> Any:
    """Return the library, imported when it is first needed: it takes 0.2 s."""
    with Quiet():
        return import_module("optuna")


@contextmanager
def silent() -> Iterator[Any]:
    """Give the library; what it warns of and logs within the block is not shown.

    A loss function may use Optuna, too: its own messages are as it wants them.
    """
    optuna = library()
    level = optuna.logging.get_verbosity()
    with Quiet():
        optuna.logging.set_verbosity(optuna.logging.CRITICAL + 1)
        try:
            yield optuna
        finally:
            optuna.logging.set_verbosity(level)


def option_mistakes(sampler: str, given: Mapping[str, Any]) -> Iterable[str]:
    """Yield what is wrong with the options of a sampler, one sentence each."""
    known = _defaults(sampler)
    for word, value in given.items():
        if word.casefold() in OURS:
            yield f"Settings {word} cannot be set: give {OURS[word.casefold()]} as a key"
        elif word not in known:
            told = f"known: {', '.join(sorted(known))}" if known else "it has none"
            yield f"Settings {word} is not an option of {sampler}{nearest(word, known)} ({told})"
        elif not isinstance(value, PLAIN):
            yield f"Settings {word} must be a single value, not {value!r:.60}"
    if not any(word not in known for word in given):
        yield from _refusal(sampler, given)


def made(sampler: str, options: Mapping[str, Any], seed: int) -> Any:
    """Return a sampler whose random numbers are all of this seed."""
    cls = getattr(library().samplers, KINDS[sampler].name)
    return cls(seed=seed, **options)


def _defaults(sampler: str) -> dict[str, Any]:
    """Return the options that a text can give, with their defaults."""
    cls = getattr(library().samplers, KINDS[sampler].name)
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name not in ("self", *OURS, *_NOT_TEXT) and isinstance(p.default, PLAIN)
    }


_NOT_TEXT = (
    "constraints_func",
    "gamma",
    "independent_sampler",
    "source_trials",
    "weights",
    "x0",
)
"""Options that are functions, samplers or trials."""


def _refusal(sampler: str, given: Mapping[str, Any]) -> Iterable[str]:
    """Yield what Optuna says where it refuses to make the sampler."""
    with silent():
        try:
            made(sampler, given, 0)
        except Exception as error:
            told = " ".join(str(error).split())
            yield f"Settings are refused by {sampler}: {type(error).__name__}: {told}"
