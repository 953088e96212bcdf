"""Turns an algorithm that calls its function inside out: its calls become ask and tell.

The algorithm runs in a greenlet of its own. Where it calls the loss, the greenlet lays the points
down and switches out; `tell` switches back in with their losses. Running it in a thread instead
needs another proposer with another exchange, and no change of the algorithms.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np
from greenlet import getcurrent, greenlet

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended
from paramsrun.optimizers.quiet import Quiet
from paramsrun.optimizers.reasons import failure


class Loss:
    """The function to be minimised, as the algorithm sees it."""

    def __init__(self, exchange: Callable[[Matrix], Any]) -> None:
        self.was_finite = False
        self._exchange = exchange

    def __call__(self, x: Vector) -> np.float64:
        """Return the loss of one point (n_params,): a batch of one."""
        if not isfinite(x.dot(x)):
            raise Astray(_NOWHERE)
        fx: np.float64 = self._exchange(np.array(x, dtype=np.float64, ndmin=2))[0]
        if not self.was_finite:
            self.was_finite = isfinite(fx)
        return fx

    def many(self, x: Matrix) -> Vector:
        """Return the losses of the points (n_candidates, n_params): one batch."""
        fx: Vector = self.told(x).copy()
        self.was_finite = self.was_finite or bool(np.isfinite(fx).any())
        return fx

    def told(self, x: Matrix) -> Any:
        """Return what is told of the points (n_candidates, n_params): one batch."""
        if not np.isfinite(x).all():
            raise Astray(_NOWHERE)
        return self._exchange(np.array(x, dtype=np.float64))


Minimize = Callable[[Loss], Ended]
"""A blocking algorithm: it calls the loss as it likes and says why it ended."""


class Astray(BaseException):
    """Raised inside an algorithm that an infinite loss has led astray; says how."""


class Closed(BaseException):
    """Raised inside an algorithm that is no longer wanted, so that it unwinds."""


class BlockingProposer:
    """Runs a blocking algorithm in a greenlet; for use in the thread that made it only."""

    takes_offers = False

    def __init__(self, minimize: Minimize) -> None:
        self.ended: Ended | None = None
        self._x: Matrix = np.empty((0, 0))
        self._quiet = Quiet()
        self._home = getcurrent()
        self._greenlet = greenlet(self._run)
        with self._quiet:
            self._greenlet.switch(minimize)

    def ask(self) -> Matrix:
        """Return the points whose losses the algorithm waits for."""
        return self._x

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Let the algorithm run on to its next points, or to its end."""
        self.go_on(fx)

    def go_on(self, told: object) -> None:
        """Hand the algorithm what it waits for."""
        with self._quiet:
            self._greenlet.switch(told)

    def inject(self, x: Vector, fx: float) -> None:
        """Do nothing: a blocking algorithm takes no points from elsewhere."""

    def close(self) -> None:
        """Unwind the algorithm where it waits."""
        for _ in range(_PATIENCE):
            if self._greenlet.dead:
                break
            with self._quiet:
                self._greenlet.throw(Closed)

    def _run(self, minimize: Minimize) -> None:
        try:
            self.ended = minimize(Loss(self._exchange))
        except Closed:
            pass
        except Astray as error:
            self.ended = Ended("failed", str(error))
        except Exception as error:
            self.ended = failure(error)

    def _exchange(self, x: Matrix) -> Any:
        self._x = x
        return self._home.switch()


NO_SLOPES = "no derivative could be had: all points beside one failed, or its step was too small"
_NOWHERE = "lost its way: its next point is not a number"

_PATIENCE = 100
"""How often an algorithm may swallow `Closed` before it is left to the garbage collector."""
