"""A living optimizer: its proposer, and the batch that is being evaluated."""

from collections import deque
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.evaluators.contract import Task
from paramsrun.manager.events import Eval
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Proposer, Prunes, Waits, needed, tell
from paramsrun.optimizers.replay import TOLERANCE, Divergence, deviation_of, remind, replay
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
        self.needed = needed(proposer)
        self._ready = proposer.ready if isinstance(proposer, Waits) else None
        self.may_wait = self._ready is not None
        """Whether it may have nothing to hand out until another process has got on."""
        self._bars = proposer.bars if isinstance(proposer, Prunes) else None
        self._scaling = scaling
        self._batch = -1
        self._n_before = 0
        self._x: Matrix = np.empty((0, 0))
        self._real: Matrix = self._x
        self._fx: Vector = np.empty(0)
        self._residuals: list[Vector | None] = []
        self._n_missing = 0
        self._waiting: deque[int] = deque()

    @property
    def is_told(self) -> bool:
        """Whether it has told all it asked, so that the next candidate is of a new batch."""
        return self._n_missing == 0

    @property
    def n_waiting(self) -> int:
        """How many candidates of its batch are yet to be handed out."""
        return len(self._waiting)

    @property
    def next_batch(self) -> int:
        """The number of its next batch."""
        return self._batch + 1

    def is_free(self, limit: int) -> bool:
        """Return whether it can hand out a candidate, with at most so many in flight."""
        if self.n_in_flight >= limit:
            return False
        return bool(self._waiting) or (not self._n_missing and (not self._ready or self._ready()))

    def next(self) -> tuple[Candidate, Task]:
        """Return its next candidate, asking for a new batch where the last was told."""
        if self._n_missing == 0:
            self.ask()
        i = self._waiting.popleft()
        self.n_in_flight += 1
        bars = self._bars(i) if self._bars is not None else ()
        key = Key(self.o, self._n_before + i + 1, bars)
        return Candidate(self.o, self._batch, i, self._x[i]), Task(key, self._real[i])

    def take(self, candidate: Candidate, fx: float, residuals: Vector | None = None) -> None:
        """Take a loss; the batch is told when its last one is here."""
        self._fx[candidate.i] = fx
        if self.needed:
            self._residuals[candidate.i] = residuals
        self.n_in_flight -= 1
        self._n_missing -= 1
        if self._n_missing == 0:
            if self.needed:
                tell(self.proposer, self._x, self._fx, self._residuals)
            else:
                self.proposer.tell(self._x, self._fx)

    def restore(self, tape: Tape, n_told: int = 0) -> Divergence | None:
        """Replay what a journal recorded, the results of an unfinished batch among it.

        n_told is how many batches the proposer knows of already.
        """
        bounds = self._scaling.bounds
        divergence = replay(self.proposer, tape.told_from(n_told), bounds)
        if divergence is not None and divergence.fatal:
            return divergence
        self._batch, self._n_before = tape.n_batches - 1, tape.n_before + len(tape.last)
        if n_told < tape.n_batches:
            if self.proposer.ended is not None:
                return Divergence(True, f"it ended too early: {self.proposer.ended.reason}")
            self._batch, self._n_before = tape.n_batches - 2, tape.n_before
            known = sorted(tape.last)
            remind(self.proposer, np.array([tape.last[i].x for i in known]), known)
            self.ask()
            divergence = self._refill(tape.last, bounds) or divergence
        for offer in tape.offered:
            self.proposer.inject(offer.x, offer.fx)
        return divergence

    def _refill(self, results: dict[int, Eval], bounds: Matrix) -> Divergence | None:
        """Put the results that a batch had into it; what is missing is handed out again."""
        known = sorted(results)
        if known[-1] >= len(self._x):
            return Divergence(True, f"batch {self._batch} has only {len(self._x)} points now")
        recorded = np.array([results[i].x for i in known])
        deviation = deviation_of(self._x[known], recorded, bounds)
        if not deviation <= TOLERANCE:
            return Divergence(True, f"batch {self._batch} differs by {deviation:.1g} of its range")
        self._x[known] = recorded
        self._fx[known] = [results[i].fx for i in known]
        if self.needed:
            for i in known:
                self._residuals[i] = results[i].r
        self._waiting = deque(i for i in range(len(self._x)) if i not in results)
        self._n_missing = len(self._waiting)
        if self._n_missing == 0:
            tell(self.proposer, self._x, self._fx, self._residuals)
        if deviation > 0.0:
            return Divergence(False, f"its points differ by up to {deviation:.1g} of their range")
        return None

    def ask(self) -> None:
        """Ask for the next batch, whose candidates wait from now on to be handed out."""
        x = self._x = np.ascontiguousarray(self.proposer.ask())
        self._real = self._scaling.real(x)
        n, n_before = len(x), len(self._fx)
        self._n_before += n_before
        self._n_missing = n
        if n != n_before:
            self._fx = np.empty(n)
        if self.needed:
            self._residuals = [None] * n
        self._waiting.extend(range(n))
        self._batch += 1
