"""The loop: start optimizers, submit what they ask, take results, until the run is to end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import sleep
from typing import Protocol

from paramsrun.arrays import Vector
from paramsrun.errors import EvaluatorLost, RunError
from paramsrun.evaluators.contract import Evaluator, Task
from paramsrun.manager.events import ON_REQUEST, Checkpoint, Chosen, Context, Exit
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.interruption import Interrupted, Request
from paramsrun.manager.living import Candidate
from paramsrun.manager.optimizers import Optimizers, evaluated
from paramsrun.manager.spawning import Spawner
from paramsrun.manager.state import RunState
from paramsrun.manager.stop_rule import StopRule
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Saved
from paramsrun.problem.contract import SetEvaluation, own_residuals

NOBODY_LEFT = "No optimizer is left and none may start"
PATIENCE_S = 0.2
"""Requests are looked for at least this often while evaluations are under way in workers."""
_AT_FAULT = {
    "Function": "function",
    "Command": "program",
    "Evaluator": "loss, the limits of Evaluator",
}
"""What is to be mended where that gave no loss; elsewhere the data."""


class Saver(Protocol):
    """Makes checkpoints."""

    def due(self, state: RunState) -> bool:
        """Return whether one is due at this evaluation."""

    def due_at_end(self, state: RunState, how: str) -> bool:
        """Return whether one is due as the run ends in this way (see `Exit`)."""

    def save(self, state: RunState, saved: Mapping[int, Saved]) -> Checkpoint | None:
        """Make one of all events so far and of what optimizers wrote of themselves.

        Return its event, or None if it failed and may.
        """


class Manager:
    """Runs optimizers on a problem. One thread; every change is an event.

    Parameters
    ----------
    asked_to_end
        Why the run is to end at once, if something outside asks for it.
    requests
        What else was asked from outside since the last call; the end of the run comes last.
    shares_best, squares
        See `Optimizers`.
    """

    def __init__(
        self,
        history: History,
        spawner: Spawner,
        exit_rule: ExitRule,
        evaluator: Evaluator,
        stop_rule: StopRule | None = None,
        saver: Saver | None = None,
        asked_to_end: Callable[[], str | None] = lambda: None,
        requests: Callable[[], Sequence[Request]] = tuple,
        shares_best: bool = False,
        squares: Callable[[SetEvaluation], Vector] = own_residuals,
    ) -> None:
        self.state = history.state
        self._emit = history.emit
        self._now = history.now
        self._optimizers = Optimizers(history, spawner, evaluator, shares_best, squares)
        self._scaling = spawner.scaling
        self._exit_rule = exit_rule
        self._evaluator = evaluator
        self._stop_rule = stop_rule or StopRule()
        self._saver = saver
        self._asked_to_end = asked_to_end
        self._requests = requests
        self.state.window = self._stop_rule.window

    def run(self, x0: Task | None = None) -> Exit:
        """Run until an exit condition is met or no optimizer is left; return how it ended.

        x0 is the initial evaluation, or None to skip it. Raises RunError where the run cannot go
        on: its initial loss is not finite, or optimizers keep ending without a finite one.
        """
        try:
            return self._run(x0)
        except Interrupted:
            return self.leave("signal", self._asked_to_end() or "Interrupted")
        except RunError as error:
            self._abort(error)
            raise

    def _abort(self, error: RunError) -> None:
        if self.state.exit is None:
            with suppress(RunError):  # the same disk may refuse this, too
                if isinstance(error, EvaluatorLost):
                    self._save_at_end("request")
                self.leave("error", str(error))

    def _run(self, x0: Task | None) -> Exit:
        if x0 is not None:
            self._evaluate_initial(x0)
        optimizers = self._optimizers
        optimizers.check_ends()  # in a run that was cut there
        self._complete()
        while not self._exit_rule.met(self.state):
            if self._asked_to_end():
                raise Interrupted
            if requests := self._requests():
                self._heed(requests)
                if requests[-1].kind == "exit":
                    told = f"Ended on request (paramsrun stop, or a file {requests[-1].file})"
                    return self.leave("request", told)
                continue
            if optimizers.has_free_slot and optimizers.start():
                continue
            if not optimizers.submit(self._exit_rule.calls_left(self.state)):
                continue
            if not optimizers.n_in_flight:
                if not optimizers.waits_for_others:
                    return self.leave("exhausted", NOBODY_LEFT)
                sleep(PATIENCE_S)
            elif optimizers.take_result(PATIENCE_S):
                self._complete()
        return self.leave("conditions", self._exit_rule.explain(self.state))

    def _complete(self) -> None:
        """Do what is due after an evaluation; in a run that was cut there, after the resume."""
        if self._saver is not None and self._saver.due(self.state):
            self._save(self._saver)
        if self._stop_rule.is_due(self.state):
            for o, reason in self._stop_rule.stopped(self.state):
                self._optimizers.end(o, "stopped", reason)

    def resume(
        self,
        recorded: Mapping[int, Tape],
        context: Context,
        saved: Mapping[int, Saved] | None = None,
    ) -> None:
        """Restore unfinished optimizers from what a journal recorded of them; then `run`.

        The state must be the fold of that journal; saved is what optimizers wrote of themselves. An
        optimizer that cannot be restored ends.
        """
        living = {o: tape.evaluations for o, tape in recorded.items() if o in self.state.living}
        self.state.recall(self._stop_rule.window, living)
        restored = self._optimizers.restored(recorded, saved)
        changes = (*context.changes, *restored.warnings)
        self._emit(context._replace(changes=changes, t=self._now()))
        try:
            self._optimizers.take_up(restored, self._exit_rule.calls_left(self.state))
        except RunError as error:
            self._abort(error)
            raise

    def move(self, evaluator: str, why: str) -> None:
        """Note that evaluations are computed elsewhere from now on."""
        self._emit(Chosen(evaluator, why, self._now()))

    def leave(self, how: str, reason: str) -> Exit:
        """End the run: what is in flight is dropped, the living get no end event."""
        self._evaluator.close()
        try:
            self._save_at_end(how)
        finally:
            self._optimizers.close()
        event = Exit(how, reason, self._optimizers.numbers, self._now())
        self._emit(event)
        return event

    def _save_at_end(self, how: str) -> None:
        if self._saver is not None and self._saver.due_at_end(self.state, how):
            self._save(self._saver)

    def _save(self, saver: Saver) -> None:
        try:
            event = saver.save(self.state, self._optimizers.saved)
        except RunError as error:
            self.leave("error", str(error))
            raise
        if event is not None:
            self._emit(event)

    def _heed(self, requests: Sequence[Request]) -> None:
        for kind, file, o in requests:
            if kind == "checkpoint" and self._saver is not None:
                self._save(self._saver)
            elif kind == "stop" and o in self._optimizers.numbers:
                how = f"paramsrun stop --optimizer {o}, or a file {file}"
                self._optimizers.end(o, "stopped", f"{ON_REQUEST} ({how})")

    def _evaluate_initial(self, task: Task) -> None:
        self._evaluator.submit(task)
        while (done := self._evaluator.next_done(PATIENCE_S)) is None:
            if self._asked_to_end():
                raise Interrupted
        _, evaluation = done
        x = self._scaling("none").scaled(task.x)
        self._emit(evaluated(0, Candidate(0, 0, 0, x), evaluation, self._now()), evaluation)
        if evaluation.failures:
            failed = "\n".join(
                "\n    ".join(f"  {f.where}: {f.reason}".splitlines()) for f in evaluation.failures
            )
            what = _AT_FAULT.get(evaluation.failures[0].where.partition(" ")[0], "data")
            message = (
                f"The loss of the initial parameters is not finite:\n{failed}\n"
                f"Mend the {what} or the starting values, or set SkipX0 Yes to start without it."
            )
            raise RunError(message)
