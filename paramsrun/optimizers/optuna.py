"""Hyperparameter search by Optuna (Akiba et al. 2019, doi:10.1145/3292500.3330701)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import UsageError
from paramsrun.optimizers.contract import Proposer
from paramsrun.optimizers.knowing import knowing
from paramsrun.optimizers.study import address, library
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key
from paramsrun.settings.parameter_types import ALL_TYPES

if TYPE_CHECKING:
    from paramsrun.optimizers.study.pruning import Pruning
    from paramsrun.problem.scaling import Scaling


@optimizers.member("Optuna")
@dataclass(frozen=True, kw_only=True)
class Optuna:
    """Samplers of the library Optuna, alone or in a study that processes share.

    The library is an extra: pip install 'paramsrun[study]'. The initial point is the first trial.
    A failed point counts as a trial of infinite loss, which the samplers avoid. Better points of
    other optimizers are taken up by TPE and GP. CMAES draws categorical parameters at random.

    With a Storage each process that is started with the same Storage and StudyName works on one
    study, until there are NumberOfTrials completed trials together. The trial of a process that was
    killed is taken over by another within 30 s; a trial that takes its process down four times
    counts as failed. A resumed run goes on with the study as it is by then.
    """

    takes: ClassVar[frozenset[str]] = ALL_TYPES
    scaler: ClassVar[str] = "none"

    sampler: Literal["TPE", "CMAES", "GP", "QMC", "Random"] = key(
        "TPE",
        doc="How trials are drawn: tree-structured Parzen estimators, CMA-ES, Gaussian processes "
        "(needs torch), a scrambled Sobol sequence or at random.",
    )
    number_of_trials: int = key(
        100,
        at_least=1,
        doc="Trials to complete, failed ones counted; then it has converged. With a Storage: of "
        "all processes together.",
    )
    number_of_bad_trials: int = key(
        0,
        at_least=0,
        doc="It has converged after so many trials in a row without a better one; 0 sets no such "
        "limit.",
    )
    batch_size: int = key(
        0,
        at_least=0,
        doc="Trials drawn at a time, which may be evaluated side by side; 0 means ParameterVectors "
        "of ParallelLevels. With a Storage always 1: start more processes, or set Optimizations.",
    )
    multivariate: bool = key(
        True, doc="With Sampler TPE: draw all parameters together, not one by one."
    )
    pruner: Literal["None", "Median", "Percentile"] = key(
        "None",
        doc="Ends a trial whose lowest loss so far, at a step that it reports, is above the median "
        "of the completed trials there, or above their PrunerPercentile. For Engine Command with "
        "ProgressPattern or Repeats.",
    )
    pruner_percentile: float = key(
        25.0,
        unit="%",
        above=0.0,
        below=100.0,
        doc="With Pruner Percentile: the share of the trials that goes on.",
    )
    pruner_startup_trials: int = key(
        5, at_least=1, doc="No trial is ended before so many are complete."
    )
    pruner_warmup_steps: int = key(0, at_least=0, doc="No trial is ended at a step below this.")
    storage: str | None = key(
        None,
        secret=True,
        takes="a URL",
        doc="URL of the database that processes share, with its driver: "
        "postgresql+psycopg://user@host/database, mysql+pymysql://user@host/database or "
        "sqlite:///file (on one machine; relative to the input's folder). $NAME and ${NAME} are "
        "taken from the environment when connecting; a password that is written out is not stored.",
    )
    study_name: str | None = key(
        None, doc="Name of the study in that database; a Storage needs one."
    )
    random_seed: int | None = key(
        None,
        at_least=0,
        doc="Seed of the sampler; the run's RandomSeed decides where it is left out. Processes "
        "that share a study draw different trials all the same.",
    )
    settings: Mapping[str, Any] = free(
        doc="Options of the sampler by Optuna's names, such as `n_startup_trials 20`."
    )

    @property
    def modules(self) -> tuple[str, ...]:
        """What `start` imports of this package."""
        names = ("alone", "sampling") if self.storage is None else ("alone", "sampling", "shared")
        return tuple(f"paramsrun.optimizers.study.{name}" for name in names)

    @property
    def replays(self) -> bool:
        """Whether a resume tells it again what it was told: in a Storage that is known."""
        return self.storage is None

    @property
    def pruning(self) -> "Pruning | None":
        """When trials are ended on their way."""
        from paramsrun.optimizers.study.pruning import Pruning

        if self.pruner == "None":
            return None
        percentile = 50.0 if self.pruner == "Median" else self.pruner_percentile
        return Pruning(percentile, self.pruner_startup_trials, self.pruner_warmup_steps)

    @property
    def needs_progress(self) -> bool:
        """Whether evaluations have to report what they have so far."""
        return self.pruner != "None"

    @property
    def library(self) -> str:
        """The library that is least likely to be there."""
        return ["optuna", *(module for module, _ in library.KINDS[self.sampler].needs)][-1]

    @property
    def options(self) -> dict[str, Any]:
        """The options of the sampler by Optuna's names."""
        if self.sampler == "TPE":
            return {"multivariate": self.multivariate, **self.settings}
        return {"scramble": True, **self.settings} if self.sampler == "QMC" else {**self.settings}

    def mistakes(self) -> Iterable[str]:
        """Yield what is wrong with the settings, one sentence each."""
        missing = library.missing(self.sampler)
        if missing is not None:
            yield f"Sampler {self.sampler} {missing}"
        elif self.settings:
            yield from library.option_mistakes(self.sampler, self.settings)
        if self.storage is not None:
            yield from self._storage_mistakes(self.storage)
            if self.sampler == "CMAES":
                yield (
                    "Sampler CMAES cannot share a Storage: Optuna keeps its state there in a form "
                    "that runs code when it is read; choose TPE, GP, QMC or Random"
                )
        elif self.study_name is not None:
            yield "StudyName goes with a Storage; give that, or leave it out"

    def _storage_mistakes(self, storage: str) -> Iterable[str]:
        mistake = address.mistake(storage)
        if mistake is not None:
            yield f"Storage {mistake}"
        if self.study_name is None:
            yield "Storage goes with a StudyName, under which processes find the study; give one"
        if self.batch_size > 1:
            yield f"BatchSize must be 1 with a Storage, not {self.batch_size}"

    def batched(self, n: int) -> "Optuna":
        """Return the same with n trials at a time, where that is left open."""
        if self.batch_size > 0:
            return self
        return replace(self, batch_size=1 if self.storage is not None else n)

    def located(self, folders: Sequence[Path]) -> "Optuna":
        """Return the same with the file of its database in the first of these folders."""
        if self.storage is None or not folders:
            return self
        return replace(self, storage=address.located(self.storage, folders[0]))

    def unlocked_by(self, others: Iterable[object]) -> "Optuna":
        """Return the same with a password that was not stored, if one of others has it."""
        for other in others:
            if isinstance(other, Optuna) and address.unlocks(other.storage, self.storage):
                return knowing(self, "storage", other.storage)
        return self

    def scaled_by(self, scaling: "Scaling") -> "Optuna":
        """Return the same that knows the parameters by name."""
        return knowing(self, "_scaling", scaling)

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of BatchSize trials at a time, or of one in the shared study."""
        from paramsrun.optimizers.study.alone import Alone, Limits
        from paramsrun.optimizers.study.parameters import Parameters
        from paramsrun.optimizers.study.sampling import Sampling, stream
        from paramsrun.problem.scaling import Scaling

        missing = library.missing(self.sampler)
        if missing is not None:
            raise UsageError(f"Optimizer%Optuna%Sampler {self.sampler} {missing}")
        parameters = Parameters(vars(self).get("_scaling") or Scaling(np.array(bounds), "none"))
        limits = Limits(self.number_of_trials, self.number_of_bad_trials)
        words = stream(rng)
        if self.storage is not None:
            from paramsrun.optimizers.study.shared import Shared

            return Shared(self, parameters, x0, words, limits)
        sampling = Sampling(self.sampler, self.options, parameters, words)
        learns = library.KINDS[self.sampler].learns
        size = self.batch_size or 1
        return Alone(sampling, parameters, x0, size, limits, learns, self.pruning)
