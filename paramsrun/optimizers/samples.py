"""A proposer of points that are known beforehand, whatever their losses."""

from collections.abc import Callable

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended

BATCH = 1000
"""Points in a batch: this many can be evaluated at once, and have to be held in memory."""


class Samples:
    """Hands out points in batches until none is left.

    Parameters
    ----------
    draw
        Given how many points were drawn and how many are wanted, returns that many more, or fewer
        where they run out.
    reason
        What is said at the end.
    """

    takes_offers = False

    def __init__(self, draw: Callable[[int, int], Matrix], reason: str) -> None:
        self.ended: Ended | None = None
        self._draw = draw
        self._reason = reason
        self._n_drawn = 0
        self._next_batch()

    def ask(self) -> Matrix:
        """Return the next points."""
        return self._x

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Go on to the next points."""
        self._next_batch()

    def inject(self, x: Vector, fx: float) -> None:
        """Do nothing: the points are known beforehand."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _next_batch(self) -> None:
        self._x = self._draw(self._n_drawn, BATCH)
        self._n_drawn += len(self._x)
        if len(self._x) == 0:
            self.ended = Ended("converged", self._reason)
