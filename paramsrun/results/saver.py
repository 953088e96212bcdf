"""Checkpoints as the loop asks for them: a failure is warned of, or ends the run."""

from collections.abc import Mapping

from paramsrun.errors import CheckpointFailed
from paramsrun.manager.events import Checkpoint
from paramsrun.manager.state import RunState
from paramsrun.optimizers.contract import Saved
from paramsrun.results.checkpoint import Checkpoints
from paramsrun.results.log import Log

RETRY_S = 60.0
"""After a checkpoint by time failed, it is tried again no sooner than this."""


class Saver:
    """Makes checkpoints when they are due, at the end and on signals."""

    def __init__(self, checkpoints: Checkpoints, log: Log, raise_fail: bool) -> None:
        self._checkpoints = checkpoints
        self._log = log
        self._raise_fail = raise_fail
        self._made_n = -1
        """Evaluations in the last one of this session."""
        self._failed: tuple[int, float] | None = None

    def due(self, state: RunState) -> bool:
        """Return whether one is due at this evaluation."""
        if not self._checkpoints.due(state):
            return False
        if self._failed is None:
            return True
        n, t = self._failed
        at_evaluation = self._checkpoints.due_by_evaluation(state)
        return state.n_evaluations != n and (at_evaluation or state.t - t > RETRY_S)

    def due_at_end(self, state: RunState, how: str) -> bool:
        """Return whether one is due as the run ends: from outside, or where AtEnd asks for it."""
        if how in ("signal", "request"):
            return self._made_n != state.n_evaluations
        return how != "error" and self._checkpoints.due_at_end(state)

    def save(self, state: RunState, saved: Mapping[int, Saved] | None = None) -> Checkpoint | None:
        """Make one; where that fails, warn and return None, or raise under RaiseFail."""
        try:
            event = self._checkpoints.write(state, saved)
        except CheckpointFailed as error:
            self._failed = (state.n_evaluations, state.t)
            if self._raise_fail:
                raise
            self._log.entry(f"Warning: {error}")
            return None
        self._failed = None
        self._made_n = event.n
        return event
