"""Which optimizer starts next, where, and with which random stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.manager.events import Start
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.optimizers.contract import (
    Optimizer,
    Proposer,
    Saved,
    batched,
    located,
    replays,
    resumed,
    scaled_by,
    unlocked_by,
    within,
)
from paramsrun.problem.scaling import Kind, Scaling
from paramsrun.problem.space import Space
from paramsrun.randomness import Purpose, Stream
from paramsrun.settings.families import generators, optimizers, selectors
from paramsrun.settings.record import from_record, record
from paramsrun.settings.running import ControlOptimizerSpawning


class Known:
    """What a generator knows of a run, all in the space of the optimizer that starts."""

    def __init__(self, scaling: Scaling, x0: Vector, run: RunState) -> None:
        self.x0 = x0
        """(n_params,) the values of the parameter interface."""
        self.bounds: Matrix = scaling.bounds
        """(n_params, 2)."""
        self.n_evaluations = run.n_evaluations
        self._scaling = scaling
        self._run = run

    @property
    def best(self) -> Vector | None:
        """The best point found so far."""
        return self._run.best_in(self._scaling)

    def found(self) -> list[tuple[float, int]]:
        """Return the lowest finite loss of each optimizer that has one, and the optimizer.

        Losses that cannot be compared with those of now are left out.
        """
        bests = [one.best for one in self._run.optimizers.values()]
        return [(best.fx, best.o) for best in bests if best.n >= self._run.comparable_from]

    def point_of(self, o: int) -> Vector:
        """Return where the lowest loss of an optimizer is."""
        x = self._run.best_in(self._scaling, self._run.optimizers[o].best)
        assert x is not None
        return x


class Generator(Protocol):
    """A member of the family `generators`: a frozen settings class."""

    def x0(self, known: Known, rng: np.random.Generator) -> Vector:
        """Return where an optimizer starts (n_params,), within the bounds."""


class Selector(Protocol):
    """A member of the family `selectors`: a frozen settings class."""

    def next(self, n_blocks: int, run: RunState, stream: Stream) -> int | None:
        """Return the place of the Optimizer block that is next, from 1; None if none is.

        Random numbers come from stream, whose generator takes some time to make.
        """


@dataclass(frozen=True, kw_only=True)
class Spawning:
    """How optimizers are started, as the input says."""

    seed: int
    slots: int = 1
    """So many may live at once."""
    in_flight: int = 1
    """So many candidates of one optimizer may be evaluated at once."""
    scaler: Kind | None = None
    """The space in which optimizers see the parameters; None for what each asks for."""
    generator: Generator | None = None
    selector: Selector | None = None
    control: ControlOptimizerSpawning = field(default_factory=ControlOptimizerSpawning)
    user_code: tuple[Path, ...] = ()
    """The folders in which the user's modules are looked for first."""
    space: Space = ()
    """The parameters and their values; may be left out where all are floats on a linear scale."""


class Spawner:
    """Starts optimizers from the Optimizer blocks of the input.

    Parameters
    ----------
    blocks
        The settings of the optimizers, in input order.
    ranges
        (n_params, 2) of the parameters, real units.
    x0
        (n_params,) the values of the parameter interface, real units.
    """

    def __init__(
        self, blocks: Sequence[Optimizer], ranges: Matrix, x0: Vector, how: Spawning
    ) -> None:
        self.in_flight = how.in_flight
        self.slots = how.slots
        sized = (batched(block, how.in_flight) for block in blocks)
        self._blocks = tuple(located(block, how.user_code) for block in sized)
        self._ranges = ranges
        self._x0 = x0
        self._how = how
        self._generator: Generator = how.generator or generators["SinglePoint"]()
        self._selector: Selector = how.selector or selectors["Cycle"]()

    def scaling(self, kind: Kind) -> Scaling:
        """Return the scaling of that kind."""
        return Scaling(self._ranges, kind, self._how.space)

    def next(self, state: RunState, now: Callable[[], float]) -> tuple[Start, Proposer] | None:
        """Start the next optimizer; return its start event and its proposer, or None if none may.

        It is for the caller to see that a slot is free.
        """
        if not self._may_start(state):
            return None
        o = state.n_started + 1
        block = self._selector.next(len(self._blocks), state, self._stream(Purpose.SELECT, o))
        if block is None:
            return None
        optimizer = self._blocks[block - 1]
        scaling = self.scaling(self._how.scaler or getattr(optimizer, "scaler", None) or "linear")
        optimizer = scaled_by(within(optimizer, scaling.seen), scaling)
        known = Known(scaling, scaling.scaled(self._x0), state)
        x0 = self._generator.x0(known, self._stream(Purpose.GENERATE, o).generator())
        address = self._proposals(optimizer, o, block, state)
        proposer = optimizer.start(scaling.bounds, x0.copy(), address.generator())
        return self._start(o, block, address, x0, scaling, now()), proposer

    def again(self, start: Start) -> Proposer:
        """Return the proposer of an optimizer as it was when it started."""
        return self._recorded(start).start(*_arguments(start))

    def replays(self, start: Start) -> bool:
        """Return whether an optimizer is to be told again what it was told before."""
        if start.type not in optimizers:
            return True  # it cannot be started; that is told where it is tried
        try:
            settings: Optimizer = from_record(optimizers[start.type], start.settings)
        except ValueError:
            return True  # likewise
        return replays(settings)

    def from_saved(self, start: Start, saved: Saved) -> Proposer:
        """Return the proposer of an optimizer as it was when it saved its own state."""
        return resumed(self._recorded(start), *_arguments(start), saved)

    def in_place_of(
        self, lost: OptimizerState, state: RunState, now: Callable[[], float]
    ) -> tuple[Start, Proposer]:
        """Start an optimizer like one that could not be restored, from its best point."""
        o = state.n_started + 1
        x0 = lost.start.x0 if lost.best.x is None else lost.best.x.copy()
        stream = (self._how.seed, int(Purpose.PROPOSE), o, 0)
        start = lost.start._replace(o=o, stream=stream, x0=x0, t=now())
        return start, self.again(start)

    def _recorded(self, start: Start) -> Optimizer:
        recorded: Optimizer = from_record(optimizers[start.type], start.settings)
        recorded = unlocked_by(located(recorded, self._how.user_code), self._blocks)
        scaling = self.scaling(start.scaler)
        return scaled_by(within(recorded, scaling.seen), scaling)

    def _may_start(self, state: RunState) -> bool:
        calls, optimizers = self._how.control.max_evaluations, self._how.control.max_optimizers
        return (calls is None or state.n_evaluations < calls) and (
            optimizers is None or state.n_started < optimizers
        )

    def _start(
        self, o: int, block: int, stream: Stream, x0: Vector, scaling: Scaling, t: float
    ) -> Start:
        optimizer = self._blocks[block - 1]
        lower, upper = np.ascontiguousarray(scaling.bounds.T)
        address = (stream.seed, int(stream.purpose), stream.optimizer, stream.counter)
        name, settings = optimizers.name_of(optimizer), record(optimizer)
        return Start(o, block, name, settings, address, x0, lower, upper, t, scaling.kind)

    def _stream(self, purpose: Purpose, o: int) -> Stream:
        return Stream(self._how.seed, purpose, o)

    def _proposals(self, optimizer: Optimizer, o: int, block: int, state: RunState) -> Stream:
        """Return its random stream: the run's for optimizer o, or, of its own seed, the k-th."""
        if optimizer.random_seed is None:
            return Stream(self._how.seed, Purpose.PROPOSE, o)
        k = state.n_from_block.get(block, 0)
        return Stream(optimizer.random_seed, Purpose.PROPOSE, 0, k)


def starts_again(start: Start) -> bool:
    """Return whether another one takes the place of such an optimizer if it is lost."""
    return start.type in optimizers and getattr(optimizers[start.type], "starts_again", False)


def _arguments(start: Start) -> tuple[Matrix, Vector, np.random.Generator]:
    """Return the bounds, x0 and random stream with which an optimizer started."""
    seed, purpose, o, counter = start.stream
    rng = Stream(seed, Purpose(purpose), o, counter).generator()
    return np.column_stack([start.lower, start.upper]), start.x0.copy(), rng
