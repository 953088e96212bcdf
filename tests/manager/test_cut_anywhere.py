"""A run of many optimizers that is cut at any event and resumed is the run that was not cut."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from paramsrun.arrays import Matrix, Vector
from paramsrun.evaluators.inline import Inline
from paramsrun.manager.events import End, Eval, Event, Inject, Run, Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.manager.stop_rule import StopRule
from paramsrun.problem.space import Dimension, Space
from paramsrun.results.event_lines import decode, encode
from paramsrun.settings.families import (
    exit_conditions,
    generators,
    optimizers,
    selectors,
    stoppers,
)
from paramsrun.settings.running import ControlOptimizerSpawning
from tests.manager.test_loop import Sphere
from tests.manager.told import CONTEXT, folded, lines, resumed

RANGES = np.array([[-1.0, 2.0], [0.0, 3.0]])
X0 = np.array([0.5, 0.25])
RUN = Run(1, {}, 1, "", ("a", "b"), RANGES, "", {}, 0.0, "")


@dataclasses.dataclass(frozen=True)
class Case:
    """What is run; n evaluations."""

    blocks: tuple[Any, ...]
    n: int
    stoppers: tuple[Any, ...] = ()
    combination: str | None = None
    shares_best: bool = False
    spawning: dict[str, Any] = dataclasses.field(default_factory=dict)
    space: Space = ()

    @property
    def ranges(self) -> Matrix:
        return np.array([[d.lower, d.upper] for d in self.space]) if self.space else RANGES

    @property
    def x0(self) -> Vector:
        return np.array([d.at(0.3) for d in self.space]) if self.space else X0

    def manager(self, state: RunState, events: list[Event]) -> Manager:
        how = {"seed": 1, "generator": generators["Random"](), "space": self.space} | self.spawning
        return Manager(
            History(state, events.append, clock=lambda: 0.0),
            Spawner(self.blocks, self.ranges, self.x0, Spawning(**how)),
            ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=self.n)]),
            Inline(Sphere(fails=lambda key: key.number % 11 == 5)),
            StopRule(self.stoppers, self.combination, seed=1),
            shares_best=self.shares_best,
        )

    def whole(self) -> list[Event]:
        events: list[Event] = [RUN._replace(ranges=self.ranges, space=self.space)]
        self.manager(folded(*events), events).run()
        return events

    def resumed(self, before: list[Event]) -> list[Event]:
        return resumed(before, self.manager)


LOG = Dimension("lr", 1e-4, 1.0, "float", "log")
WIDTH = Dimension("width", 1.0, 64.0, "integer", "log")
LAYERS = Dimension("layers", -1.0, 2.0, "integer")
ACT = Dimension("act", 0.0, 2.0, "categorical", "linear", ("relu", "tanh", "two words"))
NELDER_MEAD = optimizers["Scipy"]()
SMALL = optimizers["CMAES"](popsize=4)
CASES = {
    "residuals, stopped while in flight": Case(
        (optimizers["LeastSquares"](), optimizers["LeastSquares"](algorithm="lm")),
        60,
        (stoppers["MaxFunctionCalls"](n_max=11),),
        spawning={"slots": 3, "in_flight": 2},
    ),
    "stopped while in flight": Case(
        (NELDER_MEAD, SMALL),
        150,
        (
            stoppers["MaxInteroptimizerDistance"](max_relative_distance=0.05),
            stoppers["MaxFunctionCalls"](n_max=17),
        ),
        spawning={"slots": 5, "in_flight": 3},
    ),
    "stoppers that draw": Case(
        (NELDER_MEAD,),
        60,
        (
            stoppers["TimeAnnealing"](critical_ratio=40.0),
            stoppers["ValueAnnealing"](critical_stop_chance=99.0),
        ),
        "1 | 2",
        spawning={"slots": 4, "in_flight": 2},
    ),
    "stoppers that look back": Case(
        (NELDER_MEAD, SMALL),
        150,
        (
            stoppers["BestFunctionValueUnmoving"](number_of_function_calls=12, tolerance=0.05),
            stoppers["CurrentFunctionValueUnmoving"](number_of_function_calls=6, tolerance=0.2),
            stoppers["MinStepSize"](number_of_function_calls=5, min_relative_distance=0.05),
            stoppers["MinFunctionCalls"](n_min=8),
        ),
        "(1 | 2 | 3) & 4",
        spawning={"slots": 3, "in_flight": 2},
    ),
    "points offered": Case(
        (NELDER_MEAD, SMALL), 150, shares_best=True, spawning={"slots": 4, "in_flight": 3}
    ),
    "whole generations in flight": Case(
        (SMALL,), 100, shares_best=True, spawning={"slots": 3, "in_flight": 8}
    ),
    "a chain that ends": Case(
        (NELDER_MEAD, SMALL),
        120,
        (stoppers["MaxFunctionCalls"](n_max=20),),
        spawning={"slots": 3, "selector": selectors["Chain"](thresholds=(30, 90))},
    ),
    "random choices": Case(
        (NELDER_MEAD, SMALL),
        120,
        (stoppers["MaxFunctionCalls"](n_max=9),),
        spawning={
            "slots": 2,
            "selector": selectors["Random"](),
            "generator": generators["ExploreExploit"](max_function_calls=100),
            "scaler": "std",
            "control": ControlOptimizerSpawning(max_optimizers=7),
        },
    ),
    "integers that are rounded": Case(
        (
            optimizers["Scipy"](round_integers=True),
            optimizers["CMAES"](popsize=4, round_integers=True),
        ),
        150,
        (
            stoppers["MaxInteroptimizerDistance"](max_relative_distance=0.02),
            stoppers["MaxFunctionCalls"](n_max=17),
        ),
        "1 | 2",
        shares_best=True,
        spawning={
            "slots": 3,
            "in_flight": 2,
            "generator": generators["ExploreExploit"](max_function_calls=100),
            "scaler": "std",
        },
        space=(LOG, WIDTH, LAYERS),
    ),
    "choices": Case(
        (optimizers["RandomSampling"](number_of_samples=23), optimizers["GridSampling"]()),
        150,
        (stoppers["MaxFunctionCalls"](n_max=37),),
        spawning={"slots": 3, "in_flight": 4, "generator": generators["Perturbation"]()},
        space=(LOG, WIDTH, LAYERS, ACT),
    ),
    "choices in real units": Case(
        (optimizers["RandomSampling"](number_of_samples=23), optimizers["GridSampling"]()),
        90,
        spawning={"slots": 2, "generator": generators["Perturbation"](), "scaler": "none"},
        space=(LOG, WIDTH, LAYERS, ACT),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_cut_is_completed(case: Case) -> None:
    whole = case.whole()
    for cut in range(1, len(whole)):
        assert lines(case.resumed(whole[:cut])) == lines(whole), f"cut before event {cut}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cuts_behind_cuts_are_completed(case: Case) -> None:
    whole = case.whole()
    rng = np.random.default_rng(3)
    for _ in range(20):
        events = whole
        for cut in sorted(rng.integers(1, len(whole), 3)):
            events = case.resumed(events[:cut])
        assert lines(events) == lines(whole)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_loss_of_a_changed_context_is_missed_as_the_best(case: Case) -> None:
    whole = case.whole()
    for cut in range(5, len(whole), 9):
        events = resumed(whole[:cut], case.manager, CONTEXT._replace(comparable=False))
        made = [e.fx for e in events[cut:] if isinstance(e, Eval)]
        assert folded(*events).best.fx == min(made, default=np.inf), f"cut before event {cut}"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.space])
def test_every_point_of_typed_parameters_is_one_of_their_values(name: str) -> None:
    whole = CASES[name].whole()
    state = folded(*whole)
    for event in (e for e in whole if isinstance(e, Eval | Start)):
        scaling = state.scaling_of(event.o)
        x = event.x if isinstance(event, Eval) else event.x0
        assert ((scaling.bounds[:, 0] <= x) & (x <= scaling.bounds[:, 1])).all()
        real = scaling.real(x)
        assert ((real >= scaling.real_bounds[:, 0]) & (real <= scaling.real_bounds[:, 1])).all()
        assert all(value.is_integer() for value in real[1:].tolist())
        assert scaling.real(scaling.scaled(real))[1:].tolist() == real[1:].tolist()


def test_a_journal_of_plain_floats_names_no_space() -> None:
    assert b"space" not in encode(RUN)
    assert decode(encode(RUN)).space == ()  # type: ignore[union-attr]


def test_a_journal_keeps_the_values_that_parameters_may_have() -> None:
    mixed = Dimension("m", 0.0, 3.0, "categorical", "linear", (True, 1, 2.0, "x"))
    run = RUN._replace(space=(LOG, WIDTH, mixed))
    again = decode(encode(run))
    assert isinstance(again, Run)
    assert again.space == run.space
    assert [type(c) for c in again.space[2].choices] == [bool, int, float, str]


def test_the_cases_do_what_they_say() -> None:
    runs = {name: case.whole() for name, case in CASES.items()}
    ends = {name: [e for e in run if type(e) is End] for name, run in runs.items()}
    assert any(e.in_flight for e in ends["stopped while in flight"])
    for name in ("stoppers that draw", "stoppers that look back"):
        assert sum(e.how == "stopped" for e in ends[name]) > 2
    assert sum(type(e) is Inject for e in runs["points offered"]) > 2
    assert {e.block for e in runs["a chain that ends"] if type(e) is Start} == {1, 2}
    assert len([e for e in runs["random choices"] if type(e) is Start]) == 7
    assert sum(type(e) is Inject for e in runs["integers that are rounded"]) > 2
    assert {e.type for e in runs["choices"] if type(e) is Start} == {
        "RandomSampling",
        "GridSampling",
    }
