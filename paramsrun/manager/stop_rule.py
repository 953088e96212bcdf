"""When an optimizer is stopped: the stoppers of the input and how they combine."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from paramsrun.manager.conditions import Conditions
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.randomness import Purpose, Stream
from paramsrun.settings.families import stoppers


class Stopper(Protocol):
    """A member of the family `stoppers`: a frozen settings class, a pure function of its arguments.

    One that looks at the latest evaluations of the target says at how many by an attribute
    ``window``; so many are kept in ``target.recent``. One that makes sense only beside others says
    by a class variable ``alone`` what it would do by itself; the user is warned of it. One that
    looks at no more than the target, or at the target and the optimizer that holds the lowest loss,
    says so by an attribute ``looks_at``, ``"target"`` or ``"target and best"``: it is not asked
    again while these have made no further evaluation.
    """

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether the target is to be stopped.

        It has been evaluated at least once. draw gives the next uniform number in [0, 1) of a
        stream that belongs to this check.
        """


class StopRule:
    """Stoppers under a boolean combination; they judge each living optimizer at each check.

    Parameters
    ----------
    seed
        Of the run; stoppers that draw do so at each check anew.
    interval
        A check comes after every so many evaluations of the run.
    spares_best
        Whether the optimizer that holds the lowest loss is never stopped.
    """

    def __init__(
        self,
        members: Sequence[Stopper] = (),
        combination: str | None = None,
        seed: int = 0,
        interval: int = 1,
        spares_best: bool = True,
    ) -> None:
        self._conditions = Conditions(stoppers, members, combination)
        self._seed = seed
        self._interval = interval
        self._spares_best = spares_best
        self.window: int = max((getattr(member, "window", 0) for member in members), default=0)
        """So many of the latest evaluations of each living optimizer are looked at."""
        seen = {getattr(member, "looks_at", "all") for member in members}
        self._skips = seen <= {"target", "target and best"}
        self._sees_best = "target and best" in seen
        self._settled: dict[int, tuple[int, ...]] = {}
        """Of each optimizer that was judged and lives on: what its verdict depended on."""

    def is_due(self, state: RunState) -> bool:
        """Return whether a check comes after this evaluation."""
        return bool(self._conditions.members) and state.n_evaluations % self._interval == 0

    def stopped(self, state: RunState) -> Iterator[tuple[int, str]]:
        """Yield the optimizers to stop after this evaluation, with the conditions that say so.

        Each is judged when the ones before it have ended. In a run that was cut in the middle of
        this and resumed, those judged before the cut are not judged again.
        """
        n, (last_n, last) = state.n_evaluations, state.last_stopped
        before, self._settled = self._settled, {}
        beside = self._beside(state)
        for o in sorted(state.living):
            if last_n == n and o <= last:
                continue
            target = state.optimizers[o]
            if not target.n_evaluations or (self._spares_best and o == state.best.o):
                continue
            looked_at = (target.n_evaluations, *beside)
            if before.get(o) == looked_at:
                self._settled[o] = looked_at
            elif self._conditions.met(target, state, _Draws(self._seed, o, n)):
                yield o, self._conditions.explain(target, state, _Draws(self._seed, o, n))
            elif self._skips:
                self._settled[o] = looked_at

    def _beside(self, state: RunState) -> tuple[int, ...]:
        """Return what verdicts depend on besides the evaluations of the one that is judged."""
        best = state.best_optimizer if self._sees_best else None
        return () if best is None else (state.best.o, best.n_evaluations)


class _Draws:
    """The uniform numbers of one check of one optimizer; the stream is made when first asked."""

    def __init__(self, seed: int, o: int, n: int) -> None:
        self._stream = Stream(seed, Purpose.STOP, o, n)

    @cached_property
    def _generator(self) -> np.random.Generator:
        return self._stream.generator()

    def __call__(self) -> float:
        return self._generator.random()
