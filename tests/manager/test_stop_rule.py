"""Which optimizers are stopped, when, and what is said of it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.manager.events import End, Eval, Event, Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.manager.stop_rule import StopRule
from paramsrun.settings.families import exit_conditions, stoppers
from tests.manager.test_loop import Ran, cmaes, conditions, run, sampling


def started(o: int) -> Start:
    box = np.zeros(2), np.ones(2)
    return Start(o, 1, "CMAES", {}, (1, 1, o, 0), np.full(2, 0.5), *box, 0.0)


def evaluated(n: int, o: int, fx: float) -> Eval:
    return Eval(n, o, 0, 0, np.full(2, 0.1 * o), fx, 0.0)


def state(*events: Event, window: int = 0) -> RunState:
    made = RunState(window=window)
    for event in events:
        made.apply(event)
    return made


def at_least(n: int) -> Any:
    return stoppers["MinFunctionCalls"](n_min=n)


THREE = (
    *(started(o) for o in (1, 2, 3)),
    *(evaluated(n, o, fx) for n, (o, fx) in enumerate([(1, 5.0), (2, 4.0), (3, 6.0), (1, 7.0)], 1)),
)


def stopped(rule: StopRule, state: RunState) -> list[int]:
    return [o for o, _ in rule.stopped(state)] if rule.is_due(state) else []


def test_the_best_is_spared_unless_the_input_says_otherwise() -> None:
    assert stopped(StopRule([at_least(1)]), state(*THREE)) == [1, 3]
    assert stopped(StopRule([at_least(1)], spares_best=False), state(*THREE)) == [1, 2, 3]


def test_nobody_is_stopped_without_stoppers() -> None:
    assert stopped(StopRule(spares_best=False), state(*THREE)) == []


@pytest.mark.parametrize(("interval", "stops"), [(1, [1, 3]), (2, [1, 3]), (3, []), (4, [1, 3])])
def test_a_check_comes_at_every_so_many_evaluations(interval: int, stops: list[int]) -> None:
    assert stopped(StopRule([at_least(1)], interval=interval), state(*THREE)) == stops


def test_an_optimizer_without_an_evaluation_is_not_judged() -> None:
    everything = stoppers["OptimizerType"](type_name="CMAES")
    judged = state(*THREE, started(4))
    assert stopped(StopRule([everything], spares_best=False), judged) == [1, 2, 3]


def test_those_judged_before_a_cut_are_not_judged_again() -> None:
    cut = state(*THREE, End(1, "stopped", "", 0.0))
    assert stopped(StopRule([at_least(1)]), cut) == [3]
    cut.apply(End(3, "stopped", "", 0.0))
    assert stopped(StopRule([at_least(1)], spares_best=False), cut) == []


def test_the_reason_is_the_combination_as_far_as_it_was_evaluated() -> None:
    rule = StopRule([at_least(2), at_least(9), at_least(1)], "(1 | 2) & 3")
    assert list(rule.stopped(state(*THREE))) == [
        (
            1,
            "(\n"
            " MinFunctionCalls(n_min=2) = True |\n"
            " MinFunctionCalls(n_min=9) = None\n"
            ") &\n"
            "MinFunctionCalls(n_min=1) = True",
        )
    ]


def test_a_draw_depends_on_seed_optimizer_and_evaluation_alone() -> None:
    def rule(seed: int) -> StopRule:
        annealing = stoppers["TimeAnnealing"](critical_ratio=2.0)
        return StopRule([annealing], seed=seed, spares_best=False)

    fates = [stopped(rule(seed), state(*THREE)) for seed in range(40)]
    assert fates == [stopped(rule(seed), state(*THREE)) for seed in range(40)]
    assert len({tuple(f) for f in fates}) > 3


def test_each_explanation_shows_the_draw_that_decided() -> None:
    rule = StopRule([stoppers["TimeAnnealing"](critical_ratio=9.0)], spares_best=False)
    told = [reason for _, reason in rule.stopped(state(*THREE))]
    assert told
    assert set(told) == {"TimeAnnealing(critical_ratio=9.0) = True"}


def test_the_window_is_the_longest_that_a_stopper_looks_back() -> None:
    back = [
        stoppers["MinStepSize"](number_of_function_calls=n, min_relative_distance=0.1)
        for n in (3, 8, 5)
    ]
    assert StopRule(back).window == 8
    assert StopRule().window == 0


def test_recent_holds_so_many_evaluations_of_a_living_optimizer() -> None:
    told = state(
        started(1), *(evaluated(n, 1, fx) for n, fx in enumerate([5, 3, 4, 9], 1)), window=3
    )
    recent = told.optimizers[1].recent
    assert [(r.event.fx, r.best) for r in recent] == [(3, 3), (4, 3), (9, 3)]
    told.apply(End(1, "converged", "", 0.0))
    assert not told.optimizers[1].recent


def limited(n: int, **how: Any) -> Ran:
    rule = StopRule([stoppers["MaxFunctionCalls"](n_max=5)], spares_best=False)
    return run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=n)), stop_rule=rule, **how)


def test_a_stopped_optimizer_is_followed_by_another() -> None:
    ran = limited(17)
    assert [(e.o, e.how, e.reason) for e in ran.of(End)] == [
        (o, "stopped", "MaxFunctionCalls(n_max=5) = True") for o in (1, 2, 3)
    ]
    assert ran.state.n_stopped == 3
    assert ran.state.n_converged == 0


def test_what_was_in_flight_is_evaluated_counted_and_not_told() -> None:
    ran = limited(40, in_flight=3)
    first = [e for e in ran.of(Eval) if e.o == 1]
    assert [e.in_flight for e in ran.of(End)][:2] == [2, 2]
    assert len(first) == ran.state.optimizers[1].n_evaluations == 7
    assert ran.state.optimizers[1].n_due == 0
    assert [e.n for e in ran.of(Eval)] == list(range(1, 41))


def test_stops_count_towards_the_exit_conditions_at_once() -> None:
    rule = StopRule([stoppers["MaxFunctionCalls"](n_max=5)], spares_best=False)
    exit_rule = ExitRule([exit_conditions["MaxOptimizersStopped"](kills_max=2)])
    ran = run([sampling(50)], exit_rule, stop_rule=rule)
    assert ran.state.n_evaluations == 10
    assert len(ran.of(Start)) == 2


def looking(at: str, judged: list[int]) -> Any:
    """Return a stopper that notes whom it judges, and stops nobody."""

    class Watching:
        looks_at = at

        def met(self, target: Any, run: RunState, draw: Any) -> bool:
            judged.append(target.start.o)
            return False

    return Watching()


@pytest.mark.parametrize(
    ("at", "after_3", "after_2", "after_best"),
    [
        ("target", [3], [2], [1]),
        ("target and best", [3], [2], [1, 2, 3]),
        ("all", [1, 2, 3], [1, 2, 3], [1, 2, 3]),
    ],
)
def test_one_is_judged_again_once_what_its_verdict_depends_on_has_changed(
    at: str, after_3: list[int], after_2: list[int], after_best: list[int]
) -> None:
    judged: list[int] = []
    rule = StopRule([looking(at, judged)], spares_best=False)
    run = state(*(started(o) for o in (1, 2, 3)), *(evaluated(o, o, float(o)) for o in (1, 2, 3)))
    assert stopped(rule, run) == []
    assert judged == [1, 2, 3]
    for n, (o, expected) in enumerate([(3, after_3), (2, after_2), (1, after_best)], 4):
        judged.clear()
        run.apply(evaluated(n, o, 9.0))
        assert stopped(rule, run) == []
        assert judged == expected


def test_one_that_was_the_best_is_judged_when_it_is_no_longer() -> None:
    rule = StopRule([at_least(1)])
    run = state(started(1), started(2), evaluated(1, 1, 1.0))
    assert stopped(rule, run) == []
    run.apply(evaluated(2, 2, 0.5))
    assert stopped(rule, run) == [1]


STOPPERS = [
    stoppers["CurrentFunctionValueUnmoving"](number_of_function_calls=2, tolerance=0.3),
    stoppers["MaxInteroptimizerDistance"](max_relative_distance=0.2),
    stoppers["BestFunctionValueUnmoving"](number_of_function_calls=3),
    stoppers["MinFunctionCalls"](n_min=3),
]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5), st.floats(0, 1)), max_size=40),
    st.booleans(),
)
def test_leaving_out_the_unchanged_changes_no_verdict(
    moves: list[tuple[int, int, float]], spares_best: bool
) -> None:
    def rule() -> StopRule:
        return StopRule(STOPPERS, "(1 | 2 | 3) & 4", spares_best=spares_best)

    lasting = rule()
    run = state(*map(started, range(1, 5)), window=lasting.window)
    for o, fx, x in moves:
        n = run.n_evaluations + 1
        run.apply(Eval(n, o, 0, 0, np.full(2, x), float(fx), 0.0))
        verdicts = list(rule().stopped(run))
        assert list(lasting.stopped(run)) == verdicts
        for stopped_o, _ in verdicts:
            run.apply(End(stopped_o, "stopped", "", 0.0, 1))


def test_residuals_are_not_kept_in_the_state() -> None:
    run = state(started(1), evaluated(1, 1, 1.0)._replace(r=np.zeros(9)), window=3)
    one = run.optimizers[1]
    assert one.last is not None
    assert one.last.r is None
    assert [recent.event.r for recent in one.recent] == [None]
    one.recall(3, [evaluated(1, 1, 1.0)._replace(r=np.zeros(9))])
    assert [recent.event.r for recent in one.recent] == [None]
