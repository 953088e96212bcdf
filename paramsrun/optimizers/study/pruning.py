"""Which trials are ended on their way: those behind most of the completed ones.

A trial is ended at a step if the lowest value that it has reported so far is above a percentile of
what completed trials reported at that step (Golovin et al. 2017, doi:10.1145/3097983.3098043, sec.
3.2.2, whose rule takes the median). The bars of a trial are set when it is drawn, so they follow
from what was told by then.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Literal, NamedTuple

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.problem.contract import Step


class Pruning(NamedTuple):
    """When trials are ended."""

    percentile: float
    n_startup_trials: int
    """None is ended before so many are complete."""
    n_warmup_steps: int
    """None is ended at a step below this."""


class Bars:
    """Keeps what completed trials reported, and sets the bars of the next one."""

    def __init__(self, how: Pruning) -> None:
        self._how = how
        self._values: dict[int, list[float]] = {}
        self._n_complete = 0
        self._bars: tuple[Step, ...] = ()
        self._are_set = True

    def complete(self, steps: Iterable[Step]) -> None:
        """Take the steps of a completed trial; of two reports on one the first counts."""
        self._n_complete += 1
        for number, value in reversed(dict(reversed([*steps])).items()):
            if number >= self._how.n_warmup_steps:
                self._values.setdefault(number, []).append(value)
        self._are_set = False

    def next(self) -> tuple[Step, ...]:
        """Return the bars of a trial that is drawn now, by step."""
        if self._n_complete < self._how.n_startup_trials:
            return ()
        if not self._are_set:
            self._bars = tuple(self._bar(number) for number in sorted(self._values))
            self._are_set = True
        return self._bars

    def _bar(self, number: int) -> Step:
        # Of infinite values a percentile would be nan; the next lower one is as good a bar.
        method: Literal["linear", "lower"]
        method = "linear" if all(map(isfinite, self._values[number])) else "lower"
        bar = np.percentile(self._values[number], self._how.percentile, method=method)
        return Step(number, float(bar))


def is_pruned(steps: Sequence[Step], bars: Sequence[Step]) -> bool:
    """Return whether a trial with these steps was ended at one of these bars."""
    at, lowest = dict(bars), np.inf
    for number, value in steps:
        lowest = min(lowest, value)
        if lowest > at.get(number, np.inf):
            return True
    return False


def steps_of(told: Vector | None) -> tuple[Step, ...]:
    """Return the steps that stand as numbers by turns (2 n_steps,), as a journal keeps them."""
    if told is None:
        return ()
    return tuple(Step(int(n), float(v)) for n, v in told.reshape(-1, 2))
