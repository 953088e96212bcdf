"""The jobs of an evaluation, dealt out to be computed in several places and put together again.

Each share is a run of neighbours, so that the first share with a failed job holds the job that
fails first where all are computed in one place.
"""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.problem.contract import JobFailed, SetEvaluation, Slot


class Shares:
    """Which jobs are in which share.

    Parameters
    ----------
    layout
        Of the model.
    wanted
        The jobs that are needed; None for all.
    """

    def __init__(
        self, layout: Mapping[tuple[str, str], Slot], wanted: frozenset[str] | None = None
    ) -> None:
        self._layout = layout
        found = dict.fromkeys(job for job, _ in layout)
        self.jobs = tuple(job for job in found if wanted is None or job in wanted)

    def share(self, k: int, n: int) -> tuple[str, ...]:
        """Return the jobs of the k-th of n shares, from 0; it may be empty."""
        m = len(self.jobs)
        return self.jobs[m * k // n : m * (k + 1) // n]

    def places(self, jobs: Sequence[str]) -> NDArray[np.intp]:
        """Return where the outputs of jobs stand among those of all."""
        mine = frozenset(jobs)
        slots = [slot for (job, _), slot in self._layout.items() if job in mine]
        ranges = [np.arange(s.start, s.start + prod(s.shape)) for s in slots]
        return np.concatenate([np.zeros(0, dtype=np.intp), *ranges])

    @property
    def n_outputs(self) -> int:
        """The number of outputs of all jobs."""
        return max((s.start + prod(s.shape) for s in self._layout.values()), default=0)


class Parts:
    """A model's outputs, put together from all shares in their order; stands in for the model."""

    def __init__(self, shares: Shares, parts: Sequence[SetEvaluation]) -> None:
        self._shares = shares
        self._parts = parts

    def __call__(self, values: Vector, jobs: frozenset[str] | None = None) -> Vector:
        """Return all outputs, nan for jobs that are in no share; JobFailed where a part failed."""
        outputs = np.full(self._shares.n_outputs, np.nan)
        for k, part in enumerate(self._parts):
            for failure in part.failures:
                raise JobFailed(*failure)
            assert part.predictions is not None
            share = self._shares.share(k, len(self._parts))
            outputs[self._shares.places(share)] = part.predictions
        return outputs
