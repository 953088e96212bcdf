"""From a model's outputs to all predictions of a data set, in a handful of array operations.

An expression that is linear in the outputs, as most are, is compiled to the places of the outputs
and their coefficients; only what is not linear is computed from its tree at each evaluation.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.problem.data_set import Entry
from paramsrun.problem.expression import Part
from paramsrun.problem.linear import (
    Affine,
    Mismatch,
    Results,
    Unfit,
    affine,
    compute,
    folded,
    say_shape,
)


class Compiled(NamedTuple):
    """An entry's expression, made ready."""

    tree: Part
    form: Affine | None
    """Its linear form, if it has one."""
    shape: tuple[int, ...]
    factor: float


def compiled(entry: Entry, results: Results) -> Compiled:
    """Return an entry made ready; Unfit where its expression or arrays do not fit its jobs."""
    try:
        tree = folded(entry.tree, results)
        form = affine(tree, results)
        with np.errstate(all="ignore"):
            shape = form.constant.shape if form else compute(tree, results).shape
    except Mismatch as mismatch:
        raise Unfit(entry.places["Expression"], str(mismatch)) from None
    _check_shapes(entry, shape)
    return Compiled(tree, form, shape, entry.factor)


class Plan:
    """The predictions of entries, each in its Unit, one after the other (n_elements,)."""

    def __init__(self, entries: Sequence[Compiled], results: Results) -> None:
        self._results = results
        self._trees: list[tuple[slice, Part, float]] = []
        sizes: list[int] = []
        linear: list[tuple[int, Affine]] = []
        start = 0
        for tree, form, shape, factor in entries:
            size = int(np.prod(shape))
            if form is None:
                self._trees.append((slice(start, start + size), tree, factor))
            else:
                linear.append((start, form.map(partial(np.multiply, factor))))
            sizes.append(size)
            start += size
        self.sizes = np.array(sizes, dtype=np.intp)
        self.starts = np.cumsum([0, *sizes])[:-1].astype(np.intp)
        self._compile(linear, start)

    def _compile(self, linear: Sequence[tuple[int, Affine]], n_elements: int) -> None:
        self._constant = np.zeros(n_elements)
        rows, n_terms, index, coefficient = [_NONE], [_NONE], [_NONE], [np.zeros(0)]
        for start, form in linear:
            size = form.constant.size
            self._constant[start : start + size] = form.constant.ravel()
            if form.terms:
                rows.append(np.arange(start, start + size))
                n_terms.append(np.full(size, len(form.terms)))
                index.append(np.stack([i.ravel() for _, i in form.terms], axis=-1).ravel())
                coefficient.append(np.stack([c.ravel() for c, _ in form.terms], axis=-1).ravel())
        self._index = np.concatenate(index).astype(np.intp)
        self._coefficient = _unless_all(1.0, np.concatenate(coefficient))
        counts = np.concatenate(n_terms)
        firsts = (np.cumsum(counts) - counts).astype(np.intp)
        self._firsts = None if (counts == 1).all() else firsts
        self._rows = np.concatenate(rows).astype(np.intp)
        self._is_whole = len(self._rows) == n_elements
        self._offset = _unless_all(0.0, self._constant)

    def __call__(self, outputs: Vector) -> Vector:
        """Return the predictions for a model's outputs; a fresh array."""
        terms: Vector = outputs.take(self._index)
        if self._coefficient is not None:
            terms *= self._coefficient
        if self._firsts is not None:
            terms = np.add.reduceat(terms, self._firsts)
        if self._is_whole:
            if self._offset is not None:
                terms += self._offset
            return terms
        predictions = self._constant.copy()
        predictions[self._rows] += terms
        for part, tree, factor in self._trees:
            predictions[part] = compute(tree, self._results, outputs).ravel() * factor
        return predictions


_NONE = np.zeros(0, dtype=np.intp)


def _unless_all(value: float, array: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return None if (array == value).all() else array


def _check_shapes(entry: Entry, shape: tuple[int, ...]) -> None:
    for key, array in (("ReferenceValue", entry.reference), ("Weight", entry.weight)):
        if array.shape != shape and (key == "ReferenceValue" or array.shape != ()):
            given, wanted = say_shape(array.shape), say_shape(shape)
            text = f"{key} is {given}, but {_short(entry.expression)} gives {wanted}"
            if (array.shape, shape) == ((2,), ()):
                text += "; is a comma meant as the decimal point? Write it as ."
            raise Unfit(entry.places[key], text)


def _short(expression: str) -> str:
    return expression if len(expression) <= 60 else expression[:57] + "..."
