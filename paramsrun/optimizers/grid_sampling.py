"""Sampling on a regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import ClassVar

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer
from paramsrun.optimizers.knowing import knowing
from paramsrun.optimizers.levels import levels
from paramsrun.optimizers.samples import Samples
from paramsrun.problem.space import Dimension, Space
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key
from paramsrun.settings.parameter_types import ALL_TYPES


@optimizers.member("GridSampling")
@dataclass(frozen=True, kw_only=True)
class GridSampling:
    """Every point of a regular grid over the box, the last parameter running fastest.

    The initial values are not used. N points in each of n parameters make N to the power n. An
    integer or categorical parameter with fewer values has only these.
    """

    takes: ClassVar[frozenset[str]] = ALL_TYPES

    number_of_samples_per_parameter: int = key(
        10,
        at_least=2,
        at_most=1_000_000,
        doc="Equally spaced values of each parameter, both bounds included.",
    )

    @property
    def random_seed(self) -> None:
        """A grid has no seed."""

    def within(self, space: Space) -> "GridSampling":
        """Return the same grid of parameters that have these values."""
        return knowing(self, "_space", space)

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of the grid's points."""
        m = self.number_of_samples_per_parameter
        space: Sequence[Dimension | None] = vars(self).get("_space") or [None] * len(bounds)
        boxes = zip(bounds.tolist(), space, strict=True)
        lines = [levels(lower, upper, d, m) for (lower, upper), d in boxes]
        points = product(*lines)

        def draw(taken: int, wanted: int) -> Matrix:
            return np.array(list(islice(points, wanted)), dtype=np.float64)

        return Samples(draw, f"all {prod(map(len, lines))} points of the grid evaluated")
