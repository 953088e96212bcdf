"""The function that is minimised: from a vector of active parameters to a loss."""

from collections.abc import Mapping, Sequence
from operator import ge, le
from pathlib import Path
from typing import Protocol, runtime_checkable

from paramsrun.arrays import Vector
from paramsrun.problem.constraint import Constraint
from paramsrun.problem.contract import Evaluation, Failure, Key, SetEvaluation
from paramsrun.problem.parameters import ParameterInterface

INFINITE = float("inf")
INITIAL = Key(0, 0)


class Objective(Protocol):
    """A loss of parameter values; picklable and pure."""

    def evaluate(self, x: Vector, values: Vector, key: Key) -> SetEvaluation:
        """Return the loss; x are the active parameters, values all of them, in real units.

        What fails is an infinite loss with the reason: no exception is raised, nothing is nan.
        """


@runtime_checkable
class Prepared(Protocol):
    """An objective that has something to do before its first evaluation."""

    def prepare(self) -> None:
        """Do it; an exception tells that no evaluation could succeed."""


class Problem:
    """Parameters and the objectives they are judged by. Picklable and pure.

    Parameters
    ----------
    training
        What is minimised.
    validation
        What is only watched.
    validate_every
        The validation set is due at every n-th evaluation of an optimizer and at the initial one.
    files
        Every data file that was read: the path as the input gives it, and where it is.
    constraints
        A point that does not satisfy them all is a failed one.
    """

    def __init__(
        self,
        parameters: ParameterInterface,
        training: Objective,
        validation: Objective | None = None,
        validate_every: int = 1,
        files: Mapping[str, Path] | None = None,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        self.parameters = parameters
        self.training = training
        self.validation = validation
        self.validate_every = validate_every
        self.files = dict(files or {})
        self.constraints = tuple(constraints)
        self._all_active = len(parameters.active) == len(parameters.parameters)
        self._lower: list[float] = parameters.bounds[:, 0].tolist()
        self._upper: list[float] = parameters.bounds[:, 1].tolist()

    def prepare(self) -> None:
        """Import what the first evaluation would import, so that its time is its own."""
        if isinstance(self.training, Prepared):
            self.training.prepare()

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        """Return the loss at the active parameters x (n_active,), in real units.

        A point outside the ranges or against a constraint is a failed point: nothing is computed.
        The key decides which random subset is used and whether the validation set is due, nothing
        else.
        """
        # Lists are faster here than arrays, up to some hundred parameters.
        point = x.tolist()
        if not (all(map(ge, point, self._lower)) and all(map(le, point, self._upper))):
            return self._failed(self._outside(x), key)
        if self.constraints and (failures := self._against(point)):
            return self._failed(failures, key)
        values = x if self._all_active else self.parameters.values(x)
        training = self.training.evaluate(x, values, key)
        if self.validation is None or not self._is_due(key):
            return Evaluation(training.fx, training)
        return Evaluation(training.fx, training, self.validation.evaluate(x, values, key))

    def _failed(self, failures: tuple[Failure, ...], key: Key) -> Evaluation:
        failed = SetEvaluation(INFINITE, failures=failures)
        return Evaluation(INFINITE, failed, failed if self._is_due(key) else None)

    def _is_due(self, key: Key) -> bool:
        return self.validation is not None and (
            key == INITIAL or key.number % self.validate_every == 0
        )

    def _outside(self, x: Vector) -> tuple[Failure, ...]:
        return tuple(
            Failure(name, f"{value!r} is outside the range {lower!r} to {upper!r}")
            for name, value, lower, upper in zip(
                self.parameters.active_names, x.tolist(), self._lower, self._upper, strict=True
            )
            if not lower <= value <= upper
        )

    def _against(self, point: Sequence[float]) -> tuple[Failure, ...]:
        objections = [c.objection(point) for c in self.constraints]
        return tuple(Failure("Constraint", o) for o in objections if o is not None)
