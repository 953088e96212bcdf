"""A living optimizer: its proposer, and the batch that is being evaluated."""

from collections import deque
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.evaluators.contract import Task
from paramsrun.optimizers.contract import Proposer
from paramsrun.problem.contract import Key
from paramsrun.problem.scaling import Scaling


class Candidate(NamedTuple):
    """A point on its way: which optimizer asked for it, in which batch, and where it stands."""

    o: int
    b: int
    i: int
    x: Vector
    """(n_params,) in scaled space."""


class Living:
    """Hands out the candidates of an optimizer's batches and gathers their losses."""

    def __init__(self, o: int, proposer: Proposer, scaling: Scaling) -> None:
        self.o = o
        self.proposer = proposer
        self.n_in_flight = 0
        self._scaling = scaling
        self._batch = -1
        self._n_asked = 0
        self._x: Matrix = np.empty((0, 0))
        self._real: Matrix = self._x
        self._fx: Vector = np.empty(0)
        self._n_missing = 0
        self._waiting: deque[int] = deque()

    @property
    def waits(self) -> bool:
        """Whether it can hand out no further candidate before losses come back."""
        return self._n_missing > 0 and not self._waiting

    def next(self) -> tuple[Candidate, Task]:
        """Return its next candidate, asking for a new batch where the last was told."""
        if self._n_missing == 0:
            self._ask()
        i = self._waiting.popleft()
        self.n_in_flight += 1
        key = Key(self.o, self._n_asked - len(self._fx) + i + 1)
        return Candidate(self.o, self._batch, i, self._x[i]), Task(key, self._real[i])

    def take(self, candidate: Candidate, fx: float) -> None:
        """Take a loss; the batch is told when its last one is here."""
        self._fx[candidate.i] = fx
        self.n_in_flight -= 1
        self._n_missing -= 1
        if self._n_missing == 0:
            self.proposer.tell(self._x, self._fx)

    def _ask(self) -> None:
        self._x = np.ascontiguousarray(self.proposer.ask())
        self._real = self._scaling.real(self._x)
        self._n_missing = len(self._x)
        self._fx = np.empty(self._n_missing)
        self._waiting.extend(range(self._n_missing))
        self._batch += 1
        self._n_asked += self._n_missing
