"""How far two optimizers are from each other."""

from math import sqrt

from paramsrun.arrays import Vector
from paramsrun.manager.events import Start
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState


def relative_distance(a: OptimizerState, b: OptimizerState, run: RunState) -> float:
    """Return the distance of their latest points, relative to the diagonal of a's box.

    It is Euclidean, in the space that a sees. Both must have been evaluated.
    """
    assert a.last is not None
    assert b.last is not None
    there = b.last.x
    if b.start.scaler != a.start.scaler:
        there = _moved(there, b.start, a.start, run)
    return _length(a.last.x - there) / _length(a.start.upper - a.start.lower)


def _length(d: Vector) -> float:
    return sqrt(d.dot(d))


def _moved(x: Vector, origin: Start, target: Start, run: RunState) -> Vector:
    if run.run is not None and run.run.space:
        return run.scaling_of(target.o).scaled(run.scaling_of(origin.o).real(x))
    share = (x - origin.lower) / (origin.upper - origin.lower)
    moved: Vector = target.lower + share * (target.upper - target.lower)
    return moved
