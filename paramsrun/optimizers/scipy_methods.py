"""How each method of SciPy is run, and which options it knows."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.blocking import Loss
from paramsrun.optimizers.contract import Ended
from paramsrun.optimizers.differences import Differences, Enough
from paramsrun.optimizers.reasons import finished, one_line
from paramsrun.optimizers.scipy_options import SHGO_OPTIONS, spelled

MANY = 10**9
"""No limit, where a method wants a whole number."""

LIFTED: Mapping[str, Mapping[str, Any]] = {
    "Nelder-Mead": {"maxiter": np.inf, "maxfev": np.inf},
    "Powell": {"maxiter": np.inf, "maxfev": np.inf},
    "CG": {"maxiter": MANY},
    "BFGS": {"maxiter": MANY},
    "L-BFGS-B": {"maxiter": MANY, "maxfun": MANY},
    "TNC": {"maxfun": MANY},
    "COBYLA": {"maxiter": MANY},
    "COBYQA": {"maxiter": MANY, "maxfev": MANY},
    "SLSQP": {"maxiter": MANY},
    "trust-constr": {"maxiter": MANY},
    "basinhopping": {},
    "dual_annealing": {"maxfun": MANY},
    "differential_evolution": {"maxiter": MANY},
    "shgo": {},
    "direct": {"maxiter": 100_000, "maxfun": 1_000_000},
}
"""Every method, and what lifts its default limits; direct holds memory for as many as it may do."""

UNBOUNDED = ("CG", "BFGS")
"""The methods that know no bounds."""

STEPS = {
    "CG": 2.0**-26,
    "BFGS": 2.0**-26,
    "L-BFGS-B": 1e-8,
    "TNC": 1e-8,
    "SLSQP": 2.0**-26,
    "trust-constr": 2.0**-26,
}
"""The methods that need a gradient, and SciPy's default step of the differences."""

SHGO_MOST = 10
"""Parameters that shgo can take; each one more makes its start five times longer and larger."""


class Call(NamedTuple):
    """What every method is started with."""

    bounds: Matrix
    x0: Vector
    rng: np.random.Generator

    def box(self) -> Any:
        """Return the bounds as SciPy's object."""
        from scipy.optimize import Bounds

        return Bounds(self.bounds[:, 0], self.bounds[:, 1])


_Method = Callable[[Loss, Call, dict[str, Any]], Any]


def run(method: str, loss: Loss, call: Call, given: Mapping[str, Any]) -> Ended:
    """Run a method to its end, with the options given and no other limit."""
    options = {**LIFTED[method], **spelled(method, given)}
    minimize: _Method = _GLOBAL.get(method, partial(_local, method))
    try:
        result = minimize(loss, call, options)
    except Enough as enough:
        return Ended("converged", str(enough))
    message = result.message
    reason = one_line(message if isinstance(message, str) else " ".join(message))
    return finished(reason, loss.was_finite)


def _local(method: str, loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import minimize

    if method == "COBYLA":  # SciPy's default, 1, would leave every box of that size
        options.setdefault("rhobeg", 0.2 * float(np.ptp(call.bounds, axis=1).min()))
    arguments = {"options": options, "tol": options.pop("tol", None), **_setup(method, call)}
    if method not in STEPS:
        return minimize(loss, call.x0, **arguments)
    limit = options.get("maxfun", MANY)
    if "maxfun" in options:
        options["maxfun"] = MANY
    function = _differences(method, loss, call, options, limit)
    return minimize(function, call.x0, jac=function.gradient, **arguments)


def _setup(method: str, call: Call) -> dict[str, Any]:
    """Return the arguments that make `minimize` run a method within the bounds."""
    setup: dict[str, Any] = {"method": _cobyqa if method == "COBYQA" else method}
    if method not in UNBOUNDED:
        setup["bounds"] = call.box()
    return setup


def _differences(
    method: str, loss: Loss, call: Call, options: dict[str, Any], limit: float = MANY
) -> Differences:
    """Return the loss with a gradient, taking from the options what is said of its step."""
    step = options.pop("eps", STEPS[method])
    relative = options.pop("finite_diff_rel_step", None)
    return Differences(
        loss,
        call.bounds,
        step if relative is None else relative,
        relative=relative is not None,
        limit=limit,
    )


def _cobyqa(
    fun: Callable[[Vector], float],
    x0: Vector,
    *,
    bounds: Any = None,
    maxfev: int = MANY,
    maxiter: int = MANY,
    tol: float | None = None,
    f_target: float = -np.inf,
    feasibility_tol: float = 1e-8,
    initial_tr_radius: float = 1.0,
    final_tr_radius: float = 1e-6,
    scale: bool = False,
    **unused: Any,
) -> Any:
    """Run COBYQA beneath SciPy's wrapper, which holds a lock that no second run may wait for."""
    return _cobyqa_package().minimize(
        fun,
        x0,
        bounds=bounds,
        options={
            "maxfev": int(maxfev),
            "maxiter": int(maxiter),
            "target": float(f_target),
            "feasibility_tol": float(feasibility_tol),
            "radius_init": float(initial_tr_radius),
            "radius_final": float(final_tr_radius if tol is None else tol),
            "scale": bool(scale),
        },
    )


def _cobyqa_package() -> Any:
    for place in ("scipy._lib.cobyqa", "scipy._external.cobyqa", "cobyqa"):
        try:
            return import_module(place)
        except ImportError:
            continue
    raise ImportError("this SciPy hides its COBYQA; pip install cobyqa")


def _basinhopping(loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import basinhopping

    local: Any = _local_minimizer(call, options.pop("minimizer_kwargs", None))
    function: Callable[[Vector], float] = _tolerant(loss)
    if local["method"] in STEPS:
        function = differences = _differences(local["method"], loss, call, local["options"])
        local["jac"] = differences.gradient
    return basinhopping(function, call.x0, minimizer_kwargs=local, rng=call.rng, **options)


def _dual_annealing(loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import dual_annealing

    if "minimizer_kwargs" in options:
        options["minimizer_kwargs"] = _local_minimizer(call, options["minimizer_kwargs"])
    return dual_annealing(_tolerant(loss), call.box(), x0=call.x0, rng=call.rng, **options)


def _differential_evolution(loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import differential_evolution

    def losses(x: Matrix) -> Any:
        return loss(x) if x.ndim == 1 else loss.many(x.T)

    whole = options.setdefault("updating", "deferred") == "deferred"
    return differential_evolution(
        losses,
        call.box(),
        x0=call.x0,
        vectorized=whole,
        rng=call.rng,
        **options,
    )


def _shgo(loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import shgo

    n = len(call.x0)
    if n > SHGO_MOST:
        raise ValueError(f"shgo takes at most {SHGO_MOST} parameters, not {n}: it begins with 2^n")
    inner: Any = {name: options.pop(name) for name in SHGO_OPTIONS if name in options}
    if "minimizer_kwargs" in options:
        options["minimizer_kwargs"] = _local_minimizer(call, options["minimizer_kwargs"])
    return shgo(_tolerant(loss), call.box(), options=inner, **options)


def _direct(loss: Loss, call: Call, options: dict[str, Any]) -> Any:
    from scipy.optimize import direct

    return direct(loss, call.box(), **options)


_GLOBAL: Mapping[str, _Method] = {
    "basinhopping": _basinhopping,
    "dual_annealing": _dual_annealing,
    "differential_evolution": _differential_evolution,
    "shgo": _shgo,
    "direct": _direct,
}


def _local_minimizer(call: Call, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of the local minimiser inside a global method."""
    chosen = {"method": "L-BFGS-B", **(given or {})}
    method = chosen["method"]
    options = {**LIFTED.get(method, {}), **chosen.get("options", {})}
    return {**chosen, **_setup(method, call), "options": options}


def _tolerant(loss: Loss) -> Callable[[Vector], float]:
    """Return the loss without its protest against points that are no numbers.

    A local search inside a global method may end with one, and the method goes on.
    """
    return lambda x: loss(x) if np.isfinite(x).all() else np.inf
