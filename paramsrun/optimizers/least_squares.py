"""SciPy's least_squares (Virtanen et al. 2020, doi:10.1038/s41592-019-0686-2)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import nearest
from paramsrun.optimizers.blocking import BlockingProposer, Loss
from paramsrun.optimizers.contract import Ended, Proposer
from paramsrun.optimizers.contract import Residuals as Told
from paramsrun.optimizers.reasons import one_line
from paramsrun.optimizers.residuals import STEP, Residuals
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key

ROBUST = ("soft_l1", "huber", "cauchy", "arctan")
"""The losses of least_squares beside the square, ``linear``; lm has none of them."""
LEAST = 2.0**-52
"""SciPy takes no smaller tolerance; a smaller step would change nothing."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_at_least(value: Any, least: float) -> bool:
    return _is_number(value) and least <= value < np.inf


_TOLERANCE = ("a number of at least 2.2e-16", lambda v: _is_at_least(v, LEAST))
_ABOVE_0 = ("a number above 0", lambda v: _is_at_least(v, 5e-324))
OPTIONS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("ftol", "xtol", "gtol", "diff_step"), _TOLERANCE),
    "x_scale": ("jac or a number above 0", lambda v: v == "jac" or _ABOVE_0[1](v)),
    "loss": (" or ".join(("linear", *ROBUST)), lambda v: v in ("linear", *ROBUST)),
    "f_scale": _ABOVE_0,
    "jac": ("2-point or 3-point", lambda v: v in (*STEP,)),
    "tr_solver": ("exact or lsmr", lambda v: v in ("exact", "lsmr")),
    "max_nfev": ("a whole number above 0", lambda v: type(v) is int and v > 0),
}
"""The options of least_squares that an input may set, and what each may be."""


@optimizers.member("LeastSquares")
@dataclass(frozen=True, kw_only=True)
class LeastSquares:
    """SciPy's least_squares on the residuals: for a loss that is a sum of squares.

    That is a LossFunction sse or rmse without BatchSize and MaxJobs, whose residuals are
    sqrt(weight) (prediction - reference) / sigma, or a Function that returns a vector. The columns
    of a Jacobian are finite differences and asked for at once, so ParameterVectors of them are
    evaluated in parallel. Its limit on evaluations, max_nfev, is lifted unless you give it; it does
    not count those of a Jacobian. trf and dogbox keep to the bounds (Branch et al. 1999,
    doi:10.1137/S1064827595289108); lm (More 1978, doi:10.1007/BFb0067700) may try points outside,
    whose loss is infinite.
    """

    needs_residuals: ClassVar[bool] = True

    algorithm: Literal["trf", "dogbox", "lm"] = key(
        "trf", doc="The method, by SciPy's name for it."
    )
    settings: Mapping[str, Any] = free(
        doc="Options of least_squares by SciPy's names, such as `xtol 1e-6`, `loss soft_l1` or "
        "`diff_step 1e-4` (relative to the larger of 1 and |x|, in scaled space); `jac` is 2-point "
        "or 3-point."
    )

    @property
    def random_seed(self) -> None:
        """None: it draws no random numbers."""
        return

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the settings, one sentence each."""
        for name in self.settings:
            if name.casefold() not in OPTIONS:
                yield (
                    f"Settings {name} is not an option{nearest(name, OPTIONS)} "
                    f"(known: {', '.join(OPTIONS)})"
                )
        options = self._options
        for name, (wanted, may_be) in OPTIONS.items():
            if name in options and not may_be(options[name]):
                yield f"Settings {name} must be {wanted}, not {options[name]}"
        if self.algorithm == "lm" and (loss := options.get("loss", "linear")) in ROBUST:
            yield f"Settings loss {loss} needs Algorithm trf or dogbox, not lm"

    @property
    def _options(self) -> dict[str, Any]:
        return {name.casefold(): value for name, value in self.settings.items()}

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer that runs the method."""
        return _Proposer(lambda loss: self._run(loss, np.array(bounds), np.array(x0)))

    def _run(self, loss: Loss, bounds: Matrix, x0: Vector) -> Ended:
        from scipy.optimize import least_squares

        options: dict[str, Any] = {"max_nfev": _MANY, **self._options}
        scheme, step = options.pop("jac", "2-point"), options.pop("diff_step", None)
        is_lm = self.algorithm == "lm"
        residuals = Residuals(loss, bounds, scheme, step, is_finite=is_lm)
        result: Any = least_squares(
            residuals,
            x0,
            jac=residuals.jacobian,
            bounds=(-np.inf, np.inf) if is_lm else tuple(bounds.T),
            method=self.algorithm,
            **options,
        )
        return Ended("converged", one_line(result.message))


class _Proposer(BlockingProposer):
    needs_residuals = True

    def tell(self, x: Matrix, fx: Vector, residuals: Told = ()) -> None:
        """Let the algorithm run on with residuals instead of losses."""
        self.go_on(residuals)


_MANY = 10**9
