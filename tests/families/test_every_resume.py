"""A run cut anywhere and resumed is the run that was not cut: for every optimizer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.evaluators.inline import Inline
from paramsrun.manager.events import Event
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.problem.scaling import Scaling
from paramsrun.settings.families import exit_conditions, optimizers
from tests.families.test_every_optimizer import every_optimizer
from tests.manager import told
from tests.manager.test_loop import Sphere
from tests.manager.told import lines

SCALING = Scaling(np.array([[-1.0, 2.0], [0.0, 3.0]]))
X0 = np.array([0.5, 0.25])
N = 60


def manager(optimizer: object, state: RunState, events: list[Event], slots: int, n: int) -> Manager:
    return Manager(
        History(state, events.append, clock=lambda: 0.0),
        Spawner([optimizer], SCALING.real_bounds, SCALING.real(X0), Spawning(seed=1, slots=slots)),
        ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=n)]),
        Inline(Sphere(fails=lambda key: key.number % 11 == 5)),
    )


def resumed(optimizer: object, before: list[Event], slots: int = 1, n: int = N) -> list[Event]:
    return told.resumed(before, lambda state, events: manager(optimizer, state, events, slots, n))


def uninterrupted(optimizer: object, slots: int = 1) -> list[Event]:
    events: list[Event] = []
    manager(optimizer, RunState(), events, slots, N).run()
    return events


@every_optimizer
@settings(max_examples=3, deadline=None, derandomize=True)
@given(cut=st.integers(0, N + 1), again=st.integers(0, N + 1), slots=st.integers(1, 3))
def test_resumed_equals_uninterrupted(optimizer: object, cut: int, again: int, slots: int) -> None:
    whole = uninterrupted(optimizer, slots)
    first, second = sorted((cut, again))
    once = resumed(optimizer, whole[:first], slots, n=min(N, max(1, second)))
    assert lines(resumed(optimizer, once, slots)) == lines(whole)


@pytest.mark.parametrize("cut", range(1, 32))
def test_every_cut_of_two_generations_is_completed(cut: int) -> None:
    optimizer = optimizers["CMAES"](popsize=8)
    whole = uninterrupted(optimizer)
    assert lines(resumed(optimizer, whole[:cut])) == lines(whole)
