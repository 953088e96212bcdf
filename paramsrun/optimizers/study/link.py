"""A process's connection to a shared study: takes trials, and puts up those that were lost."""

import logging
import os
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple, Protocol

from paramsrun.arrays import Vector
from paramsrun.errors import RunError
from paramsrun.optimizers.study.address import Address
from paramsrun.optimizers.study.database import AFTER, FIRST, HISTORY, MARK, Database
from paramsrun.optimizers.study.heartbeat import Heartbeat
from paramsrun.optimizers.study.locks import Lock, held, lock_of
from paramsrun.optimizers.study.mirror import Mirror
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.optimizers.study.pruning import Pruning
from paramsrun.optimizers.study.sampling import Sampling

MAX_LOST = 3
"""A trial that was lost with its process more often than this counts as failed."""
_LOGGER = logging.getLogger("paramsrun.optimizers.study")


class Settings(Protocol):
    """What is needed of the optimizer's settings."""

    @property
    def sampler(self) -> str: ...  # noqa: D102
    @property
    def options(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def storage(self) -> str | None: ...  # noqa: D102
    @property
    def study_name(self) -> str | None: ...  # noqa: D102
    @property
    def pruning(self) -> Pruning | None: ...  # noqa: D102


class Claimed(NamedTuple):
    """The trial in hand."""

    id: int
    """In the database."""
    number: int
    x: Vector


class Link:
    """A process's connection to a study."""

    def __init__(
        self,
        database: Database,
        lock: Lock,
        start: int,
        sampling: Sampling,
        parameters: Parameters,
        counts: bool,
        pruning: Pruning | None,
    ) -> None:
        self.database = database
        self.lock = lock
        self.start = start
        """The number of this start in the study."""
        self.mirror = Mirror(sampling, parameters, database.states, pruning)
        self.heart = Heartbeat(database.beat, database.leave_thread)
        self._sampling = sampling
        self._parameters = parameters
        self._counts = counts
        self._n_drawn = 0

    @classmethod
    def made(
        cls, address: Address, how: Settings, parameters: Parameters, stream: Sequence[int]
    ) -> "Link | None":
        """Connect, and make the study if it is not there; None if others do so just now."""
        assert how.study_name is not None
        if address.database == "sqlite" and not os.path.isdir(address.file.parent):
            raise RunError(f"Optimizer%Optuna%Storage: there is no folder {address.file.parent}")
        making = lock_of(address, "paramsrun")
        try:
            with held(making) as is_held:
                if not is_held:
                    return None
                database = Database(address, how.study_name, parameters)
                start, seed = database.joined(stream)
        finally:
            making.close()
        lock = lock_of(address, f"paramsrun {how.study_name}")
        words = seed if how.sampler == "QMC" else stream
        sampling = Sampling(how.sampler, how.options, parameters, (*words, start))
        counts = how.sampler == "QMC"
        return cls(database, lock, start, sampling, parameters, counts, how.pruning)

    def close(self) -> None:
        """End it."""
        self.lock.close()
        self.database.close()

    def take(self, trial: Any) -> Claimed | None:
        """Take a waiting trial, if nobody else was faster."""
        named = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        if MARK not in trial.user_attrs or not trial.params:
            named = self._completed(trial, named)
        if not self._parameters.fits(named):
            return None
        return self._begun(trial._trial_id, trial.number, named)

    def new(self, number: int, x0: Vector | None) -> Claimed | None:
        """Draw a new trial, or take x0, and begin with it; it will have that number most likely."""
        if x0 is not None:
            place, named = None, self._parameters.named(x0)
            attributes: Mapping[str, Any] = {}
        else:
            place, named = self._drawn()
            attributes = self._sampling.attributes(place)
        if not self.lock.is_held():
            if place is not None:
                self._sampling.tell(place, None)
            return None
        id_ = self.database.add(named, self.start, attributes)
        number = self.database.number_of(id_, number)
        if place is not None:
            self.mirror.is_drawn(number, place)
        return self._begun(id_, number, named)

    def _drawn(self) -> tuple[int, dict[str, Any]]:
        if self._counts:
            self._sampling.count(self.database.counters)
        self._n_drawn += 1
        place, named = self._sampling.draw(self._n_drawn)
        if self._counts:
            self.database.count(self._sampling.counters)
        return place, named

    def _begun(self, id_: int, number: int, named: Mapping[str, Any]) -> Claimed | None:
        if not self.database.take(id_):
            return None
        self.heart.of(id_)
        return Claimed(id_, number, self._parameters.vector(named))

    def _completed(self, trial: Any, named: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a trial that somebody enqueued; what is left out is drawn."""
        place, drawn = self._drawn()
        self._sampling.tell(place, None)
        drawn.update(named)
        if not self._parameters.fits(drawn):
            _LOGGER.warning("Trial %d is left out: it cannot have %s", trial.number, dict(named))
            self.database.finish(trial._trial_id, None)
            return drawn
        lacking = {name: value for name, value in drawn.items() if name not in trial.params}
        self.database.complete(trial._trial_id, lacking, self.start)
        return drawn

    # Trials whose process was lost

    def rescued(self, trials: list[Any]) -> list[Any]:
        """Return all trials, after those whose process was lost were put up once more.

        What a process left half done is completed here by the next.
        """
        states = self.database.states
        running = {t._trial_id for t in trials if t.state is states.RUNNING and _is_ours(t)}
        dead = running & self.database.stale() if running else set()
        for id_ in dead:
            self.database.finish(id_, None)
        again = {t.system_attrs.get(AFTER) for t in trials}
        ended = [
            t
            for t in trials
            if _is_ours(t)
            and (t.state is states.FAIL or t._trial_id in dead)
            and t.number not in again
        ]
        for trial in ended:
            self._put_up(trial, was_lost=True)
        return self.database.trials() if ended else trials

    def hand_back(self, id_: int) -> None:
        """Give up a trial in hand; another process may take it."""
        with held(self.lock) as is_held:
            if self.database.finish(id_, None) and is_held:
                trial = next(t for t in self.database.trials() if t._trial_id == id_)
                self._put_up(trial, was_lost=False)

    def _put_up(self, trial: Any, was_lost: bool) -> None:
        history = [*trial.system_attrs.get(HISTORY, ()), *([trial.number] if was_lost else ())]
        attributes = {
            **trial.system_attrs,
            AFTER: trial.number,
            FIRST: trial.system_attrs.get(FIRST, trial.number),
            HISTORY: history,
        }
        fx = None
        if len(history) > MAX_LOST:
            fx = inf
            _LOGGER.warning(
                "Trial %d was lost with its process for the %dth time; it counts as failed",
                attributes[FIRST],
                len(history),
            )
        elif was_lost:
            _LOGGER.info("Trial %d was lost with its process; it is put up again", trial.number)
        self.database.add(trial.params, self.start, attributes, fx)


def _is_ours(trial: Any) -> bool:
    return MARK in trial.user_attrs
