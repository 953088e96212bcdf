"""A search with Optuna in one process."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended, Residuals
from paramsrun.optimizers.reasons import finished
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.optimizers.study.pruning import Bars, Pruning, is_pruned, steps_of
from paramsrun.optimizers.study.sampling import Sampling
from paramsrun.problem.contract import Step


class Limits(NamedTuple):
    """When a search ends."""

    n_trials: int
    n_bad: int
    """So many trials in a row without a better one; 0 for any number."""


class Alone:
    """Hands out trials in batches, and tells them in candidate order.

    Parameters
    ----------
    pruning
        When trials are ended on their way, or None for never.
    learns
        Whether the sampler keeps all that it knows in the trials' values and losses; then it learns
        from offers, and does not draw trials that are recorded once more.
    """

    def __init__(
        self,
        sampling: Sampling,
        parameters: Parameters,
        x0: Vector,
        batch_size: int,
        limits: Limits,
        learns: bool,
        pruning: Pruning | None = None,
    ) -> None:
        self.needs_progress = pruning is not None
        self._bars = None if pruning is None else Bars(pruning)
        self._in_force: tuple[Step, ...] = ()
        self.ended: Ended | None = None
        self.takes_offers = learns
        self._skips = learns and parameters.is_exact
        self._sampling = sampling
        self._parameters = parameters
        self._x0 = np.array(x0)
        self._batch_size = batch_size
        self._limits = limits
        self._places: list[int] = []
        self._expected: Mapping[int, Vector] = {}
        self._n_told = 0
        self._best = np.inf
        self._n_at_best = 0

    def expect(self, x: Matrix, rows: Sequence[int], size: int | None = None) -> None:
        """Take points that are recorded: these need not be drawn."""
        if self._skips:
            self._expected = dict(zip(rows, x.copy(), strict=True))

    def ask(self) -> Matrix:
        """Return the next trials, as many as are left of them in the last batch."""
        n = min(self._batch_size, self._limits.n_trials - self._n_told)
        self._in_force = () if self._bars is None else self._bars.next()
        trials = [self._trial(self._n_told + i, self._expected.get(i)) for i in range(n)]
        self._expected = {}
        self._places = [place for place, _ in trials]
        return np.array([x for _, x in trials])

    def _trial(self, number: int, expected: Vector | None) -> tuple[int, Vector]:
        known = self._x0 if number == 0 else expected
        if known is not None:
            return self._sampling.add(self._parameters.named(known)), known
        place, named = self._sampling.draw(number)
        return place, self._parameters.vector(named)

    def bars(self, i: int) -> tuple[Step, ...]:
        """Return the bars of a trial: those of its batch."""
        return self._in_force

    def tell(self, x: Matrix, fx: Vector, progress: Residuals = ()) -> None:
        """Tell the losses in candidate order, and what was reported before them."""
        steps = [steps_of(one) for one in progress] or [()] * len(fx)
        for place, loss, reported in zip(self._places, fx.tolist(), steps, strict=True):
            if loss == np.inf and is_pruned(reported, self._in_force):
                self._sampling.prune(place, reported)
            else:
                self._sampling.tell(place, loss, reported)
                if self._bars is not None and loss < np.inf:
                    self._bars.complete(reported)
            self._n_told += 1
            if loss < self._best:
                self._best, self._n_at_best = loss, self._n_told
        self._check_end()

    def _check_end(self) -> None:
        n, bad = self._limits
        if self._n_told >= n:
            self._end(f"all {n} trials evaluated")
        elif bad and self._n_told - self._n_at_best >= bad:
            self._end(f"no better trial among the last {bad}")

    def _end(self, reason: str) -> None:
        self.ended = finished(reason, bool(np.isfinite(self._best)))

    def inject(self, x: Vector, fx: float) -> None:
        """Add a trial that somebody else evaluated; it does not count."""
        if self.takes_offers:
            self._sampling.add(self._parameters.named(x), fx)

    def close(self) -> None:
        """Do nothing: all is in memory."""
