"""Inline at first; in worker processes once evaluations are dear and several wait."""

from collections import deque
from collections.abc import Callable
from math import inf, isfinite
from statistics import median
from time import perf_counter

from paramsrun.evaluators.contract import Done, Evaluates, Evaluator, Task
from paramsrun.evaluators.inline import Inline

PROCESSES = "Processes"
DEAR_S = 2e-3
UNWATCHED = 9
"""Where evaluations are cheap, so many pass before the next is timed."""
_AT_ONCE_S = 1.0


class Automatic:
    """Decides once, and never goes back.

    Parameters
    ----------
    processes
        Makes the evaluator in worker processes.
    on_choice
        Told of the evaluator chosen and why, before it acts.
    why_at_once
        Why to choose workers whatever evaluations cost; None where that is to be seen.
    clock
        Seconds since any fixed moment.
    """

    def __init__(
        self,
        problem: Evaluates,
        processes: Callable[[], Evaluator],
        on_choice: Callable[[str, str], None],
        why_at_once: str | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._inline = Inline(problem)
        self._in_use: Evaluator = self._inline
        self._processes = processes
        self._on_choice = on_choice
        self._why_at_once = why_at_once
        self._clock = clock
        self._times_s: deque[float] = deque(maxlen=5)
        self._n_unwatched = 0

    @property
    def interruptible(self) -> bool:
        """Whether the evaluator in use is."""
        return self._in_use.interruptible

    @property
    def n_workers(self) -> int:
        """Those of the evaluator in use."""
        return self._in_use.n_workers

    @property
    def n_in_flight(self) -> int:
        """The tasks that have not come back."""
        return self._in_use.n_in_flight

    def submit(self, task: Task) -> None:
        """Hand a task to the evaluator in use."""
        if self._in_use is self._inline and self._why_at_once is not None:
            self._choose(self._why_at_once)
        self._in_use.submit(task)

    def next_done(self, timeout_s: float = inf) -> Done | None:
        """Wait for a result of the evaluator in use."""
        if self._n_unwatched > 0:
            self._n_unwatched -= 1
            return self._inline.next_done()
        if self._in_use is not self._inline:
            return self._in_use.next_done(timeout_s)
        if self._inline.n_waiting > 1 and self._is_dear():
            self._choose(f"evaluations take {self._typical_ms():.3g} ms and several wait")
            return self._in_use.next_done(timeout_s)
        began = self._clock()
        done = self._inline.next_done()
        took_s = self._clock() - began
        if isfinite(done[1].fx):  # a failed one may be short
            self._times_s.append(took_s)
        if len(self._times_s) == self._times_s.maxlen and max(self._times_s) < DEAR_S:
            self._n_unwatched = UNWATCHED
        return done

    def close(self) -> None:
        """Close the evaluator in use."""
        self._in_use.close()

    def _choose(self, why: str) -> None:
        self._on_choice(PROCESSES, why)
        self._in_use = self._processes()
        for task in self._inline.hand_over():
            self._in_use.submit(task)

    def _is_dear(self) -> bool:
        """Judge by all of the first three, then by all but one.

        The first may import what it needs, and on a busy machine any may be held up for a while:
        two that were are no proof.
        """
        n = len(self._times_s)
        if n < 3:
            return n == 2 and min(self._times_s) >= _AT_ONCE_S
        return sorted(self._times_s)[n > 3] >= DEAR_S

    def _typical_ms(self) -> float:
        return 1e3 * median(self._times_s)
