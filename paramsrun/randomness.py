"""The random streams of a run, addressed by counters.

A stream is a function of (seed, purpose, optimizer, counter), so none has to be saved: asking for
the same address gives the same numbers, in a resumed run too.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every journal: never renumber."""

    PROPOSE = 1
    GENERATE = 2
    SELECT = 3
    STOP = 4
    SUBSET = 5
    SPLIT = 6


class Stream(NamedTuple):
    """The address of a random stream."""

    seed: int
    purpose: Purpose
    optimizer: int = 0
    counter: int = 0

    def generator(self) -> np.random.Generator:
        """Return the stream's generator, at its beginning."""
        key = (int(self.purpose), self.optimizer, self.counter)
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key))
        )
