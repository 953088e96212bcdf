"""The living optimizers of a run: started, asked, told, offered better points, ended."""

from collections.abc import Callable, Mapping

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import RunError
from paramsrun.evaluators.contract import Evaluator
from paramsrun.manager.events import NOT_RESTORED, End, Eval, Inject, Start
from paramsrun.manager.history import History
from paramsrun.manager.living import Candidate, Living
from paramsrun.manager.restoring import Restored
from paramsrun.manager.spawning import Spawner, starts_again
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Proposer, Saved
from paramsrun.optimizers.reasons import in_words
from paramsrun.problem.contract import Evaluation, Key, SetEvaluation

MAX_BARREN = 6
"""So many optimizers in a row may end without a finite loss; then the run ends."""
MAX_FAILING = 10
"""So many in a row may fail before their second batch, whatever its losses; then it ends, too."""


class Optimizers:
    """Those that live, and their candidates in flight. Every change is an event.

    Parameters
    ----------
    shares_best
        Whether each new best point is offered to the other living optimizers.
    squares
        Of an evaluation, (n_residuals,) whose squares add up to what is minimised, for optimizers
        that need them; RunError where there are none.
    """

    def __init__(
        self,
        history: History,
        spawner: Spawner,
        evaluator: Evaluator,
        shares_best: bool,
        squares: Callable[[SetEvaluation], Vector],
    ) -> None:
        self._state = history.state
        self._emit = history.emit
        self._now = history.now
        self._spawner = spawner
        self._evaluator = evaluator
        self._shares_best = shares_best
        self._squares = squares
        self._living: dict[int, Living] = {}
        self._eager: set[int] = set()
        """Those that may have a candidate to hand out; all others wait for a result."""
        self._in_flight: dict[Key, Candidate] = {}
        self._n_residuals: int | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Those that live."""
        return tuple(sorted(self._living))

    @property
    def n_in_flight(self) -> int:
        """Candidates handed out whose results are not here."""
        return len(self._in_flight)

    @property
    def has_free_slot(self) -> bool:
        """Whether one more may live."""
        return len(self._living) < self._spawner.slots

    @property
    def saved(self) -> dict[int, Saved]:
        """What living ones wrote of themselves."""
        found = {o: getattr(living.proposer, "saved", None) for o, living in self._living.items()}
        return {o: saved for o, saved in found.items() if saved is not None}

    def start(self) -> bool:
        """Start one if one may; return whether it did.

        It may be that no evaluation is left for it: so a serial run that goes on from its
        budget's end with a larger one is the run that had the larger one from the beginning.
        """
        started = self._spawner.next(self._state, self._now)
        if started is None:
            return False
        self._take_in(*started)
        return True

    def restored(self, recorded: Mapping[int, Tape], saved: Mapping[int, Saved] | None) -> Restored:
        """Restore those that a journal left unfinished; `take_up` lets them go on."""
        restored = Restored(self._state, self._spawner)
        restored.replay(recorded, saved)
        self._living = restored.living
        self._eager = set(self._living)
        return restored

    def take_up(self, restored: Restored, calls_left: float) -> None:
        """Go on with what was restored: its ends, and the candidates that were in flight."""
        for o, reason in restored.broken:
            self.end(o, "failed", f"{NOT_RESTORED}: {reason}")
            lost = self._state.optimizers[o]
            if starts_again(lost.start):
                self._take_in(*self._spawner.in_place_of(lost, self._state, self._now))
        for living in tuple(self._living.values()):
            self._check_ended(living)
        for living in restored.in_flight:
            if self.n_in_flight < calls_left:
                self._submit_next(living)
        for living in restored.stopped:
            living.proposer.close()

    def submit(self, calls_left: float) -> bool:
        """Hand out what there is room for; return whether all live: a failed one frees its slot."""
        limit, n_living = self._spawner.in_flight, len(self._living)
        room = calls_left - len(self._in_flight)
        for o in sorted(self._eager):
            living = self._living[o]
            while room > 0 and living.is_free(limit) and self._submit_next(living):
                room -= 1
            if living.may_wait:
                if o in self._living:
                    self._check_ended(living)
            elif room > 0:
                self._eager.discard(o)
        return len(self._living) == n_living

    @property
    def waits_for_others(self) -> bool:
        """Whether one waits for what other processes have in hand."""
        return any(living.may_wait for living in self._living.values())

    def take_result(self, timeout_s: float) -> bool:
        """Take the next result, if one comes in that time; return whether one did."""
        done = self._evaluator.next_done(timeout_s)
        if done is None:
            return False
        task, evaluation = done
        candidate = self._in_flight.pop(task.key)
        living = self._living.get(candidate.o)
        event = evaluated(self._state.n_evaluations + 1, candidate, evaluation, self._now())
        if living is not None and living.needed:
            event = event._replace(r=self._beside(living, evaluation))
        self._emit(event, evaluation)
        if living is not None:
            try:
                living.take(candidate, evaluation.fx, event.r)
            except Exception as error:
                self.end(living.o, "failed", in_words(error))
            else:
                self._eager.add(living.o)
                self._check_ended(living)
        return True

    def _beside(self, living: Living, evaluation: Evaluation) -> Vector | None:
        """Return what an optimizer is told beside a loss."""
        if living.needed == "progress":
            steps = evaluation.training.progress
            return np.array(steps, dtype=np.float64).ravel() if steps else None
        if evaluation.failures:
            return None
        residuals = self._squares(evaluation.training)
        if self._n_residuals not in (None, len(residuals)):
            raise RunError(
                f"The loss came with {len(residuals)} residuals, after {self._n_residuals} before: "
                "the optimizer needs the same ones at each evaluation"
            )
        self._n_residuals = len(residuals)
        return residuals

    def end(self, o: int, how: str, reason: str) -> None:
        """End one; RunError as of `check_ends`."""
        living = self._living.pop(o, None)
        self._eager.discard(o)
        in_flight = 0
        if living is not None:
            in_flight = living.n_in_flight
            living.proposer.close()
        self._emit(End(o, how, reason, self._now(), in_flight))
        self.check_ends()

    def check_ends(self) -> None:
        """Raise RunError where too many in a row had no finite loss, or failed."""
        last = self._state.last_end
        if self._state.n_barren >= MAX_BARREN:
            what = f"{MAX_BARREN} optimizers in a row ended without a finite loss"
        elif self._state.n_failing >= MAX_FAILING:
            what = f"{MAX_FAILING} optimizers in a row failed at once"
        else:
            return
        assert last is not None
        raise RunError(f"{what}; the last of them, optimizer {last.o}: {last.reason}")

    def close(self) -> None:
        """Release what they hold; they get no end event."""
        for living in self._living.values():
            living.proposer.close()

    def _take_in(self, start: Start, proposer: Proposer) -> None:
        self._emit(start)
        living = Living(start.o, proposer, self._spawner.scaling(start.scaler))
        self._living[start.o] = living
        self._eager.add(start.o)
        self._check_ended(living)

    def _submit_next(self, living: Living) -> bool:
        """Hand out an optimizer's next candidate; return whether it had one."""
        try:
            if self._shares_best and living.is_told:
                self._offer_best(living)
            candidate, task = living.next()
        except Exception as error:
            self.end(living.o, "failed", in_words(error))
            return False
        self._in_flight[task.key] = candidate
        self._evaluator.submit(task)
        return True

    def _offer_best(self, living: Living) -> None:
        """Offer an optimizer the best point, if others found it since it was last offered one."""
        best, optimizer = self._state.best, self._state.optimizers[living.o]
        if living.proposer.takes_offers and best.o != living.o and best.n > optimizer.n_offered:
            x = self._state.best_in(self._state.scaling_of(living.o))
            assert x is not None
            self._emit(Inject(living.o, living.next_batch, x, best.fx, self._now()))
            living.proposer.inject(x, best.fx)

    def _check_ended(self, living: Living) -> None:
        ended = living.proposer.ended
        if ended is not None:
            self.end(living.o, ended.how, ended.reason)


def evaluated(n: int, candidate: Candidate, evaluation: Evaluation, t: float) -> Eval:
    """Return the event of a candidate's result."""
    fx, training, validation = evaluation
    failures = training.failures
    why = "; ".join(f"{f.where}: {f.reason}" for f in failures) if failures else None
    val = None if validation is None else validation.fx
    o, b, i, x = candidate
    return Eval(n, o, b, i, x, fx, t, why, val, training.pruned)
