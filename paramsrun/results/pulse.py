"""How a run fares at the moment: workers, evaluations under way and their rate."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from paramsrun.evaluators.contract import Evaluator
from paramsrun.manager.state import RunState

WINDOW_S = 30.0
"""The rate is that of so much time."""


class Pulse:
    """Measures each time that it is called; from another thread than that of the run.

    Parameters
    ----------
    evaluator
        Gives the one in use, or None where there is none yet.
    clock
        Seconds since any fixed moment.
    """

    def __init__(
        self,
        evaluator: Callable[[], Evaluator | None],
        state: RunState,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._evaluator = evaluator
        self._state = state
        self._clock = clock
        self._past: deque[tuple[float, int]] = deque()

    def __call__(self) -> dict[str, Any]:
        """Return workers (0: in the run's own process), in_flight and per_s; or nothing yet."""
        evaluator, now, n = self._evaluator(), self._clock(), self._state.n_evaluations
        if evaluator is None:
            return {}
        self._past.append((now, n))
        while len(self._past) > 2 and now - self._past[0][0] > WINDOW_S:
            self._past.popleft()
        (then, before), _ = self._past[0], self._past[-1]
        per_s = (n - before) / (now - then) if now > then else 0.0
        return {
            "workers": evaluator.n_workers,
            "in_flight": evaluator.n_in_flight,
            "per_s": float(f"{per_s:.3g}"),
        }


def load_lines(load: Any) -> list[str]:
    """Return the lines of `paramsrun status` for what a lock holds of `Pulse`, if it does."""
    try:
        workers, in_flight, per_s = load["workers"], load["in_flight"], load["per_s"]
        where = f"{workers:d} worker{'s' * (workers > 1)}" if workers else "in its own process"
        return [f"Evaluations: {where}, {in_flight:d} in flight, {per_s:g} a second"]
    except (TypeError, KeyError, ValueError, OverflowError):  # it has just begun, or is not ours
        return []
