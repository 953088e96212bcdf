"""Parameters of types and on scales that a search may have."""

from typing import Any

import numpy as np

from paramsrun.problem.scaling import Kind, Scaling
from paramsrun.problem.space import Dimension, Space

SPACE = (
    Dimension("lr", 1e-5, 1e-1, "float", "log"),
    Dimension("width", 4.0, 64.0, "integer"),
    Dimension("act", 0.0, 2.0, "categorical", choices=("relu", "tanh", "gelu")),
)
TYPED_X0 = np.array([1e-2, 16.0, 1.0])


def scaling(kind: Kind = "none", space: Space = SPACE) -> Scaling:
    """Return how an optimizer sees a space."""
    return Scaling(np.array([[d.lower, d.upper] for d in space]), kind, space)


def loss(x: Any) -> Any:
    """Return the loss of points in real units; the best is lr 1e-3, width 40 and relu."""
    return (np.log10(x[:, 0]) + 3.0) ** 2 + abs(x[:, 1] - 40.0) / 40.0 + 0.2 * x[:, 2]
