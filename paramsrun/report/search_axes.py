"""The upright axes of parallel coordinates: where values stand, and the numbers and words there."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from paramsrun.arrays import Vector
from paramsrun.problem.choices import shown as word
from paramsrun.problem.space import Dimension
from paramsrun.report.legends import shown

CELLS = 12
"""A parameter of no more values has a cell for each, over which its trials are spread."""
_WORD = 14
"""Longer choices are shortened."""
_GOLDEN = 0.6180339887498949


class Axis(NamedTuple):
    """An axis of height 1."""

    name: str
    at: Vector
    """(k,) the heights of trials."""
    ticks: tuple[tuple[float, str], ...]
    """Heights, and what stands there."""


def axis_of(dimension: Dimension, x: Vector) -> Axis:
    """Return the axis of a parameter whose values in trials are x (k,), in real units."""
    name = shown(dimension.name)
    if dimension.n_values is not None and _has_cells(dimension):
        return Axis(name, _spread(dimension, x), tuple(_cells(dimension)))
    at = np.clip(_height(dimension, x), -0.02, 1.02)
    return Axis(name, at, tuple(_numbers(dimension)))


def _has_cells(dimension: Dimension) -> bool:
    return dimension.type == "categorical" or (dimension.n_values or CELLS) <= CELLS


def _spread(dimension: Dimension, x: Vector) -> Vector:
    """Return heights in the middle 60 % of each value's cell, one trial beside the other."""
    n = dimension.n_values or 1
    shift = 0.6 * ((np.arange(len(x)) * _GOLDEN) % 1.0 - 0.5)
    at: Vector = (x - dimension.lower + 0.5 + shift) / n
    return at


def _cells(dimension: Dimension) -> Iterator[tuple[float, str]]:
    n = dimension.n_values or 1
    for i in range(0, n, -(-n // CELLS)):
        value = dimension.typed(dimension.lower + i)
        text = shown(value if isinstance(value, str) else word(value))
        half = _WORD // 2
        short = f"{text[:half]}\N{HORIZONTAL ELLIPSIS}{text[-half:]}"
        yield (i + 0.5) / n, text if len(text) <= _WORD else short


def _height(dimension: Dimension, x: Vector) -> Vector:
    lower, upper = dimension.lower, dimension.upper
    if dimension.scale == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            at: Vector = np.log(x / lower) / np.log(upper / lower)
        return at
    return (x - lower) / (upper - lower)


def _numbers(dimension: Dimension) -> Iterator[tuple[float, str]]:
    lower, upper = dimension.lower, dimension.upper
    for value in _locations(dimension):
        if lower <= value <= upper:
            yield float(_height(dimension, np.array([value]))[0]), f"{value:g}"


def _locations(dimension: Dimension) -> list[float]:
    lower, upper = dimension.lower, dimension.upper
    if dimension.scale == "linear":
        located = MaxNLocator(5, integer=dimension.type == "integer").tick_values(lower, upper)
    elif upper / lower >= 100.0:
        located = LogLocator(numticks=7).tick_values(lower, upper)
    else:
        located = LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(lower, upper)
    inside = [float(v) for v in located if lower <= v <= upper]
    return inside if len(inside) > 1 else [lower, upper]
