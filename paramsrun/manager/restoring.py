"""The optimizers of a run that goes on, as they were when it was cut."""

from collections.abc import Mapping
from itertools import chain, islice, takewhile

from paramsrun.manager.living import Living
from paramsrun.manager.spawning import Spawner, starts_again
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Saved
from paramsrun.optimizers.reasons import in_words
from paramsrun.optimizers.replay import Divergence


class Restored:
    """The optimizers that are replayed: the living, and stopped ones with results still to come."""

    def __init__(self, state: RunState, spawner: Spawner) -> None:
        self._state = state
        self._spawner = spawner
        self.living: dict[int, Living] = {}
        self.stopped: list[Living] = []
        self.warnings: list[str] = []
        self.broken: list[tuple[int, str]] = []
        """Living optimizers that cannot go on, and why."""
        self._turns: list[tuple[int, int]] = []

    def replay(
        self, recorded: Mapping[int, Tape], saved: Mapping[int, Saved] | None = None
    ) -> None:
        """Replay the optimizers of which there are records, from what they saved if they did."""
        for o in sorted(recorded):
            if not self._spawner.replays(self._state.optimizers[o].start):
                self._start_anew(o, recorded[o])
                continue
            own, divergence = (saved or {}).get(o), None
            if own is not None:
                divergence = self._replay(o, recorded[o], own)
            if own is None or (divergence is not None and divergence.fatal):
                divergence = self._replay(o, recorded[o])
            if divergence is None:
                continue
            if not divergence.fatal:
                self.warnings.append(
                    f"Warning: optimizer {o} is restored not quite as it was, as with another "
                    f"processor or linear algebra library: {divergence.reason}"
                )
            elif o in self._state.living:
                self.broken.append((o, divergence.reason))
                if starts_again(self._state.optimizers[o].start):
                    self.warnings.append(
                        f"Warning: optimizer {o} cannot be restored: {divergence.reason}.\n"
                        "Another one starts from its best point. An optimizer repeats itself if "
                        "all its random numbers come from self.rng"
                    )

    def _start_anew(self, o: int, tape: Tape) -> None:
        """Take up an optimizer that knows by itself what was done; its batches are numbered on."""
        if o not in self._state.living:
            return
        start = self._state.optimizers[o].start
        try:
            living = Living(o, self._spawner.again(start), self._spawner.scaling(start.scaler))
        except Exception as error:
            self.broken.append((o, in_words(error)))
            return
        living.restore(tape, tape.n_batches)
        self.living[o] = living

    @property
    def in_flight(self) -> list[Living]:
        """Whose candidates were in flight, in the order in which they had been handed out."""
        of = self.living | {living.o: living for living in self.stopped}
        return [of[o] for _, o in sorted(self._turns)]

    def _replay(self, o: int, tape: Tape, saved: Saved | None = None) -> Divergence | None:
        start = self._state.optimizers[o].start
        try:
            if saved is None:
                proposer = self._spawner.again(start)
            else:
                proposer = self._spawner.from_saved(start, saved)
        except Exception as error:  # one that is not there any more
            return Divergence(True, in_words(error))
        try:
            living = Living(o, proposer, self._spawner.scaling(start.scaler))
            divergence = living.restore(tape, 0 if saved is None else saved.n_told)
            if divergence is None or not divergence.fatal:
                self._take(living, tape)
        except Exception as error:  # of an optimizer
            divergence = Divergence(True, in_words(error))
        if divergence is not None and divergence.fatal:
            proposer.close()
        return divergence

    def _take(self, living: Living, tape: Tape) -> None:
        """Hold an optimizer; what it had handed out before the last evaluation was in flight.

        A batch that had been asked by then is asked at once, as nothing is offered before it.
        """
        optimizer = self._state.optimizers[living.o]
        turns = tape.turns(self._spawner.in_flight, optimizer.n_at_start, living.is_told)
        if optimizer.end is None:
            self.living[living.o] = living
        else:
            self.stopped.append(living)
            turns = islice(turns, optimizer.n_due)
        past = takewhile(lambda n: n < self._state.n_evaluations, turns)
        first = [*islice(past, 1)]
        if first and living.is_told and living.proposer.ended is None:
            living.ask()
        self._turns += [(n, living.o) for n in islice(chain(first, past), living.n_waiting)]
