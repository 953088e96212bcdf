"""Where labels of curves can stand without covering each other, icons or curves."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix

CELL = 4.0
"""Pixels of the squares in which the canvas is watched."""
TAKEN = 200.0
"""What a cell costs that a label or an icon covers; a curve through it costs 1."""
ELSEWHERE = 60.0
"""What it costs that a label is not at the end of its curve."""
_SIDES = ((1, 0), (1, 1), (0, 1), (1, -1), (0, -1), (-1, 1), (-1, -1), (-1, 0))
_STOPS = 24
"""Places along a curve beside which its label may stand."""


class Size(NamedTuple):
    """Of a label, in pixels."""

    width: float
    height: float


class Box(NamedTuple):
    """A rectangle on the canvas, in pixels."""

    x: float
    """Its centre."""
    y: float
    width: float
    height: float


class Canvas:
    """What is drawn so far within a rectangle of the canvas."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        self._cells: NDArray[np.float64] = np.zeros(
            (int(height // CELL) + 1, int(width // CELL) + 1), dtype=np.float64
        )

    def draw(self, path: Matrix) -> None:
        """Draw a curve through (n, 2) points; nan parts it."""
        points = _dense(path)
        inside = (points >= 0).all(axis=1)
        inside &= (points[:, 0] < self._width) & (points[:, 1] < self._height)
        column, row = (points[inside] // CELL).astype(np.intp).T
        touched = np.zeros_like(self._cells, dtype=bool)
        touched[row, column] = True
        self._cells += touched

    def take(self, box: Box) -> None:
        """Let a label or an icon cover a box."""
        self._cells[self._slices(box)] += TAKEN

    def cost(self, box: Box) -> float:
        """Return how much a label would cover there; infinite where it would not fit in."""
        x, y, width, height = box
        if not (width / 2 <= x <= self._width - width / 2):
            return np.inf
        if not (height / 2 <= y <= self._height - height / 2):
            return np.inf
        return float(self._cells[self._slices(box)].sum())

    def _slices(self, box: Box) -> tuple[slice, slice]:
        x, y, width, height = box
        left, bottom = (x - width / 2) // CELL, (y - height / 2) // CELL
        right, top = (x + width / 2) // CELL, (y + height / 2) // CELL
        return (
            slice(max(0, int(bottom)), max(0, int(top) + 1)),
            slice(max(0, int(left)), max(0, int(right) + 1)),
        )


def place(canvas: Canvas, path: Matrix, size: Size, away: float, icon: float) -> Box:
    """Return the place of a label at its curve, and take it.

    It stands at the end of the curve if little is there, else where it covers least.

    Parameters
    ----------
    path
        (n, 2) points of the curve on the canvas, at least one; its last is where it ends.
    away
        Pixels between the label and the curve that it stands beside.
    icon
        The size of the icon at the end, in pixels.
    """
    points = path[np.isfinite(path).all(axis=1)]
    stops = np.unique(np.linspace(0, len(points) - 1, _STOPS).astype(np.intp))[::-1]
    places = [*_around(points[-1:], size, away + icon / 2), *_around(points[stops], size, away)]
    costs = [
        canvas.cost(box) + rank + (ELSEWHERE if rank >= len(_SIDES) else 0.0)
        for rank, box in enumerate(places)
    ]
    best = places[int(np.argmin(costs))]
    canvas.take(best)
    return best


def _around(points: Matrix, size: Size, away: float) -> Iterator[Box]:
    """Yield the places beside points."""
    for x, y in points.tolist():
        for right, up in _SIDES:
            yield Box(
                x + right * (size.width / 2 + away),
                y + up * (size.height / 2 + (0.3 * away if right else away)),
                *size,
            )


def _dense(path: Matrix) -> Matrix:
    """Return the points of a curve with others between, no further apart than a cell."""
    if len(path) == 0:
        return path
    steps = np.abs(np.diff(path, axis=0)).max(axis=1, initial=0)
    n = np.where(np.isfinite(steps), np.ceil(steps / CELL), 1).clip(1, 2000).astype(np.intp)
    begin = np.repeat(np.arange(len(n)), n)
    share = (np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)) / n[begin]
    between = path[:-1][begin] + share[:, None] * np.diff(path, axis=0)[begin]
    starts = path[:-1][np.isfinite(path[:-1]).all(axis=1)]
    points = np.concatenate([between, starts, path[-1:]])
    dense: Matrix = points[np.isfinite(points).all(axis=1)]
    return dense
