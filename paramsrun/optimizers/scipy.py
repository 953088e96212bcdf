"""The optimizers of SciPy (Virtanen et al. 2020, doi:10.1038/s41592-019-0686-2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers import scipy_methods
from paramsrun.optimizers.blocking import BlockingProposer
from paramsrun.optimizers.contract import Proposer
from paramsrun.optimizers.scipy_options import RANDOMISED, option_mistakes
from paramsrun.optimizers.seeds import seed_in, seed_mistakes, without_seed
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key
from paramsrun.settings.parameter_types import round_integers


@optimizers.member("Scipy")
@dataclass(frozen=True, kw_only=True)
class Scipy:
    """A minimiser of SciPy: ten local methods, for which you give no derivatives, and five global.

    SciPy's default limits on iterations and evaluations do not hold; a limit given among the
    settings does, and reaching it counts as converged. Only basinhopping and dual_annealing keep
    theirs, as they have no other criterion.

    Local methods ask for one point at a time. Those that need a gradient take finite differences,
    all columns at once, and go on where one of their points fails; differential_evolution asks for
    a generation at once. shgo and direct do not use the initial point; shgo takes at most 10
    parameters. CG, BFGS and COBYLA may try points outside the bounds: their loss is infinite.
    COBYLA's rhobeg is 0.2 of the narrowest range unless it is given.
    """

    algorithm: Literal[
        "Nelder-Mead",
        "Powell",
        "CG",
        "BFGS",
        "L-BFGS-B",
        "TNC",
        "COBYLA",
        "COBYQA",
        "SLSQP",
        "trust-constr",
        "basinhopping",
        "dual_annealing",
        "differential_evolution",
        "shgo",
        "direct",
    ] = key("Nelder-Mead", doc="The method, by SciPy's name for it.")
    round_integers: bool = round_integers()
    settings: Mapping[str, Any] = free(
        doc="Options of the method by SciPy's names, such as `xatol 1e-6` or `maxiter 500`; and "
        "`seed` for basinhopping, dual_annealing and differential_evolution."
    )

    @property
    def random_seed(self) -> int | None:
        """The seed given among the settings."""
        return seed_in(self.settings)

    def mistakes(self) -> Iterable[str]:
        """Yield what is wrong with the settings, one sentence each."""
        if self.algorithm in RANDOMISED:
            yield from seed_mistakes(self.settings)
        if self.settings:
            yield from option_mistakes(self.algorithm, self.settings)

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer that runs the method."""
        call = scipy_methods.Call(np.array(bounds), np.array(x0), rng)
        options = without_seed(self.settings)
        return BlockingProposer(lambda loss: scipy_methods.run(self.algorithm, loss, call, options))
