"""Optimizers are drawn by lot."""

from dataclasses import dataclass

from paramsrun.manager.state import RunState
from paramsrun.randomness import Stream
from paramsrun.settings.families import selectors


@selectors.member("Random")
@dataclass(frozen=True, kw_only=True)
class Random:
    """Take any Optimizer block, each with the same chance."""

    def next(self, n_blocks: int, run: RunState, stream: Stream) -> int:
        """Return a random block."""
        return int(stream.generator().integers(n_blocks)) + 1
