"""Which optimizer starts next, where, and with which random stream."""

from collections.abc import Sequence

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.manager.events import Start
from paramsrun.manager.state import RunState
from paramsrun.optimizers.contract import Optimizer, Proposer
from paramsrun.problem.scaling import Scaling
from paramsrun.randomness import Purpose, Stream
from paramsrun.settings.families import optimizers
from paramsrun.settings.record import from_record, record


class Spawner:
    """Starts optimizers from the Optimizer blocks of the input, in turn.

    Parameters
    ----------
    blocks
        The settings of the optimizers, in input order.
    scaling
        Between real units and the scaled space of the optimizers.
    x0
        (n_params,) where they start, in scaled space.
    slots
        How many may live at once.
    in_flight
        How many candidates of one optimizer may be evaluated at once.
    """

    def __init__(
        self,
        blocks: Sequence[Optimizer],
        scaling: Scaling,
        x0: Vector,
        seed: int,
        slots: int = 1,
        in_flight: int = 1,
    ) -> None:
        self.scaling = scaling
        self.in_flight = in_flight
        self._blocks = tuple(blocks)
        self._x0 = x0
        self._seed = seed
        self._slots = slots

    def may_start(self, state: RunState) -> bool:
        """Return whether a slot is free."""
        return len(state.living) < self._slots

    def next(self, state: RunState, t: float) -> tuple[Start, Proposer]:
        """Start the next optimizer; return its start event and its proposer."""
        o = state.n_started + 1
        block = state.n_started % len(self._blocks) + 1
        optimizer = self._blocks[block - 1]
        stream = self._stream(optimizer, o, block, state)
        bounds = self.scaling.bounds
        proposer = optimizer.start(bounds, self._x0.copy(), stream.generator())
        lower, upper = np.ascontiguousarray(bounds.T)
        name, settings = optimizers.name_of(optimizer), record(optimizer)
        address = (stream.seed, int(stream.purpose), stream.optimizer, stream.counter)
        start = Start(o, block, name, settings, address, self._x0, lower, upper, t)
        return start, proposer

    def again(self, start: Start) -> Proposer:
        """Return the proposer of an optimizer as it was when it started."""
        optimizer: Optimizer = from_record(optimizers[start.type], start.settings)
        seed, purpose, o, counter = start.stream
        rng = Stream(seed, Purpose(purpose), o, counter).generator()
        bounds = np.column_stack([start.lower, start.upper])
        return optimizer.start(bounds, start.x0.copy(), rng)

    def _stream(self, optimizer: Optimizer, o: int, block: int, state: RunState) -> Stream:
        """Return its random stream: the run's for optimizer o, or, of its own seed, the k-th."""
        if optimizer.random_seed is None:
            return Stream(self._seed, Purpose.PROPOSE, o)
        k = state.n_from_block.get(block, 0)
        return Stream(optimizer.random_seed, Purpose.PROPOSE, 0, k)
