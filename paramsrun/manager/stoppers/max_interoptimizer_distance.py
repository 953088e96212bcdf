"""Two optimizers search the same place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from paramsrun.manager.distance import relative_distance
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key


@stoppers.member("MaxInteroptimizerDistance")
@dataclass(frozen=True, kw_only=True)
class MaxInteroptimizerDistance:
    """The optimizer has come near to the one with the best value.

    The latest points of the two are compared, also if the best one has ended already.
    """

    max_relative_distance: float = key(
        at_least=0.0,
        doc="It is near up to this distance, as a fraction of the diagonal of all ranges, in the "
        "space that the optimizer sees (Scaler).",
    )
    compare_all_optimizers: bool = key(
        False, doc="Near to any other living optimizer is enough, not to the best one alone."
    )

    @property
    def looks_at(self) -> str:
        """What its verdict on an optimizer depends on."""
        return "all" if self.compare_all_optimizers else "target and best"

    def met(self, target: OptimizerState, run: RunState, draw: Callable[[], float]) -> bool:
        """Return whether it is near to one that it is compared with."""
        return any(
            relative_distance(target, other, run) <= self.max_relative_distance
            for other in self._others(target, run)
        )

    def _others(self, target: OptimizerState, run: RunState) -> Iterator[OptimizerState]:
        numbers = {run.best.o}
        if self.compare_all_optimizers:
            numbers |= run.living
        for o in numbers - {target.start.o}:
            other = run.optimizers.get(o)
            if other is not None and other.last is not None:
                yield other
