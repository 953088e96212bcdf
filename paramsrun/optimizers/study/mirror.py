"""What a shared study holds, in memory: samplers draw there without a query for each question."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

from paramsrun.optimizers.study.database import MARK
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.optimizers.study.pruning import Bars, Pruning
from paramsrun.optimizers.study.sampling import Sampling
from paramsrun.problem.contract import Step


class Mirror:
    """Keeps a sampler's own study like that of the database."""

    def __init__(
        self, sampling: Sampling, parameters: Parameters, states: Any, pruning: Pruning | None
    ) -> None:
        self.bars = None if pruning is None else Bars(pruning)
        self._sampling = sampling
        self._parameters = parameters
        self._states = states
        self._running: dict[int, int] = {}
        self._known: set[int] = set()

    def learn(self, trials: Iterable[Any]) -> None:
        """Take what changed: trials that began or were finished."""
        for trial in trials:
            if trial.number in self._known:
                continue
            if trial.state.is_finished():
                self._known.add(trial.number)
                self._finish(trial, self._running.pop(trial.number, None))
            elif self._is_begun(trial):
                place = self._sampling.add(trial.params, None, trial.system_attrs)
                self._running[trial.number] = place

    def is_drawn(self, number: int, place: int) -> None:
        """Note that the trial drawn at a place is that of a number in the database."""
        self._running[number] = place

    def _is_begun(self, trial: Any) -> bool:
        """Return whether a trial that runs is to be seen by samplers, as they avoid its points."""
        return (
            trial.state is self._states.RUNNING
            and trial.number not in self._running
            and MARK in trial.user_attrs
            and self._parameters.fits(trial.params)
        )

    def _finish(self, trial: Any, place: int | None) -> None:
        fx = trial.value if trial.state is self._states.COMPLETE else None
        steps = [Step(*one) for one in trial.intermediate_values.items()]
        if self.bars is not None and fx is not None and isfinite(fx):
            self.bars.complete(steps)
        if trial.state is self._states.PRUNED and place is not None:
            self._sampling.prune(place, steps)
        elif place is not None:
            self._sampling.tell(place, fx, steps)
        elif trial.state is not self._states.FAIL and self._parameters.fits(trial.params):
            pruned = trial.state is self._states.PRUNED
            self._sampling.add(trial.params, fx, trial.system_attrs, steps, pruned)
