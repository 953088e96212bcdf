"""Draws trials with a sampler of Optuna from those known so far, in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paramsrun.optimizers.study import library
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.problem.contract import Step

_WORDS = 4
"""Words of 32 bits of the seed."""


class Sampling:
    """A study in memory, whose every trial is drawn by a fresh sampler with a seed of its own.

    The seed of a trial is a function of (the optimizer's stream, its number), so that a trial does
    not depend on how many random numbers earlier ones took: trials that are known need not be drawn
    again. What a sampler knows of the past it finds in the study, where Optuna's keep all of it.

    Parameters
    ----------
    sampler, options
        Its name in inputs, and its options by Optuna's names.
    stream
        The words from which seeds are made (see `stream`).
    """

    def __init__(
        self,
        sampler: str,
        options: Mapping[str, Any],
        parameters: Parameters,
        stream: Sequence[int],
    ) -> None:
        self._sampler = sampler
        self._options = options
        self._parameters = parameters
        self._stream = stream
        with library.silent() as optuna:
            self._optuna = optuna
            self._running = optuna.trial.TrialState.RUNNING
            self._complete = optuna.trial.TrialState.COMPLETE
            self._pruned = optuna.trial.TrialState.PRUNED
            self._storage = optuna.storages.InMemoryStorage()
            self._study = optuna.create_study(storage=self._storage, sampler=self._made((0,)))
        self._id = self._storage.get_study_id_from_name(self._study.study_name)
        self._n = 0

    def draw(self, *number: int) -> tuple[int, dict[str, Any]]:
        """Draw a trial of that number; return its place in the study, and its values by name."""
        with library.silent():
            self._study.sampler = self._made(number)
            trial = self._study.ask(self._parameters.distributions)
        self._n += 1
        return trial.number, trial.params

    def add(
        self,
        named: Mapping[str, Any],
        fx: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        steps: Sequence[Step] = (),
        pruned: bool = False,
    ) -> int:
        """Add a trial that was not drawn here, with its loss if it has one; return its place.

        The loss of a pruned one is the last that it reported.
        """
        running = fx is None and not pruned
        value = steps[-1].value if pruned and steps else fx
        with library.silent() as optuna:
            trial = optuna.trial.create_trial(
                state=self._running if running else self._pruned if pruned else self._complete,
                params=dict(named),
                distributions=self._parameters.distributions,
                value=value,
                intermediate_values=dict(steps),
                system_attrs=dict(attributes or {}),
            )
            self._study.add_trial(trial)
        self._n += 1
        return self._n - 1

    def tell(self, place: int, fx: float | None, steps: Sequence[Step] = ()) -> None:
        """Finish a trial; one without a loss is forgotten. A failed point has the loss inf.

        Samplers avoid points of infinite loss, and count them as trials.
        """
        self._report(place, steps)
        with library.silent() as optuna:
            failed = optuna.trial.TrialState.FAIL if fx is None else None
            self._study.tell(place, fx, state=failed)

    def prune(self, place: int, steps: Sequence[Step]) -> None:
        """Finish a trial that was ended at the last of these steps."""
        self._report(place, steps)
        with library.silent():
            self._study.tell(place, state=self._pruned)

    def _report(self, place: int, steps: Sequence[Step]) -> None:
        for number, value in steps:
            self._storage.set_trial_intermediate_value(place, number, value)

    def attributes(self, place: int) -> dict[str, Any]:
        """Return what the sampler wrote to a trial."""
        found: dict[str, Any] = self._storage.get_trial(place).system_attrs
        return dict(found)

    @property
    def counters(self) -> dict[str, Any]:
        """What the sampler wrote to the study."""
        found: dict[str, Any] = self._storage.get_study_system_attrs(self._id)
        return dict(found)

    def count(self, counters: Mapping[str, Any]) -> None:
        """Take what samplers of other processes wrote to the study."""
        for name, value in counters.items():
            self._storage.set_study_system_attr(self._id, name, value)

    def _made(self, number: Sequence[int]) -> Any:
        # The sequence of QMC is one, of which each trial takes the next point.
        own = self._stream[:_WORDS] if self._sampler == "QMC" else (*self._stream, *number)
        seed = int(np.random.SeedSequence(own).generate_state(1)[0])
        sampler = library.made(self._sampler, self._options, seed)
        if self._sampler == "TPE" and not self._options.get("group"):
            self._tell_space(sampler)
        return sampler

    def _tell_space(self, sampler: Any) -> None:
        """Tell TPE which parameters it draws together.

        They are the same ones always, and to find them in all trials takes it longer than to draw.
        """
        if self._options.get("multivariate"):
            known = sorted(self._parameters.distributions.items())
            space = {name: one for name, one in known if not one.single()}
            sampler.infer_relative_search_space = lambda study, trial: space


def stream(rng: np.random.Generator) -> list[int]:
    """Return the words that stand for an optimizer's random stream."""
    words: list[int] = rng.integers(2**32, size=_WORDS, dtype=np.uint32).tolist()
    return words
