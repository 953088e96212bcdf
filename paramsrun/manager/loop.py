"""The loop: start optimizers, submit what they ask, take results, until the run is to end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from paramsrun.errors import RunError
from paramsrun.evaluators.contract import Evaluator, Task
from paramsrun.manager.events import Checkpoint, Chosen, Context, End, Eval, Exit, Inject, Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.interruption import Interrupted, Request
from paramsrun.manager.living import Candidate, Living
from paramsrun.manager.restoring import Restored
from paramsrun.manager.spawning import Spawner, starts_again
from paramsrun.manager.state import RunState
from paramsrun.manager.stop_rule import StopRule
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Proposer, Saved
from paramsrun.problem.contract import Evaluation, Key

NOBODY_LEFT = "No optimizer is left and none may start"
MAX_BARREN = 6
"""So many optimizers in a row may end without a finite loss; then the run ends."""
PATIENCE_S = 0.2
"""Requests are looked for at least this often while evaluations are under way in workers."""


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
    shares_best
        Whether each new best point is offered to the other living optimizers.
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
    ) -> None:
        self.state = history.state
        self._emit = history.emit
        self._now = history.now
        self._spawner = spawner
        self._exit_rule = exit_rule
        self._evaluator = evaluator
        self._stop_rule = stop_rule or StopRule()
        self._saver = saver
        self._asked_to_end = asked_to_end
        self._requests = requests
        self._shares_best = shares_best
        self._living: dict[int, Living] = {}
        self._in_flight: dict[Key, Candidate] = {}
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
                self.leave("error", str(error))

    def _run(self, x0: Task | None) -> Exit:
        if x0 is not None:
            self._evaluate_initial(x0)
        self._complete()
        while not self._exit_rule.met(self.state):
            if self._asked_to_end():
                raise Interrupted
            if requests := self._requests():
                self._heed(requests)
                if requests[-1].kind == "exit":
                    return self.leave("request", f"Ended by the file {requests[-1].file}")
                continue
            if len(self._living) < self._spawner.slots and self._start():
                continue
            if not self._submit():
                continue
            if not self._in_flight:
                return self.leave("exhausted", NOBODY_LEFT)
            if self._take_result():
                self._complete()
        return self.leave("conditions", self._exit_rule.explain(self.state))

    def _complete(self) -> None:
        """Do what is due after an evaluation; in a run that was cut there, after the resume."""
        if self._saver is not None and self._saver.due(self.state):
            self._save(self._saver)
        if self._stop_rule.is_due(self.state):
            for o, reason in self._stop_rule.stopped(self.state):
                self._end(o, "stopped", reason)

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
        restored = Restored(self.state, self._spawner)
        restored.replay(recorded, saved)
        self._living = restored.living
        changes = (*context.changes, *restored.warnings)
        self._emit(context._replace(changes=changes, t=self._now()))
        try:
            self._take_up(restored)
        except RunError as error:
            self._abort(error)
            raise

    def _take_up(self, restored: Restored) -> None:
        """Go on with what was restored: its ends, and the candidates that were in flight."""
        for o, reason in restored.broken:
            self._end(o, "failed", f"it cannot be restored: {reason}")
            lost = self.state.optimizers[o]
            if starts_again(lost.start):
                self._take_in(*self._spawner.in_place_of(lost, self.state, self._now))
        for living in tuple(self._living.values()):
            self._check_ended(living)
        for living in restored.in_flight:
            if self._room() > 0:
                self._submit_next(living)
        for living in restored.stopped:
            living.proposer.close()

    def move(self, evaluator: str, why: str) -> None:
        """Note that evaluations are computed elsewhere from now on."""
        self._emit(Chosen(evaluator, why, self._now()))

    def leave(self, how: str, reason: str) -> Exit:
        """End the run: what is in flight is dropped, the living get no end event."""
        self._evaluator.close()
        try:
            self._save_at_end(how)
        finally:
            for living in self._living.values():
                living.proposer.close()
        event = Exit(how, reason, tuple(sorted(self._living)), self._now())
        self._emit(event)
        return event

    def _save_at_end(self, how: str) -> None:
        if self._saver is not None and self._saver.due_at_end(self.state, how):
            self._save(self._saver)

    def _save(self, saver: Saver) -> None:
        try:
            event = saver.save(self.state, self._saved())
        except RunError as error:
            self.leave("error", str(error))
            raise
        if event is not None:
            self._emit(event)

    def _saved(self) -> dict[int, Saved]:
        """Return what living optimizers wrote of themselves."""
        found = {o: getattr(living.proposer, "saved", None) for o, living in self._living.items()}
        return {o: saved for o, saved in found.items() if saved is not None}

    def _heed(self, requests: Sequence[Request]) -> None:
        for kind, file, o in requests:
            if kind == "checkpoint" and self._saver is not None:
                self._save(self._saver)
            elif kind == "stop" and o in self._living:
                self._end(o, "stopped", f"asked for by the file {file}")

    def _evaluate_initial(self, task: Task) -> None:
        self._evaluator.submit(task)
        while (done := self._evaluator.next_done(PATIENCE_S)) is None:
            if self._asked_to_end():
                raise Interrupted
        _, evaluation = done
        x = self._spawner.scaling("linear").scaled(task.x)
        self._emit(_evaluated(0, Candidate(0, 0, 0, x), evaluation, self._now()), evaluation)
        if evaluation.failures:
            failed = "\n".join(f"  {f.where}: {f.reason}" for f in evaluation.failures)
            message = (
                f"The loss of the initial parameters is not finite:\n{failed}\n"
                "Mend the data or the starting values, or set SkipX0 Yes to start without it."
            )
            raise RunError(message)

    def _start(self) -> bool:
        """Start an optimizer if one may; return whether it did.

        It may be that no evaluation is left for it: so a serial run that goes on from its
        budget's end with a larger one is the run that had the larger one from the beginning.
        """
        started = self._spawner.next(self.state, self._now)
        if started is None:
            return False
        self._take_in(*started)
        return True

    def _take_in(self, start: Start, proposer: Proposer) -> None:
        self._emit(start)
        living = Living(start.o, proposer, self._spawner.scaling(start.scaler))
        self._living[start.o] = living
        self._check_ended(living)

    def _room(self) -> float:
        """Return how many evaluations more may be handed out now."""
        return self._exit_rule.calls_left(self.state) - len(self._in_flight)

    def _submit(self) -> bool:
        """Hand out what there is room for; return whether all live: a failed one frees its slot."""
        limit, n_living, room = self._spawner.in_flight, len(self._living), self._room()
        for living in (*self._living.values(),):
            while room > 0 and living.is_free(limit) and self._submit_next(living):
                room -= 1
        return len(self._living) == n_living

    def _submit_next(self, living: Living) -> bool:
        """Hand out an optimizer's next candidate; return whether it had one."""
        try:
            if self._shares_best and living.is_told:
                self._offer_best(living)
            candidate, task = living.next()
        except Exception as error:
            self._end(living.o, "failed", f"{type(error).__name__}: {error}")
            return False
        self._in_flight[task.key] = candidate
        self._evaluator.submit(task)
        return True

    def _offer_best(self, living: Living) -> None:
        """Offer an optimizer the best point, if others found it since it was last offered one."""
        best, optimizer = self.state.best, self.state.optimizers[living.o]
        if living.proposer.takes_offers and best.o != living.o and best.n > optimizer.n_offered:
            x = self.state.best_in(self.state.scaling_of(living.o))
            assert x is not None
            self._emit(Inject(living.o, living.next_batch, x, best.fx, self._now()))
            living.proposer.inject(x, best.fx)

    def _take_result(self) -> bool:
        """Take the next result, if one comes soon; return whether one did."""
        done = self._evaluator.next_done(PATIENCE_S)
        if done is None:
            return False
        task, evaluation = done
        candidate = self._in_flight.pop(task.key)
        n = self.state.n_evaluations + 1
        self._emit(_evaluated(n, candidate, evaluation, self._now()), evaluation)
        living = self._living.get(candidate.o)
        if living is not None:
            try:
                living.take(candidate, evaluation.fx)
            except Exception as error:
                self._end(living.o, "failed", f"{type(error).__name__}: {error}")
            else:
                self._check_ended(living)
        return True

    def _check_ended(self, living: Living) -> None:
        ended = living.proposer.ended
        if ended is not None:
            self._end(living.o, ended.how, ended.reason)

    def _end(self, o: int, how: str, reason: str) -> None:
        living = self._living.pop(o, None)
        in_flight = 0
        if living is not None:
            in_flight = living.n_in_flight
            living.proposer.close()
        self._emit(End(o, how, reason, self._now(), in_flight))
        if self.state.n_barren >= MAX_BARREN:
            message = (
                f"{MAX_BARREN} optimizers in a row ended without a finite loss; "
                f"the last of them, optimizer {o}: {reason}"
            )
            raise RunError(message)


def _evaluated(n: int, candidate: Candidate, evaluation: Evaluation, t: float) -> Eval:
    fx, training, validation = evaluation
    failures = training.failures
    why = "; ".join(f"{f.where}: {f.reason}" for f in failures) if failures else None
    val = None if validation is None else validation.fx
    o, b, i, x = candidate
    return Eval(n, o, b, i, x, fx, t, why, val)
