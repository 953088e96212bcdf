"""The values that stand for a parameter where only some of all are tried."""

import numpy as np

from paramsrun.problem.space import Dimension


def levels(lower: float, upper: float, dimension: Dimension | None, m: int) -> list[float]:
    """Return up to m points between bounds: in the middle of the cells where values have cells.

    A dimension of None is that of a float on a linear scale.
    """
    n_values = None if dimension is None else dimension.n_values
    if dimension is None or n_values is None:
        equal: list[float] = np.linspace(lower, upper, m).tolist()
        return equal
    return [
        lower + dimension.position(v) * (upper - lower)
        for v in _spread(dimension, min(m, n_values))
    ]


def _spread(dimension: Dimension, n: int) -> list[float]:
    """Return n of the values, both ends included, as evenly as they go."""
    values: list[float] = []
    for i in range(n):
        value = min(dimension.at(i / (n - 1)), dimension.upper - (n - 1 - i))
        values.append(max(value, values[-1] + 1.0) if values else value)
    return values
