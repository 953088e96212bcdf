"""Loss functions: how weighted deviations become one number.

Of N entries the i-th has M_i elements; d = (prediction - reference) / sigma, and the weight w is
linear, outside the power.

    sse     sum_i sum_j w_ij d_ij^2
    sae     sum_i sum_j w_ij |d_ij|
    mae     (1/N) sum_i (1/M_i) sum_j w_ij |d_ij|
    rmse    sqrt((1/N) sum_i (1/M_i) sum_j w_ij d_ij^2)
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector


class LossFunction(NamedTuple):
    """One of the four, by what it does."""

    name: str
    is_mean: bool
    is_squared: bool
    is_root: bool = False

    def coefficients(self, weights: Vector, sizes: NDArray[np.intp]) -> Vector:
        """Return (n_elements,) the factor of each element's term.

        weights are those of the elements (n_elements,), sizes the M_i of the entries (n_entries,).
        """
        if not self.is_mean:
            return weights
        return weights / np.repeat(sizes * float(len(sizes)), sizes)

    def terms(self, d: Vector) -> Vector:
        """Return the terms of the elements (n_elements,), before their coefficients."""
        return d * d if self.is_squared else np.abs(d)

    def total(self, coefficients: Vector, d: Vector) -> float:
        """Return the loss."""
        fx = float(coefficients @ self.terms(d))
        return math.sqrt(fx) if self.is_root and fx > 0.0 else fx

    def contributions(self, coefficients: Vector, d: Vector, starts: NDArray[np.intp]) -> Vector:
        """Return each entry's term in the sum (n_entries,): for mae and rmse divided by N.

        For rmse they add up to the square of the loss.
        """
        by_entry: Vector = np.add.reduceat(coefficients * self.terms(d), starts)
        return by_entry


SSE = LossFunction("sse", is_mean=False, is_squared=True)
SAE = LossFunction("sae", is_mean=False, is_squared=False)
MAE = LossFunction("mae", is_mean=True, is_squared=False)
RMSE = LossFunction("rmse", is_mean=True, is_squared=True, is_root=True)

LOSS_FUNCTIONS = {
    "sse": SSE,
    "rss": SSE,
    "sae": SAE,
    "mae": MAE,
    "mad": MAE,
    "rmse": RMSE,
    "rmsd": RMSE,
}
"""By name and alias."""
