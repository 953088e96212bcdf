"""What the parts of a problem are to each other and to the rest of the program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import Place, RunError

Value: TypeAlias = float | np.float64 | NDArray[np.float64]
"""What an extractor gives."""


class Step(NamedTuple):
    """How far an evaluation has come, and the loss that it would have so far."""

    number: int
    value: float


class Key(NamedTuple):
    """Which evaluation this is: it decides random subsets, validation and pruning, nothing else."""

    optimizer: int
    number: int
    """The optimizer's own evaluation number, from 1; the initial evaluation is (0, 0)."""
    bars: tuple[Step, ...] = ()
    """An evaluation whose lowest value so far is above the bar at its step is ended there."""


class Failure(NamedTuple):
    """Why a loss could not be computed."""

    where: str
    """A job, an entry's expression or a parameter."""
    reason: str


class SetEvaluation(NamedTuple):
    """One objective (a training or a validation set) at one point."""

    fx: float
    predictions: Vector | None = None
    """(n_elements,) every predicted number, entries in file order, in each entry's Unit."""
    residuals: Vector | None = None
    """(n_elements,) (prediction - reference) / sigma; for a Function its own residual vector."""
    entries: tuple[int, ...] | None = None
    """Positions of the entries that were used, or None for all (BatchSize, MaxJobs)."""
    failures: tuple[Failure, ...] = ()
    progress: tuple[Step, ...] = ()
    """What the evaluation reported on its way, in that order; of one ended at a bar, up to it."""
    pruned: bool = False
    """Whether it was ended at a bar; failures tell which."""


def own_residuals(result: SetEvaluation) -> Vector:
    """Return the residuals (n_residuals,) that came with a loss; RunError where none did."""
    if result.residuals is None:
        raise RunError(
            "The optimizer needs residuals (as LeastSquares does, and a Plugin with LogDetailed), "
            "and the loss came as a single number: return the vector of residuals, whose squares "
            "add up to the loss, or choose another Optimizer"
        )
    return result.residuals


class Evaluation(NamedTuple):
    """The loss at one point; fx is inf where failures say why, and never nan."""

    fx: float
    training: SetEvaluation
    validation: SetEvaluation | None = None
    """Where the validation set was due."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why the training loss is not finite."""
        return self.training.failures


@dataclass(frozen=True, eq=False)
class System:
    """Atoms, and the cell they repeat in."""

    symbols: tuple[str, ...]
    positions: Matrix
    """(n_atoms, 3) angstrom."""
    lattice: Matrix | None = None
    """(1 to 3, 3) angstrom, a row a vector; None for a cluster."""
    charge: float = 0.0


@dataclass(frozen=True, eq=False)
class Job:
    """One calculation of a job collection."""

    id: str
    system: System
    task: str
    """Lower case; ``singlepoint`` is what every engine can do."""
    place: Place


class JobFailed(Exception):
    """A job gave no result at these parameter values; the loss is then inf."""

    def __init__(self, job: str, reason: str) -> None:
        super().__init__(job, reason)
        self.failure = Failure(job, reason)


class Slot(NamedTuple):
    """Where one result of one job stands in a model's outputs."""

    start: int
    shape: tuple[int, ...]


class Model(Protocol):
    """An engine bound to the jobs of a problem. Picklable and pure."""

    layout: Mapping[tuple[str, str], Slot]
    """(job id, property) -> its place in the outputs, for all that was wanted."""

    def __call__(self, values: Vector, jobs: frozenset[str] | None = None) -> Vector:
        """Return all outputs, flat (n_outputs,), in atomic units.

        values are all parameters in real units, interface order. Where jobs is given only their
        outputs are needed. Raises JobFailed.
        """


class Engine(Protocol):
    """The settings of an engine that runs jobs (family `engines`)."""

    provides: ClassVar[frozenset[str]]
    """The properties it can give: energy (), forces (n_atoms, 3), stresstensor (3, 3), charges
    (n_atoms,); hartree, hartree/bohr, hartree/bohr^3, e."""

    def bind(
        self, jobs: Mapping[str, Job], wanted: Mapping[str, frozenset[str]], names: tuple[str, ...]
    ) -> Model:
        """Prepare for these jobs; wanted names the properties of each, names the parameters.

        Raises ValueError, in words for the user, for parameter names that the engine does not
        know and for jobs that it cannot run.
        """


class Extractor(Protocol):
    """What an expression can ask of a job (family `extractors`), as in ``distance('a', 0, 1)``.

    A frozen dataclass, its fields the arguments behind the job's id. ``__post_init__`` may raise
    ValueError for arguments that can never be right.
    """

    sigma: ClassVar[float]
    """The default accuracy of a data set entry, in `unit`."""
    unit: ClassVar[str]
    """Of the values it gives."""
    needs: ClassVar[frozenset[str]]
    """The engine's properties that it is made from; where empty, it depends on the geometry only
    and is computed once, when the problem is loaded."""
    picks: ClassVar[bool]
    """Whether its values are elements of those properties, each as it is: then they are taken from
    the model's outputs without a call of `value`."""
    period: ClassVar[float | None]
    """In `unit`, where values that differ by it mean the same: 360 for a dihedral."""

    def value(self, results: Mapping[str, NDArray[np.float64]], system: System) -> Value:
        """Return a number or an array; results holds the properties named by `needs`.

        Pure, and of the same shape for all parameter values. Raises ValueError, in words for the
        user, for arguments that do not fit the system.
        """
