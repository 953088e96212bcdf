"""Values of expressions, and which of them are linear in a model's outputs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.problem.contract import Job, JobFailed, Slot
from paramsrun.problem.expression import Call, Chain, Negative, Number, Part

Array = NDArray[np.float64]
Layout = Mapping[tuple[str, str], Slot]
_OPERATIONS: Mapping[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}


class Unfit(Exception):
    """An expression that does not fit its jobs: a place and what is wrong."""


class Mismatch(Exception):
    """Two arrays in an expression that are not of the same shape."""


class Affine(NamedTuple):
    """``constant + sum_k coefficient_k outputs[index_k]``, each part of the same shape."""

    constant: Array
    terms: tuple[tuple[Array, NDArray[np.intp]], ...] = ()

    def map(self, change: Callable[[Array], Array]) -> "Affine":
        """Return it with the constant and the coefficients changed."""
        return Affine(change(self.constant), tuple((change(c), i) for c, i in self.terms))


class Results:
    """What extractors are given: the slots of a model's outputs, and the jobs' systems."""

    def __init__(self, jobs: Mapping[str, Job], layout: Layout) -> None:
        self.systems = {name: job.system for name, job in jobs.items()}
        self.layout = dict(layout)

    def value(self, call: Call, outputs: Vector) -> Array:
        """Return what a call gives for these outputs."""
        results = {name: self._of(call.job, name, outputs) for name in call.extractor.needs}
        return np.asarray(call.extractor.value(results, self.systems[call.job]), dtype=float)

    def _of(self, job: str, name: str, outputs: Vector) -> Array:
        start, shape = self.layout[job, name]
        size = int(np.prod(shape))
        return outputs[start : start + size].reshape(shape)

    @cached_property
    def positions(self) -> Vector:
        """(n_outputs,) 0, 1, 2 ...: outputs that name their own places."""
        ends = (s.start + int(np.prod(s.shape)) for s in self.layout.values())
        return np.arange(float(max(ends, default=0)))


def folded(part: Part, results: Results) -> Part:
    """Return an expression with what depends on the geometry only as numbers."""
    match part:
        case Call():
            if part.extractor.needs:
                return part
            return Number(_tried(part, results, np.zeros(0)))
        case Negative():
            return Negative(folded(part.part, results))
        case Chain():
            rest = tuple((operator, folded(p, results)) for operator, p in part.rest)
            return replace(part, first=folded(part.first, results), rest=rest)
        case _:
            return part


def _tried(call: Call, results: Results, outputs: Vector) -> Array:
    try:
        return results.value(call, outputs)
    except (ValueError, IndexError) as error:
        raise Unfit(call.place, f"{call.name}({call.job!r}): {error}") from None


def _extracted(call: Call, results: Results, outputs: Vector) -> Array:
    try:
        return results.value(call, outputs)
    except Exception as error:
        reason = f"{call.name} cannot be computed: {type(error).__name__}: {error}"
        raise JobFailed(call.job, reason) from error


def affine(part: Part, results: Results) -> Affine | None:
    """Return the coefficients of an expression that is linear in the outputs, or None."""
    match part:
        case Number():
            return Affine(np.asarray(part.value, dtype=float))
        case Call() if part.extractor.picks:
            # Given the places of the outputs in place of their values, it picks the places.
            index = _tried(part, results, results.positions).astype(np.intp)
            return Affine(np.zeros(index.shape), ((np.ones(index.shape), index),))
        case Call():
            return None
        case Negative():
            inner = affine(part.part, results)
            return None if inner is None else inner.map(np.negative)
    form = affine(part.first, results)
    for operator, other in part.rest:
        right = affine(other, results)
        if form is None or right is None:
            return None
        form = _combined(form, operator, right)
    return form


def _combined(left: Affine, operator: str, right: Affine) -> Affine | None:
    """Return ``left operator right``, or None where that is not linear."""
    shape = _common(left.constant.shape, right.constant.shape)
    left, right = (_broadcast(form, shape) for form in (left, right))
    if operator in ("+", "-"):
        if operator == "-":
            right = right.map(np.negative)
        return Affine(left.constant + right.constant, left.terms + right.terms)
    with np.errstate(all="ignore"):
        if not left.terms and not right.terms:
            return Affine(_OPERATIONS[operator](left.constant, right.constant))
        if operator == "*" and not left.terms:
            left, right = right, left
        if operator in ("*", "/") and not right.terms:
            return left.map(lambda part: _OPERATIONS[operator](part, right.constant))
    return None


def _broadcast(form: Affine, shape: tuple[int, ...]) -> Affine:
    if form.constant.shape == shape:
        return form
    return Affine(
        np.broadcast_to(form.constant, shape),
        tuple((np.broadcast_to(c, shape), np.broadcast_to(i, shape)) for c, i in form.terms),
    )


def _common(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of an operation on two arrays that are alike, or an array and a number."""
    if left != right and left and right:
        raise Mismatch(f"{say_shape(left)} and {say_shape(right)} do not go together")
    return left or right


def compute(part: Part, results: Results, outputs: Vector | None = None) -> Array:
    """Return the value of an expression; without outputs only its shape means anything.

    Raises JobFailed for the job whose results an extractor cannot use.
    """
    match part:
        case Number():
            return np.asarray(part.value, dtype=float)
        case Call():
            if outputs is None:
                return _tried(part, results, np.ones_like(results.positions))
            return _extracted(part, results, outputs)
        case Negative():
            return -compute(part.part, results, outputs)
    value = compute(part.first, results, outputs)
    for operator, other in part.rest:
        right = compute(other, results, outputs)
        _common(value.shape, right.shape)
        value = _OPERATIONS[operator](value, right)
    return value


def say_shape(shape: tuple[int, ...]) -> str:
    """Return a shape in words."""
    return "an array of shape " + " x ".join(map(str, shape)) if shape else "a number"
