"""How far optimizers are from each other that see parameters of other types or scales."""

import numpy as np
import pytest

from paramsrun.manager.distance import relative_distance
from paramsrun.manager.events import Eval, Run, Start
from paramsrun.manager.state import RunState
from paramsrun.problem.scaling import Kind, Scaling
from paramsrun.problem.space import Dimension

SPACE = (
    Dimension("lr", 0.01, 1.0, "float", "log"),
    Dimension("width", 1.0, 4.0, "integer"),
)
RANGES = np.array([[0.01, 1.0], [1.0, 4.0]])
KINDS: list[Kind] = ["linear", "std", "none"]


def at(points: dict[Kind, list[float]]) -> RunState:
    """Return a run whose optimizers, each in another space, were last at these real points."""
    state = RunState()
    state.apply(Run(1, {}, 1, "", ("lr", "width"), RANGES, "", {}, 0.0, "", space=SPACE))
    for o, (kind, real) in enumerate(points.items(), 1):
        scaling = Scaling(RANGES, kind, SPACE)
        lower, upper = np.ascontiguousarray(scaling.bounds.T)
        state.apply(Start(o, 1, "CMAES", {}, (0, 1, o, 0), lower, lower, upper, 0.0, kind))
        state.apply(Eval(o, o, 0, 0, scaling.scaled(np.array(real)), 1.0, 0.0))
    return state


def distance(state: RunState, a: int, b: int) -> float:
    return relative_distance(state.optimizers[a], state.optimizers[b], state)


def test_the_same_point_is_at_no_distance_in_any_space() -> None:
    state = at({kind: [0.1, 3.0] for kind in KINDS})
    for a in state.optimizers:
        for b in state.optimizers:
            assert distance(state, a, b) == pytest.approx(0.0, abs=1e-15)


def test_the_distance_is_that_of_the_space_that_the_first_one_sees() -> None:
    state = at({"linear": [0.01, 2.0], "none": [0.1, 2.0]})
    assert distance(state, 1, 2) == pytest.approx(0.5 / np.sqrt(2.0))
    assert distance(state, 2, 1) == pytest.approx(0.09 / np.hypot(0.99, 4.0))
