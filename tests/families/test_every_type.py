"""Every optimizer with parameters of all types that it takes, on all scales, in all spaces."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from paramsrun.evaluators.inline import Inline
from paramsrun.manager.events import Eval, Event, Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Dimension, Space
from paramsrun.settings.families import exit_conditions, optimizers
from paramsrun.settings.parameter_types import taken
from tests.families.test_every_optimizer import every_optimizer
from tests.manager import told
from tests.manager.test_loop import Sphere
from tests.manager.told import folded, lines

DIMENSIONS = (
    Dimension("lr", 1e-4, 1.0, "float", "log"),
    Dimension("width", 1.0, 64.0, "integer", "log"),
    Dimension("shift", -2.0, 2.0),
    Dimension("layers", -1.0, 2.0, "integer"),
    Dimension("act", 0.0, 2.0, "categorical", "linear", ("relu", "tanh", "two words")),
    Dimension("bias", 0.0, 1.0, "categorical", "linear", (True, False)),
)
N = 40


def rounding(optimizer: Any) -> Any:
    """Return the optimizer such that it takes integers, if it can be told to."""
    if not hasattr(optimizer, "round_integers"):
        return optimizer
    return dataclasses.replace(optimizer, round_integers=True)


def space_of(optimizer: object) -> Space:
    return tuple(d for d in DIMENSIONS if d.type in taken(optimizer))


def manager(optimizer: Any, state: RunState, events: list[Event], kind: Kind) -> Manager:
    space = space_of(optimizer)
    ranges = np.array([[d.lower, d.upper] for d in space])
    x0 = np.array([d.at(0.3) for d in space])
    how = Spawning(seed=1, slots=2, in_flight=2, scaler=kind, space=space)
    return Manager(
        History(state, events.append, clock=lambda: 0.0),
        Spawner([optimizer], ranges, x0, how),
        ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=N)]),
        Inline(Sphere(fails=lambda key: key.number % 11 == 5)),
    )


def begun(optimizer: object) -> Run:
    space = space_of(optimizer)
    ranges = np.array([[d.lower, d.upper] for d in space])
    names = tuple(d.name for d in space)
    return Run(1, {}, 1, "", names, ranges, "", {}, 0.0, "", space=space)


def uninterrupted(optimizer: object, kind: Kind) -> list[Event]:
    events: list[Event] = [begun(optimizer)]
    manager(optimizer, folded(*events), events, kind).run()
    return events


def resumed(optimizer: object, kind: Kind, before: list[Event]) -> list[Event]:
    return told.resumed(before, lambda state, events: manager(optimizer, state, events, kind))


@every_optimizer
@pytest.mark.parametrize("kind", ["linear", "std", "none"])
def test_it_runs_and_resumes_with_all_types_that_it_takes(optimizer: Any, kind: Kind) -> None:
    optimizer = rounding(optimizer)
    whole = uninterrupted(optimizer, kind)
    state = folded(*whole)
    evaluated = [e for e in whole if isinstance(e, Eval)]
    assert evaluated
    for event in evaluated:
        real = state.scaling_of(event.o).real(event.x)
        for value, dimension in zip(real.tolist(), space_of(optimizer), strict=True):
            inside = dimension.lower <= value <= dimension.upper
            assert not inside or dimension.type == "float" or value.is_integer()
            assert inside or dimension.type != "categorical"
    for cut in (1, len(whole) // 3, len(whole) - 2):
        assert lines(resumed(optimizer, kind, whole[: max(cut, 1)])) == lines(whole)


def test_most_optimizers_can_take_integers() -> None:
    able = {name for name in optimizers if hasattr(optimizers[name], "round_integers")}
    assert able >= {"CMAES", "Scipy", "Plugin"}
