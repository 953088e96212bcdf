"""Which entries of a data set an evaluation uses, where BatchSize or MaxJobs ask for fewer."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from paramsrun.problem.contract import Key
from paramsrun.randomness import Purpose, Stream


class Sampler:
    """Draws entries; the drawing depends on the seed and the evaluation's key alone.

    MaxJobs: going through the entries in file order, or with MaxJobsShuffle in a random order, jobs
    are taken as long as there is room for all that an entry needs; the entries that need no other
    jobs are used. BatchSize: that many of these entries are drawn without replacement.

    Raises ValueError where MaxJobs leaves room for no entry at all.
    """

    def __init__(
        self,
        jobs: Sequence[frozenset[str]],
        batch_size: int,
        max_jobs: int,
        shuffle: bool,
        seed: int,
    ) -> None:
        self._jobs = tuple(jobs)
        self._batch_size = batch_size
        self._max_jobs = max_jobs
        self._seed = seed
        if max_jobs and max_jobs < (least := min(map(len, jobs))):
            raise ValueError(f"leaves no entry: each needs at least {least} jobs")
        self._fixed = None if shuffle else self._within(range(len(jobs)))

    def draw(self, key: Key) -> tuple[int, ...]:
        """Return the positions of the entries that an evaluation uses, in file order."""
        stream = Stream(self._seed, Purpose.SUBSET, key.optimizer, key.number).generator()
        if self._fixed is None:
            allowed = self._within(stream.permutation(len(self._jobs)).tolist())
        else:
            allowed = self._fixed
        if not 0 < self._batch_size < len(allowed):
            return allowed
        drawn: Any = stream.choice(np.array(allowed), self._batch_size, replace=False)
        return tuple(sorted(drawn.tolist()))

    def _within(self, order: Iterable[int]) -> tuple[int, ...]:
        if not self._max_jobs:
            return tuple(range(len(self._jobs)))
        taken: frozenset[str] = frozenset()
        for position in order:
            both = taken | self._jobs[position]
            if len(both) <= self._max_jobs:
                taken = both
        return tuple(i for i, jobs in enumerate(self._jobs) if jobs <= taken)


def split(n_entries: int, fraction: float, seed: int) -> frozenset[int]:
    """Return the positions of a random fraction of the entries, at least one and never all."""
    n_taken = min(max(round(fraction * n_entries), 1), n_entries - 1)
    order = Stream(seed, Purpose.SPLIT).generator().permutation(n_entries)
    return frozenset(order[:n_taken].tolist())
