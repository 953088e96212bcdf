"""Sampling on a regular grid."""

from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer
from paramsrun.optimizers.samples import Samples
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key


@optimizers.member("GridSampling")
@dataclass(frozen=True, kw_only=True)
class GridSampling:
    """Every point of a regular grid over the box, the last parameter running fastest.

    The initial values are not used. N points in each of n parameters make N to the power n.
    """

    number_of_samples_per_parameter: int = key(
        10,
        at_least=2,
        doc="Equally spaced values of each parameter, both bounds included.",
    )

    @property
    def random_seed(self) -> None:
        """A grid has no seed."""

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of the grid's points."""
        m = self.number_of_samples_per_parameter
        points = product(*(np.linspace(lower, upper, m).tolist() for lower, upper in bounds))

        def draw(taken: int, wanted: int) -> Matrix:
            return np.array(list(islice(points, wanted)), dtype=np.float64)

        return Samples(draw, f"all {m ** len(bounds)} points of the grid evaluated")
