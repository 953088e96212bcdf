"""One kind of optimizer after the other."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from paramsrun.manager.state import RunState
from paramsrun.randomness import Stream
from paramsrun.settings.families import selectors
from paramsrun.settings.keys import key


@selectors.member("Chain")
@dataclass(frozen=True, kw_only=True)
class Chain:
    """Take the Optimizer blocks one after the other.

    Each takes over at a number of evaluations of the run; optimizers that live then go on.
    """

    thresholds: tuple[int, ...] = key(
        at_least=1,
        doc="Evaluations of the run at which the next block takes over, rising: one number fewer "
        "than there are Optimizer blocks. With as many, no optimizer is started after the last.",
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the order of the thresholds."""
        for low, high in pairwise(self.thresholds):
            if low >= high:
                yield f"Thresholds must rise from each to the next, but {high} follows {low}"
                return

    def next(self, n_blocks: int, run: RunState, stream: Stream) -> int | None:
        """Return the block whose turn it is, or None after the last threshold of them all."""
        block = bisect_right(self.thresholds, run.n_evaluations) + 1
        return block if block <= n_blocks else None
