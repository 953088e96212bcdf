"""Test functions whose minima are known, in boxes whose middle is none of them.

An optimizer that begins in the middle of its box, as some do, would find the minimum of a box that
lies evenly around it at once; so those that usually do are moved.
"""

from collections.abc import Callable
from math import exp, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
TURN = 2.0 * pi
SCHWEFEL_AT = 420.968746359982
SHEKEL_C = np.array([0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5])
SHEKEL_A = np.array(
    [
        [4.0, 1.0, 8.0, 6.0, 3.0, 2.0, 5.0, 8.0, 6.0, 7.0],
        [4.0, 1.0, 8.0, 6.0, 7.0, 9.0, 5.0, 1.0, 2.0, 3.6],
        [4.0, 1.0, 8.0, 6.0, 3.0, 2.0, 3.0, 8.0, 6.0, 7.0],
        [4.0, 1.0, 8.0, 6.0, 7.0, 9.0, 3.0, 1.0, 2.0, 3.6],
    ]
).T
"""Ten foxholes in four dimensions (Dixon, Szegö 1978)."""


def rastrigin(x: Vector) -> float:
    """A bowl with a grid of about 10**n minima."""
    return float(10.0 * len(x) + (x * x - 10.0 * np.cos(TURN * x)).sum())


def rosenbrock(x: Vector) -> float:
    """A long bent valley; from four dimensions on, there is a second minimum."""
    return float((100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum())


def ackley(x: Vector) -> float:
    """A rugged plain with a narrow funnel."""
    far = exp(-0.2 * sqrt(float(x @ x) / len(x)))
    return -20.0 * far - exp(float(np.cos(TURN * x).mean())) + 20.0 + exp(1.0)


def levy(x: Vector) -> float:
    """A valley with ripples across it."""
    w = 1.0 + (x - 1.0) / 4.0
    inner = ((w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(pi * w[:-1] + 1.0) ** 2)).sum()
    last = (w[-1] - 1.0) ** 2 * (1.0 + np.sin(TURN * w[-1]) ** 2)
    return float(np.sin(pi * w[0]) ** 2 + inner + last)


def schwefel(x: Vector) -> float:
    """Deep minima far from each other, the best of them near a corner; no slope leads there."""
    at_best = SCHWEFEL_AT * np.sin(sqrt(SCHWEFEL_AT))
    return float((at_best - x * np.sin(np.sqrt(np.abs(x)))).sum())


def griewank(x: Vector) -> float:
    """A wide bowl with many shallow minima."""
    product = np.cos(x / np.sqrt(np.arange(1.0, len(x) + 1.0))).prod()
    return float(1.0 + float(x @ x) / 4000.0 - product)


def shekel(x: Vector) -> float:
    """Ten holes in a plain, of different depths (m = 10); four dimensions."""
    return float(-(1.0 / (((x - SHEKEL_A) ** 2).sum(axis=1) + SHEKEL_C)).sum())


class Function(NamedTuple):
    """A function, its box and its minimum."""

    loss: Callable[[Vector], float]
    low: float
    high: float
    at: float | tuple[float, ...]
    """The place of the minimum; a number stands for all its coordinates."""
    least: float = 0.0
    dimensions: tuple[int, ...] = (2, 5, 10, 20)

    def scaled(self, u: Vector) -> float:
        """Return the loss at a point of the unit box."""
        return self.loss(self.low + (self.high - self.low) * u)

    def minimum(self, n: int) -> Vector:
        """Return the place of the minimum in n dimensions."""
        return np.broadcast_to(np.array(self.at), (n,)).astype(float)


FUNCTIONS = {
    "rastrigin": Function(rastrigin, -4.0, 6.24, 0.0),
    "rosenbrock": Function(rosenbrock, -5.0, 10.0, 1.0),
    "ackley": Function(ackley, -25.0, 40.536, 0.0),
    "levy": Function(levy, -10.0, 10.0, 1.0),
    "schwefel": Function(schwefel, -500.0, 500.0, SCHWEFEL_AT),
    "griewank": Function(griewank, -450.0, 750.0, 0.0),
    "shekel": Function(
        shekel,
        0.0,
        10.0,
        (4.00074653, 4.00059294, 3.9996634, 3.9995098),
        -10.536409816692045,
        (4,),
    ),
}
