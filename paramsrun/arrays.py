"""The array types that signatures name."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
"""One axis."""

Matrix: TypeAlias = NDArray[np.float64]
"""Two axes; a set of candidates is (n_candidates, n_params)."""
