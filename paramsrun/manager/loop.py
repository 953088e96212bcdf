"""The loop: start optimizers, submit what they ask, take results, until the run is to end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Protocol

from paramsrun.errors import RunError
from paramsrun.evaluators.contract import Evaluator, Task
from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.interruption import Interrupted
from paramsrun.manager.living import Candidate, Living
from paramsrun.manager.spawning import Spawner
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.replay import Divergence
from paramsrun.problem.contract import Evaluation, Key

NOBODY_LEFT = "No optimizer is left and none may start"
MAX_BARREN = 10
"""So many optimizers in a row may end without a single evaluation; then the run ends."""


class Listener(Protocol):
    """Hears of every event, after the state has taken it."""

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Act on an event; an Eval comes with all that was computed."""


class Saver(Protocol):
    """Makes checkpoints."""

    def due(self, state: RunState) -> bool:
        """Return whether one is due at this evaluation."""

    def due_at_end(self, state: RunState, how: str) -> bool:
        """Return whether one is due as the run ends in this way (see `Exit`)."""

    def save(self, state: RunState) -> Checkpoint | None:
        """Make one of all events so far; return its event, or None if it failed and may."""


class Manager:
    """Runs optimizers on a problem. One thread; every change is an event.

    Parameters
    ----------
    record
        Writes an event down; called before anything acts on it.
    listeners
        Told of each event afterwards.
    asked_to_end
        Why the run is to end at once, if something outside asks for it.
    clock
        Seconds since any fixed moment.
    """

    def __init__(
        self,
        state: RunState,
        spawner: Spawner,
        exit_rule: ExitRule,
        evaluator: Evaluator,
        record: Callable[[Event], None],
        listeners: Sequence[Listener] = (),
        asked_to_end: Callable[[], str | None] = lambda: None,
        saver: Saver | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.state = state
        self._spawner = spawner
        self._exit_rule = exit_rule
        self._evaluator = evaluator
        self._record = record
        self._listeners = tuple(listener.on for listener in listeners)
        self._asked_to_end = asked_to_end
        self._saver = saver
        self._clock = clock
        self._began = clock() - state.t
        self._living: dict[int, Living] = {}
        self._in_flight: dict[Key, Candidate] = {}

    def run(self, x0: Task | None = None) -> Exit:
        """Run until an exit condition is met or no optimizer is left; return how it ended.

        x0 is the initial evaluation, or None to skip it. Raises RunError where the run cannot go
        on: its initial loss is not finite, or optimizers keep ending without an evaluation.
        """
        try:
            return self._run(x0)
        except Interrupted:
            return self.leave("signal", self._asked_to_end() or "Interrupted")
        except RunError as error:
            if self.state.exit is None:
                with suppress(RunError):  # the same disk may refuse this, too
                    self.leave("error", str(error))
            raise

    def _run(self, x0: Task | None) -> Exit:
        if x0 is not None:
            self._evaluate_initial(x0)
        if self._saver is not None and self._saver.due(self.state):
            self._save(self._saver)
        while not self._exit_rule.met(self.state):
            if self._asked_to_end():
                raise Interrupted
            if self._spawner.may_start(self.state):
                self._start()
                continue
            self._submit()
            if not self._in_flight:
                return self.leave("exhausted", NOBODY_LEFT)
            self._take_result()
            if self._saver is not None and self._saver.due(self.state):
                self._save(self._saver)
        return self.leave("conditions", self._exit_rule.explain(self.state))

    def resume(self, recorded: Mapping[int, Tape], context: Context) -> None:
        """Restore the living optimizers from what a journal recorded of them; then `run`.

        The state must be the fold of that journal. An optimizer that cannot be restored ends.
        """
        changes, broken = list(context.changes), []
        for o in self.state.queue:
            divergence = self._restore(o, recorded[o])
            if divergence is not None and divergence.fatal:
                broken.append((o, divergence.reason))
            elif divergence is not None:
                changes.append(
                    f"Warning: optimizer {o} is restored not quite as it was, as on another type "
                    f"of processor: {divergence.reason}"
                )
        self._emit(context._replace(changes=tuple(changes), t=self._now()))
        for o, reason in broken:
            self._end(o, "failed", f"it cannot be restored: {reason}")
        for living in tuple(self._living.values()):
            self._check_ended(living)

    def _restore(self, o: int, recorded: Tape) -> Divergence | None:
        try:
            proposer = self._spawner.again(self.state.optimizers[o].start)
            self._living[o] = Living(o, proposer, self._spawner.scaling)
            return self._living[o].restore(recorded)
        except Exception as error:  # of an optimizer, or one that is not there any more
            return Divergence(True, f"{type(error).__name__}: {error}")

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
            event = saver.save(self.state)
        except RunError as error:
            self.leave("error", str(error))
            raise
        if event is not None:
            self._emit(event)

    def _evaluate_initial(self, task: Task) -> None:
        self._evaluator.submit(task)
        _, evaluation = self._evaluator.next_done()
        x = self._spawner.scaling.scaled(task.x)
        self._emit(_evaluated(0, Candidate(0, 0, 0, x), evaluation, self._now()), evaluation)
        if evaluation.failures:
            failed = "\n".join(f"  {f.where}: {f.reason}" for f in evaluation.failures)
            message = (
                f"The loss of the initial parameters is not finite:\n{failed}\n"
                "Mend the data or the starting values, or set SkipX0 Yes to start without it."
            )
            raise RunError(message)

    def _start(self) -> None:
        start, proposer = self._spawner.next(self.state, self._now())
        self._emit(start)
        self._living[start.o] = Living(start.o, proposer, self._spawner.scaling)
        self._check_ended(self._living[start.o])

    def _submit(self) -> None:
        room: float = self._exit_rule.calls_left(self.state) - len(self._in_flight)
        limit = self._spawner.in_flight
        for living in [*self._living.values()]:
            while room > 0 and living.is_free(limit):
                try:
                    candidate, task = living.next()
                except Exception as error:
                    self._fail(living, error)
                    break
                self._in_flight[task.key] = candidate
                self._evaluator.submit(task)
                room -= 1

    def _take_result(self) -> None:
        task, evaluation = self._evaluator.next_done()
        candidate = self._in_flight.pop(task.key)
        n = self.state.n_evaluations + 1
        self._emit(_evaluated(n, candidate, evaluation, self._now()), evaluation)
        living = self._living.get(candidate.o)
        if living is not None:
            try:
                living.take(candidate, evaluation.fx)
            except Exception as error:
                self._fail(living, error)
            else:
                self._check_ended(living)

    def _check_ended(self, living: Living) -> None:
        ended = living.proposer.ended
        if ended is not None:
            self._end(living.o, ended.how, ended.reason)

    def _fail(self, living: Living, error: Exception) -> None:
        self._end(living.o, "failed", f"{type(error).__name__}: {error}")

    def _end(self, o: int, how: str, reason: str) -> None:
        living = self._living.pop(o, None)
        if living is not None:
            living.proposer.close()
        self._emit(End(o, how, reason, self._now()))
        if self.state.n_barren >= MAX_BARREN:
            message = (
                f"{MAX_BARREN} optimizers in a row ended without an evaluation; "
                f"the last of them, optimizer {o}: {reason}"
            )
            raise RunError(message)

    def _now(self) -> float:
        return int((self._clock() - self._began) * 1e4) / 1e4

    def _emit(self, event: Event, evaluation: Evaluation | None = None) -> None:
        self._record(event)
        self.state.apply(event)
        for on in self._listeners:
            on(event, self.state, evaluation)


def _evaluated(n: int, candidate: Candidate, evaluation: Evaluation, t: float) -> Eval:
    fx, training, validation = evaluation
    failures = training.failures
    why = "; ".join(f"{f.where}: {f.reason}" for f in failures) if failures else None
    val = None if validation is None else validation.fx
    o, b, i, x = candidate
    return Eval(n, o, b, i, x, fx, t, why, val)
