"""Uniform random sampling of the box."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer
from paramsrun.optimizers.samples import Samples
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key
from paramsrun.settings.parameter_types import ALL_TYPES


@optimizers.member("RandomSampling")
@dataclass(frozen=True, kw_only=True)
class RandomSampling:
    """Points drawn uniformly from the box between the bounds; the initial values are not used.

    Whole numbers and choices are all as likely. On a logarithmic scale the logarithm is uniform,
    unless Scaler None lets the optimizer see real units.
    """

    takes: ClassVar[frozenset[str]] = ALL_TYPES

    number_of_samples: int = key(100, at_least=1, doc="Points to evaluate; then it has converged.")
    random_seed: int | None = key(
        None,
        at_least=0,
        doc="Seed of the points; the run's RandomSeed decides where it is left out.",
    )

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of the points."""
        lower, upper = bounds.T

        def draw(taken: int, wanted: int) -> Matrix:
            k = min(wanted, self.number_of_samples - taken)
            x: Matrix = lower + rng.random((k, len(bounds))) * (upper - lower)
            return np.clip(x, lower, upper, out=x)

        return Samples(draw, f"all {self.number_of_samples} samples evaluated")
