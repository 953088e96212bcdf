"""One process's part in a study that processes share through a database.

Under a lock of the database a process takes a trial at a time: one that waits, since its process
was lost or somebody enqueued it, or a new one if completed, running and waiting ones are fewer than
are wanted. So there are exactly as many in the end.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from math import inf, isfinite
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import RunError
from paramsrun.optimizers.contract import Ended, Residuals
from paramsrun.optimizers.reasons import failure, finished
from paramsrun.optimizers.study.address import ADVICE, Address, connectable
from paramsrun.optimizers.study.alone import Limits
from paramsrun.optimizers.study.database import MARK, lost
from paramsrun.optimizers.study.link import Claimed, Link, Settings
from paramsrun.optimizers.study.locks import held
from paramsrun.optimizers.study.parameters import Parameters
from paramsrun.optimizers.study.pruning import is_pruned, steps_of
from paramsrun.problem.contract import Step
from paramsrun.settings.secrets import MASK, masked

LOOK_S = 1.0
"""The database is asked so often whether there is something to do."""
PATIENCE_S = 60.0
"""A database that cannot be reached is waited for so long."""
_LOGGER = logging.getLogger("paramsrun.optimizers.study")


class Result(NamedTuple):
    """What is yet to be told of a trial."""

    claimed: Claimed
    fx: float | None
    """None for one that was pruned."""
    steps: tuple[Step, ...]


class Shared:
    """A proposer of one trial at a time; it connects when it is first asked whether it is ready."""

    takes_offers = False

    def __init__(
        self,
        settings: Settings,
        parameters: Parameters,
        x0: Vector,
        stream: Sequence[int],
        limits: Limits,
    ) -> None:
        self.ended: Ended | None = None
        self._how = settings
        self._parameters = parameters
        self._x0 = np.array(x0)
        self._stream = stream
        self._limits = limits
        self._link: Link | None = None
        self._claimed: Claimed | None = None
        self._untold: Result | None = None
        self.needs_progress = settings.pruning is not None
        self._in_force: tuple[Step, ...] = ()
        self._next_look = 0.0
        self._lost_since: float | None = None

    def ready(self) -> bool:
        """Return whether there is a trial to hand out; see to it that there is, if there may be.

        Raises RunError where the database cannot be used, or was out of reach for a minute.
        """
        if self._claimed is not None or self.ended is not None:
            return self.ended is None
        if monotonic() < self._next_look:
            return False
        self._next_look = monotonic() + LOOK_S
        try:
            self._look()
        except lost() as error:
            self._note_loss(error)
        except RunError:
            raise
        except Exception as error:  # of a sampler
            self.ended = failure(error, "Optuna")
        else:
            self._note_return()
        return self._claimed is not None

    def ask(self) -> Matrix:
        """Return the trial in hand."""
        assert self._claimed is not None
        return self._claimed.x[np.newaxis].copy()

    def bars(self, i: int) -> tuple[Step, ...]:
        """Return the bars of the trial in hand."""
        return self._in_force

    def tell(self, x: Matrix, fx: Vector, progress: Residuals = ()) -> None:
        """Write the loss to the database; where that cannot be now, `ready` does it first."""
        assert self._claimed is not None
        steps = steps_of(progress[0]) if progress else ()
        pruned = fx[0] == inf and is_pruned(steps, self._in_force)
        self._untold = Result(self._claimed, None if pruned else float(fx[0]), steps)
        self._claimed = None
        self._next_look = 0.0
        with suppress(*lost()):
            self._tell()

    def inject(self, x: Vector, fx: float) -> None:
        """Do nothing: the study holds what its processes evaluated."""

    def close(self) -> None:
        """Hand back the trial in hand, so that another process may take it at once."""
        link, self._link = self._link, None
        if link is None:
            return
        self._link = link
        with suppress(*lost()):
            self._tell()
        link.heart.close()
        if self._claimed is not None:
            with suppress(*lost()):
                link.hand_back(self._claimed.id)
        self._claimed = self._link = None
        link.close()

    def _look(self) -> None:
        """Tell what is yet to be told, then take a trial or find that all are done."""
        self._connect()
        link = self._link
        if link is None or not self._tell():
            return
        with held(link.lock) as is_held:
            if is_held:
                self._claim(link)
            else:
                self._next_look = 0.0

    def _tell(self) -> bool:
        """Write an untold loss; return whether none is left."""
        if self._untold is None:
            return True
        link = self._link
        assert link is not None
        claimed, fx, steps = self._untold
        with held(link.lock) as is_held:
            if not is_held:
                return False
            link.heart.of(None)
            if fx is None:
                still_ran = link.database.prune(claimed.id, steps)
            else:
                still_ran = link.database.finish(claimed.id, fx, steps)
            if not still_ran:
                _LOGGER.info(
                    "Trial %d had been taken over by another process; its result is dropped",
                    claimed.number,
                )
        self._untold = None
        return True

    # Which trial is next

    def _claim(self, link: Link) -> None:
        trials = link.rescued(link.database.trials())
        link.mirror.learn(trials)
        states = link.database.states
        complete = [t for t in trials if t.state in (states.COMPLETE, states.PRUNED)]
        running = [t for t in trials if t.state is states.RUNNING and MARK in t.user_attrs]
        waiting = [t for t in trials if t.state is states.WAITING]
        self.ended = self._end(complete)
        if self.ended is not None or len(complete) + len(running) >= self._limits.n_trials:
            return
        if link.mirror.bars is not None:
            self._in_force = link.mirror.bars.next()
        if waiting:
            self._claimed = link.take(waiting[0])
        else:
            self._claimed = link.new(len(trials), None if trials else self._x0)

    def _end(self, complete: Sequence[Any]) -> Ended | None:
        if not complete:
            return None
        best = min(complete, key=lambda t: (_loss(t), t.number))
        n, n_bad = self._limits
        reason = None
        if len(complete) >= n:
            reason = f"all {n} trials of study {self._how.study_name} are complete"
        elif n_bad and sum(t.number > best.number for t in complete) >= n_bad:
            reason = f"no better trial in study {self._how.study_name} among the last {n_bad}"
        return None if reason is None else finished(reason, isfinite(_loss(best)))

    # The connection

    def _connect(self) -> None:
        if self._link is not None:
            return
        assert self._how.storage is not None
        assert self._how.study_name is not None
        address = connectable(self._how.storage)
        try:
            self._link = Link.made(address, self._how, self._parameters, self._stream)
        except lost() as error:
            if self._lost_since is not None:
                raise
            raise RunError(self._told(error, address)) from None
        if self._link is not None:
            _LOGGER.info(
                "Start %d in study %s of %s",
                self._link.start,
                self._how.study_name,
                masked(self._how.storage),
            )

    def _told(self, error: Exception, address: Address | None = None) -> str:
        """Return what is said of a database that cannot be used, without its password."""
        assert self._how.storage is not None
        cause = error.__cause__ or error
        text = " ".join(str(getattr(cause, "orig", None) or cause).split())
        if address is not None and address.password:
            text = text.replace(address.password, MASK)
        lacks = address is not None and f":{MASK}@" in self._how.storage and not address.password
        advice = f"\nThe password was not stored: {ADVICE}" if lacks else ""
        return (
            f"Optimizer%Optuna%Storage: {masked(self._how.storage)} cannot be used: {text}{advice}"
        )

    def _note_loss(self, error: Exception) -> None:
        now = monotonic()
        if self._lost_since is None:
            self._lost_since = now
            _LOGGER.warning("%s. Trying again for %.0f s", self._told(error), PATIENCE_S)
        elif now - self._lost_since > PATIENCE_S:
            raise RunError(
                f"{self._told(error)}\nThe database was out of reach for {PATIENCE_S:.0f} s. "
                "Resume the job when it is back: the study goes on"
            )

    def _note_return(self) -> None:
        if self._lost_since is not None:
            self._lost_since = None
            _LOGGER.warning("The database is back")


def _loss(trial: Any) -> float:
    """Return the loss of a finished trial; pruned ones have none."""
    return inf if trial.state.name == "PRUNED" else float(trial.value)
