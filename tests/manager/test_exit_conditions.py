"""Each exit condition is met exactly when its page says so."""

import math

import pytest

from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions


def state(**counters: float) -> RunState:
    made = RunState()
    for name, number in counters.items():
        setattr(made, name, number)
    return made


@pytest.mark.parametrize(
    ("name", "fields", "counter", "number"),
    [
        ("MaxTotalFunctionCalls", {"fmax": 5}, "n_evaluations", 5),
        ("MaxOptimizersConverged", {"nconv": 2}, "n_converged", 2),
        ("MaxOptimizersStarted", {"omax": 3}, "n_started", 3),
        ("MaxOptimizersStopped", {"kills_max": 4}, "n_stopped", 4),
        ("TimeLimitThroughRestarts", {"overall_max": 60.0}, "t", 60.0),
    ],
)
def test_a_count_is_met_at_its_number_and_not_before(
    name: str, fields: dict[str, float], counter: str, number: float
) -> None:
    condition = exit_conditions[name](**fields)
    assert condition.met(state(**{counter: number}))
    assert not condition.met(state(**{counter: number - 1}))


def test_time_limit_counts_this_session_only() -> None:
    condition = exit_conditions["TimeLimit"](session_max=10.0)
    assert not condition.met(state(t=109.0, session_began=100.0))
    assert condition.met(state(t=110.0, session_began=100.0))


@pytest.mark.parametrize(("best", "met"), [(1.1, False), (1.0, True), (0.9, True)])
def test_target_is_met_at_or_below_its_value(best: float, met: bool) -> None:
    run = RunState()
    run.best.fx = best
    assert exit_conditions["TargetFunctionValue"](target=1.0).met(run) is met


def test_target_is_not_met_without_a_finite_loss() -> None:
    assert not exit_conditions["TargetFunctionValue"](target=1e300).met(RunState())
    assert RunState().best.fx == math.inf


def test_stops_after_convergence_counts_stops_from_the_convergence_on() -> None:
    condition = exit_conditions["StopsAfterConvergence"](n_converged=2, n_killed=1)
    run = state(n_stopped=5, n_converged=2)
    run.n_stopped_when_converged = {1: 0, 2: 5}
    assert not condition.met(run)
    run.n_stopped = 6
    assert condition.met(run)


def test_stops_after_convergence_asks_for_no_stop_by_default() -> None:
    run = state(n_converged=1)
    run.n_stopped_when_converged = {1: 0}
    assert exit_conditions["StopsAfterConvergence"]().met(run)


def rule(combination: str | None = None) -> ExitRule:
    conditions = [
        exit_conditions["MaxTotalFunctionCalls"](fmax=100),
        exit_conditions["TimeLimit"](session_max=30.0),
        exit_conditions["MaxOptimizersConverged"](nconv=1),
    ]
    return ExitRule(conditions, combination)


@pytest.mark.parametrize(
    ("combination", "left"),
    [(None, 20.0), ("1 | 3", 90.0), ("2 & 3", math.inf), ("3", math.inf), ("1 & 2", math.inf)],
)
def test_the_time_left_is_that_of_what_alone_would_end_the_run(
    combination: str | None, left: float
) -> None:
    assert rule(combination).seconds_left(state(n_evaluations=10, t=10.0)) == left
