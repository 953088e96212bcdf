"""Restores an optimizer: started anew, it is told again what it was told before."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer, Residuals, tell

TOLERANCE = 1e-3
"""How far, as a part of each range, a replayed point may lie from the recorded one.

On another type of processor linear algebra rounds otherwise; an optimizer still goes the same way.
"""


class Told(NamedTuple):
    """A whole batch and its losses, as it was told."""

    x: Matrix
    fx: Vector
    residuals: Residuals = ()
    """Where the optimizer needs them."""


class Injected(NamedTuple):
    """A point offered between batches."""

    x: Vector
    fx: float


class Divergence(NamedTuple):
    """A replay that did not repeat what was recorded."""

    fatal: bool
    """Whether the optimizer cannot go on; otherwise a warning is enough."""
    reason: str
    """One line for people."""


def replay(
    proposer: Proposer, history: Iterable[Told | Injected], bounds: Matrix
) -> Divergence | None:
    """Bring a freshly started proposer to where the history ends; None where it repeats exactly.

    What it asks is compared with what was recorded, and it is told the recorded points. It stops at
    the first batch that is too far off. The largest deviation that is not decides the warning.
    """
    worst = 0.0
    b = 0
    for event in history:
        if isinstance(event, Injected):
            proposer.inject(event.x, event.fx)
            continue
        if proposer.ended is not None:
            return Divergence(True, f"it ended before batch {b}: {proposer.ended.reason}")
        remind(proposer, event.x, range(len(event.x)), len(event.x))
        asked = proposer.ask()
        deviation = deviation_of(asked, event.x, bounds)
        if not deviation <= TOLERANCE:  # also where it is nan
            return Divergence(True, _too_far(b, asked, event.x, deviation))
        worst = max(worst, deviation)
        tell(proposer, event.x, event.fx, event.residuals)
        b += 1
    if worst == 0.0:
        return None
    return Divergence(False, f"its points differ by up to {worst:.1g} of their range")


def remind(proposer: Proposer, x: Matrix, rows: Sequence[int], size: int | None = None) -> None:
    """Tell a proposer that puts batches together from calls which points were in the next one.

    x are its candidates ``rows``; size is the number of its candidates, where it is known.
    """
    expect = getattr(proposer, "expect", None)
    if expect is not None:
        expect(x, rows, size)


def deviation_of(asked: Matrix, recorded: Matrix, bounds: Matrix) -> float:
    """Return the largest distance between two batches as a part of the range; inf if unlike."""
    if asked.shape != recorded.shape:
        return np.inf
    if np.array_equal(asked, recorded):
        return 0.0
    return float(np.max(abs(asked - recorded) / (bounds[:, 1] - bounds[:, 0])))


def _too_far(b: int, asked: Matrix, recorded: Matrix, deviation: float) -> str:
    if asked.shape != recorded.shape:
        return f"batch {b} has {len(asked)} points where {len(recorded)} were recorded"
    return f"batch {b} differs from the recorded one by {deviation:.1g} of its range"
