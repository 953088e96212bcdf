"""Optimizers are drawn by lot."""

from dataclasses import dataclass

import numpy as np

from paramsrun.manager.state import RunState
from paramsrun.settings.families import selectors


@selectors.member("Random")
@dataclass(frozen=True, kw_only=True)
class Random:
    """Take any Optimizer block, each with the same chance."""

    def next(self, n_blocks: int, run: RunState, rng: np.random.Generator) -> int:
        """Return a random block."""
        return int(rng.integers(n_blocks)) + 1
