"""The loss of a data set: a model, the plan of its predictions, and a loss function."""

import math
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.errors import RunError
from paramsrun.problem.contract import (
    Failure,
    JobFailed,
    Key,
    Model,
    SetEvaluation,
    own_residuals,
)
from paramsrun.problem.data_set import DataSet
from paramsrun.problem.expression import same_period
from paramsrun.problem.loss import LossFunction
from paramsrun.problem.parts import Parts, Shares
from paramsrun.problem.plan import Plan
from paramsrun.problem.subset import Sampler

INFINITE = float("inf")


class Comparison(NamedTuple):
    """What predictions are compared with, element by element."""

    reference: Vector
    sigma: Vector
    weight: Vector
    period: Vector | None
    """inf where there is none."""

    def of(self, elements: NDArray[np.intp]) -> "Comparison":
        """Return some of the elements."""
        return Comparison(*(None if v is None else v[elements] for v in self))  # type: ignore[arg-type]

    def deviations(self, predictions: Vector) -> Vector:
        """Return (prediction - reference) / sigma, the shortest way round where it is periodic."""
        d: Vector = predictions - self.reference
        if self.period is not None:
            turns = np.isfinite(self.period)
            d[turns] -= self.period[turns] * np.round(d[turns] / self.period[turns])
        d /= self.sigma
        return d


class DataSetObjective:
    """The loss of a data set; picklable and pure."""

    def __init__(
        self,
        data_set: DataSet,
        model: Model,
        plan: Plan,
        loss: LossFunction,
        sampler: Sampler | None = None,
    ) -> None:
        self.data_set = data_set
        self.model = model
        self.plan = plan
        self.loss = loss
        self.sampler = sampler
        self.comparison = _comparison(data_set, plan)
        self.coefficients = loss.coefficients(self.comparison.weight, plan.sizes)

    def evaluate(self, x: Vector, values: Vector, key: Key) -> SetEvaluation:
        """Return the loss of the entries that the key draws."""
        with np.errstate(all="ignore"):
            return self._compared(self.model, values, key)

    def _compared(self, model: Model | Parts, values: Vector, key: Key) -> SetEvaluation:
        if self.sampler is not None:
            return self._of_subset(model, values, self.sampler.draw(key))
        try:
            predictions = self.plan(model(values))
        except Exception as error:
            return SetEvaluation(INFINITE, failures=(_failure(error),))
        d = self.comparison.deviations(predictions)
        fx = self.loss.total(self.coefficients, d)
        if not math.isfinite(fx):
            return self._not_finite(predictions, d, None)
        return SetEvaluation(fx, predictions, d)

    @property
    def n_jobs(self) -> int:
        """The number of jobs that an evaluation runs at most."""
        return len(Shares(self.model.layout).jobs)

    def part(self, values: Vector, key: Key, k: int, n: int) -> SetEvaluation:
        """Return, as predictions, the outputs of the k-th of n shares of the jobs."""
        shares = Shares(self.model.layout, self._jobs(key))
        mine = shares.share(k, n)
        if not mine:
            return SetEvaluation(0.0, np.zeros(0))
        with np.errstate(all="ignore"):
            try:
                outputs = self.model(values, frozenset(mine))
            except Exception as error:
                return SetEvaluation(INFINITE, failures=(_failure(error),))
        return SetEvaluation(0.0, outputs[shares.places(mine)])

    def whole(self, values: Vector, key: Key, parts: Sequence[SetEvaluation]) -> SetEvaluation:
        """Return what `evaluate` returns, from all parts in their order."""
        shares = Shares(self.model.layout, self._jobs(key))
        with np.errstate(all="ignore"):
            return self._compared(Parts(shares, parts), values, key)

    def _jobs(self, key: Key) -> frozenset[str] | None:
        return None if self.sampler is None else self._jobs_of(self.sampler.draw(key))

    def _jobs_of(self, drawn: tuple[int, ...]) -> frozenset[str]:
        return frozenset[str]().union(*(self.data_set.entries[i].jobs for i in drawn))

    @property
    def no_squares(self) -> str | None:
        """Why the loss is no sum of squares that an optimizer could use, or None if it is one."""
        if not self.loss.is_squared:
            return f"LossFunction {self.loss.name} is no sum of squares: choose sse or rmse"
        if self.sampler is not None:
            return "BatchSize and MaxJobs draw other residuals at each evaluation: set both to 0"
        return None

    def squares(self, result: SetEvaluation) -> Vector:
        """Return (n_elements,) whose squares add up to the loss, or for rmse to its square.

        Raises RunError where the loss is no sum of squares.
        """
        if self.no_squares is not None:
            raise RunError(f"The optimizer needs a sum of squares: {self.no_squares}")
        weighted: Vector = np.sqrt(self.coefficients) * own_residuals(result)
        return weighted

    def _of_subset(
        self, model: Model | Parts, values: Vector, drawn: tuple[int, ...]
    ) -> SetEvaluation:
        try:
            everything = self.plan(model(values, self._jobs_of(drawn)))
        except Exception as error:
            return SetEvaluation(INFINITE, entries=drawn, failures=(_failure(error),))
        elements = self.elements(drawn)
        predictions = everything[elements]
        comparison = self.comparison.of(elements)
        d = comparison.deviations(predictions)
        coefficients = self.loss.coefficients(comparison.weight, self.plan.sizes[list(drawn)])
        fx = self.loss.total(coefficients, d)
        if not math.isfinite(fx):
            return self._not_finite(predictions, d, drawn)
        return SetEvaluation(fx, predictions, d, drawn)

    def elements(self, drawn: tuple[int, ...]) -> NDArray[np.intp]:
        """Return the positions of all elements of some entries."""
        starts, sizes = self.plan.starts, self.plan.sizes
        return np.concatenate([np.arange(starts[i], starts[i] + sizes[i]) for i in drawn])

    def _not_finite(
        self, predictions: Vector, d: Vector, drawn: tuple[int, ...] | None
    ) -> SetEvaluation:
        """Return the failed evaluation with the entries whose predictions are to blame."""
        used = range(len(self.data_set.entries)) if drawn is None else drawn
        sizes = self.plan.sizes[list(used)]
        failures: list[Failure] = []
        for i, part in zip(used, np.split(predictions, np.cumsum(sizes)[:-1]), strict=True):
            wrong = part[~np.isfinite(part)]
            if len(wrong):
                expression = self.data_set.entries[i].expression
                failures.append(Failure(expression, f"the prediction is {wrong[0]}"))
        if not failures:
            worst = int(np.argmax(np.abs(d)))
            entry = np.searchsorted(np.cumsum(sizes), worst, side="right")
            expression = self.data_set.entries[list(used)[entry]].expression
            failures.append(
                Failure(expression, f"the loss overflows: it predicts {predictions[worst]!s}")
            )
        return SetEvaluation(INFINITE, predictions, d, drawn, tuple(failures))


def _failure(error: Exception) -> Failure:
    """Return why a model or an extractor gave nothing: one that raises costs this point alone."""
    if isinstance(error, JobFailed):
        return error.failure
    *_, where = traceback.extract_tb(error.__traceback__)
    at = f"{Path(where.filename).name}, line {where.lineno}"
    return Failure("The engine", f"{type(error).__name__}: {error} ({at})")


def _comparison(data_set: DataSet, plan: Plan) -> Comparison:
    entries = data_set.entries
    weight = [np.broadcast_to(e.weight, e.reference.shape).ravel() for e in entries]
    periods = np.array(
        [abs(e.factor) * (same_period(e.tree) or INFINITE) for e in entries], dtype=float
    )
    return Comparison(
        reference=np.concatenate([e.reference.ravel() for e in entries]),
        sigma=np.repeat([e.sigma for e in entries], plan.sizes),
        weight=np.concatenate(weight),
        period=np.repeat(periods, plan.sizes) if np.isfinite(periods).any() else None,
    )
