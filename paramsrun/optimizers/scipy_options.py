"""Which options each method of SciPy knows, and which of them an input may set."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from paramsrun.errors import nearest

GLOBAL = ("basinhopping", "dual_annealing", "differential_evolution", "shgo", "direct")
"""The methods that are functions of their own; the others belong to `minimize`."""

RANDOMISED = ("basinhopping", "dual_annealing", "differential_evolution")
"""The methods that draw random numbers."""

TAKEN = {
    "func": "the loss function is the run's",
    "args": "the loss function is the run's",
    "x0": "the initial point is the run's",
    "bounds": "the bounds come from the parameter interface",
    "constraints": "there is no way to state constraints",
    "integrality": "the parameters are scaled",
    "callback": "it takes a Python function",
    "accept_test": "it takes a Python function",
    "take_step": "it takes a Python object",
    "workers": "the run decides what is evaluated at once",
    "vectorized": "the run decides what is evaluated at once",
    "rng": "give a whole number as seed",
    "disp": "the run keeps the log",
    "iprint": "the run keeps the log",
    "verbose": "the run keeps the log",
    "return_all": "the run keeps the log",
    "options": "give each option by its own name",
}
"""Options of SciPy that an input cannot set, and why."""

SHGO_OPTIONS = (
    "maxfev",
    "f_min",
    "f_tol",
    "maxiter",
    "maxev",
    "maxtime",
    "minhgrd",
    "symmetry",
    "minimize_every_iter",
    "local_iter",
    "infty_constraints",
)
"""What shgo takes in a dictionary of its own."""


def option_names(method: str) -> list[str]:
    """Return the names of the options that this version of SciPy knows for a method."""
    from scipy import optimize

    if method not in GLOBAL:
        return ["tol", *_documented(method)]
    known = [*inspect.signature(getattr(optimize, method)).parameters]
    known += SHGO_OPTIONS if method == "shgo" else ()
    return known + (["seed"] if method in RANDOMISED and "seed" not in known else [])


def _documented(method: str) -> list[str]:
    from scipy import optimize

    show_options: Any = optimize.show_options
    text = inspect.cleandoc(show_options("minimize", method.lower(), disp=False) or "")
    sections = re.split(r"^(\w+)\n-+$", text, flags=re.MULTILINE)
    titled = dict(zip(sections[1::2], sections[2::2], strict=True))
    listed = titled.get("Options") or titled.get("Parameters") or ""
    names = re.findall(r"^(\w+(?:, \w+)*) ?: ", listed, re.MULTILINE)
    return [name for group in names for name in group.split(", ") if name != "tol"]


def spelled(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options given, under SciPy's spelling of their names."""
    if not given:
        return {}
    spelling = {name.casefold(): name for name in option_names(method)}
    return {spelling.get(name.casefold(), name): value for name, value in given.items()}


def option_mistakes(method: str, given: Mapping[str, object]) -> Iterable[str]:
    """Yield what is wrong with the names of options, one sentence each."""
    names = option_names(method)
    settable = [name for name in names if name not in TAKEN]
    by_fold = {name.casefold(): name for name in names}
    for name in given:
        known = by_fold.get(name.casefold())
        if known is None:
            yield (
                f"Settings {name} is not an option of {method}{nearest(name, settable)} "
                f"(known: {', '.join(settable)})"
            )
        elif known in TAKEN:
            yield f"Settings {name} cannot be set: {TAKEN[known]}"
