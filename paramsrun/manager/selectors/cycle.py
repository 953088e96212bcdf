"""Optimizers take turns."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.randomness import Stream
from paramsrun.settings.families import selectors


@selectors.member("Cycle")
@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Take the Optimizer blocks in input order, again and again."""

    def next(self, n_blocks: int, run: RunState, stream: Stream) -> int:
        """Return the block after the one of the last optimizer."""
        return run.n_started % n_blocks + 1
