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

        What fails is an infinite loss with the reason: nothing is nan, and no exception is raised
        but EvaluatorLost, which ends the run.
        """

    @property
    def no_squares(self) -> str | None:
        """Why the loss cannot be a sum of squares, or None if it may be one."""

    def squares(self, result: SetEvaluation) -> Vector:
        """Return residuals (n_residuals,) whose squares add up to what is minimised.

        RunError where there are none.
        """


@runtime_checkable
class InParts(Protocol):
    """An objective whose jobs can be computed in several places."""

    @property
    def n_jobs(self) -> int:
        """The number of jobs that an evaluation runs at most."""

    def part(self, values: Vector, key: Key, k: int, n: int) -> SetEvaluation:
        """Return the k-th of n parts, or why it failed."""

    def whole(self, values: Vector, key: Key, parts: Sequence[SetEvaluation]) -> SetEvaluation:
        """Return what `evaluate` returns, from all parts in their order."""


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
        if failures := self._objections(x):
            return self._failed(failures, key)
        values = x if self._all_active else self.parameters.values(x)
        training = self.training.evaluate(x, values, key)
        if self.validation is None or not self._is_due(key):
            return Evaluation(training.fx, training)
        return Evaluation(training.fx, training, self.validation.evaluate(x, values, key))

    @property
    def n_jobs(self) -> int:
        """The number of jobs of an evaluation; 1 where it cannot be computed in parts."""
        return self.training.n_jobs if isinstance(self.training, InParts) else 1

    def part(self, x: Vector, key: Key, k: int, n: int) -> Evaluation:
        """Return the k-th of n parts of an evaluation, for `whole` to put together."""
        assert isinstance(self.training, InParts)
        if failures := self._objections(x):
            return self._failed(failures, key)
        values = self.parameters.values(x)
        training = self.training.part(values, key, k, n)
        if self.validation is None or not self._is_due(key):
            return Evaluation(training.fx, training)
        assert isinstance(self.validation, InParts)
        return Evaluation(training.fx, training, self.validation.part(values, key, k, n))

    def whole(self, x: Vector, key: Key, parts: Sequence[Evaluation]) -> Evaluation:
        """Return what `evaluate` returns, to the last bit, from all parts in their order.

        A part that lacks a validation set that is due comes from an evaluator that gave it up.
        """
        assert isinstance(self.training, InParts)
        if failures := self._objections(x):
            return self._failed(failures, key)
        is_due = self._is_due(key)
        for part in parts:
            if is_due and part.validation is None:
                return part
        values = self.parameters.values(x)
        training = self.training.whole(values, key, [part.training for part in parts])
        if not is_due:
            return Evaluation(training.fx, training)
        assert isinstance(self.validation, InParts)
        of_validation = [part.validation for part in parts if part.validation is not None]
        return Evaluation(training.fx, training, self.validation.whole(values, key, of_validation))

    def _objections(self, x: Vector) -> tuple[Failure, ...]:
        """Return why nothing is computed at a point."""
        # Lists are faster here than arrays, up to some hundred parameters.
        point = x.tolist()
        if not (all(map(ge, point, self._lower)) and all(map(le, point, self._upper))):
            return self._outside(x)
        return self._against(point) if self.constraints else ()

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
