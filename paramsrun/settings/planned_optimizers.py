"""Optimizers that an input may name and that are still to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key


@optimizers.plan("AdaptiveRateMonteCarlo")
@dataclass(frozen=True, kw_only=True)
class AdaptiveRateMonteCarlo:
    """Monte Carlo with adapted moves (Cosseddu & Infante 2017, J. Chem. Theory Comput. 13, 297)."""

    acceptance_target: float = key(
        0.25, above=0.0, below=1.0, doc="Share of moves that are to be accepted."
    )
    gamma: float = key(2.0, above=0.0, doc="How strongly the acceptance threshold is adapted.")
    phi: float = key(1.0, above=0.0, doc="Initial acceptance threshold.")
    move_range: tuple[float, ...] = key(
        tuple(round(0.9 + 0.005 * i, 3) for i in range(41)),
        above=0.0,
        doc="Factors by which a move may change a parameter.",
    )
    sub_iterations: int = key(100, at_least=1, doc="Moves between adaptations.")
    super_iterations: int = key(1000, at_least=1, doc="Adaptations.")


@optimizers.plan("LeastSquares")
@dataclass(frozen=True, kw_only=True)
class LeastSquares:
    """SciPy's least_squares on the residual vector."""

    algorithm: Literal["trf", "dogbox", "lm"] = key("trf", doc="Method of least_squares.")
    settings: Mapping[str, object] = free(doc="Options of least_squares.")


@optimizers.plan("Nevergrad")
@dataclass(frozen=True, kw_only=True)
class Nevergrad:
    """Any optimizer of the library nevergrad."""

    algorithm: str = key("TBPSA", doc="Name in nevergrad's registry.")
    settings: Mapping[str, object] = free(doc="Options of the algorithm.")


@optimizers.plan("Optuna")
@dataclass(frozen=True, kw_only=True)
class Optuna:
    """Samplers of Optuna, alone or in a study that processes share."""

    sampler: Literal["TPE", "CMAES", "GP", "QMC", "Random"] = key("TPE", doc="Optuna's sampler.")
    number_of_trials: int = key(100, at_least=1, doc="Evaluations in all, over all processes.")
    storage: str | None = key(None, doc="URL of the database that processes share.")
    study_name: str | None = key(None, doc="Name of the study in that database.")
    random_seed: int | None = key(None, at_least=0, doc="Seed of the sampler.")
