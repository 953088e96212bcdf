"""Each exit condition is met exactly when its page says so: runs told event by event."""

from math import inf
from typing import Any

import pytest

from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.settings.families import exit_conditions
from tests.manager.told import Told


def condition(name: str, *value: float, **fields: Any) -> Any:
    """Return an exit condition; a value alone is that behind its name."""
    cls = exit_conditions[name]
    return cls(**dict(zip(cls.__dataclass_fields__, value, strict=False)) | fields)


def state(**counters: float) -> RunState:
    made = RunState()
    for name, number in counters.items():
        setattr(made, name, number)
    return made


@pytest.mark.parametrize("name", sorted({*exit_conditions} - {"StopsAfterConvergence"}))
def test_nothing_is_met_before_the_run(name: str) -> None:
    assert not condition(name, 1).met(Told().state)


def test_calls_count_over_all_optimizers_infinite_ones_too_but_not_the_initial_one() -> None:
    limit = condition("MaxTotalFunctionCalls", 3)
    told = Told().initial(5.0).start(1, 2).losses(1, 4.0).losses(2, inf)
    assert not limit.met(told.state)  # 2
    assert limit.met(told.losses(1, 3.0).state)  # 3
    assert limit.met(told.losses(1, 3.0).state)  # 4


def test_calls_count_through_a_resume_and_after_the_end_of_an_optimizer() -> None:
    limit = condition("MaxTotalFunctionCalls", 3)
    told = Told().start(1).losses(1, 4.0, 4.0).end(1, "stopped").resume(10.0, comparable=False)
    assert not limit.met(told.state)
    assert limit.met(told.losses(1, 4.0).state)


@pytest.mark.parametrize(
    ("name", "counted", "not_counted"),
    [
        ("MaxOptimizersConverged", "converged", ("stopped", "failed")),
        ("MaxOptimizersStopped", "stopped", ("converged", "failed")),
    ],
)
def test_ends_of_one_kind_are_counted(
    name: str, counted: str, not_counted: tuple[str, str]
) -> None:
    limit = condition(name, 2)
    told = Told().start(*range(1, 8)).end(1, counted)
    for o, how in enumerate(not_counted, 2):
        told.end(o, how)
    assert not limit.met(told.state)  # 1
    assert limit.met(told.end(4, counted).state)  # 2
    assert limit.met(told.end(5, counted).state)  # 3


def test_starts_are_counted_whether_or_not_they_live() -> None:
    limit = condition("MaxOptimizersStarted", 2)
    told = Told().start(1).end(1, "failed")
    assert not limit.met(told.state)
    assert limit.met(told.start(2).state)
    assert limit.met(told.start(3).state)


@pytest.mark.parametrize(
    ("n_converged", "n_killed", "ends", "met_from"),
    [
        (1, 0, "c", 1),  # no stop is asked for
        (1, 0, "sfc", 3),
        (1, 1, "ssc", None),  # both stops came before
        (1, 1, "sscs", 4),
        (1, 2, "csscs", 3),
        (2, 1, "cscs", 4),  # the stop between the two convergences is too early
        (2, 1, "csc", None),
        (1, 1, "ccs", 3),  # a further convergence starts nothing anew
        (1, 2, "cscs", 4),
        (1, 1, "cff", None),
    ],
)
def test_stops_are_counted_from_the_moment_enough_have_converged(
    n_converged: int, n_killed: int, ends: str, met_from: int | None
) -> None:
    limit = condition("StopsAfterConvergence", n_converged=n_converged, n_killed=n_killed)
    told = Told().start(*range(1, 8))
    how = {"c": "converged", "s": "stopped", "f": "failed"}
    met = [limit.met(told.end(o, how[end]).state) for o, end in enumerate(ends, 1)]
    assert met == [met_from is not None and i >= met_from for i in range(1, len(ends) + 1)]


@pytest.mark.parametrize(
    ("target", "losses", "met"),
    [
        (1.0, [1.1], False),
        (1.0, [1.0], True),
        (1.0, [0.9], True),
        (1.0, [0.9, 5.0], True),  # the best counts, not the last
        (-2.0, [-1.9], False),
        (-2.0, [-2.0], True),
        (0.0, [0.0], True),
        (1e308, [inf], False),
    ],
)
def test_target_is_met_at_or_below_its_value(target: float, losses: list[float], met: bool) -> None:
    told = Told().initial(-9.0).start(1, 2).losses(2, 1e309).losses(1, *losses)
    assert condition("TargetFunctionValue", target).met(told.state) is met


def test_a_target_is_not_met_by_a_loss_that_cannot_be_compared() -> None:
    told = Told().start(1).losses(1, 0.5).resume(10.0, comparable=False)
    assert not condition("TargetFunctionValue", 1.0).met(told.state)


@pytest.mark.parametrize(
    ("name", "t", "met"),
    [
        ("TimeLimit", 109, False),  # 9 s of this session
        ("TimeLimit", 110, True),
        ("TimeLimit", 111, True),
        ("TimeLimitThroughRestarts", 101, True),  # 101 s in all
    ],
)
def test_time_is_that_of_the_session_or_of_all(name: str, t: int, met: bool) -> None:
    told = Told().start(1).resume(100.0).losses(1, *[1.0] * (t - 100))
    assert condition(name, 10.0).met(told.state) is met


def test_the_time_left_is_that_of_the_session_or_of_all() -> None:
    run = Told().start(1).resume(100.0).losses(1, 1.0, 1.0, 1.0).state
    assert condition("TimeLimit", 10.0).seconds_left(run) == 7.0
    assert condition("TimeLimitThroughRestarts", 110.0).seconds_left(run) == 7.0


@pytest.mark.parametrize(("n", "met"), [(9, False), (10, True), (11, True)])
@pytest.mark.parametrize("name", ["TimeLimit", "TimeLimitThroughRestarts"])
def test_time_of_a_first_session_is_the_same_for_both(name: str, n: int, met: bool) -> None:
    told = Told().start(1).losses(1, *[1.0] * n)
    assert condition(name, 10.0).met(told.state) is met


def rule(combination: str | None = None) -> ExitRule:
    conditions = [
        exit_conditions["MaxTotalFunctionCalls"](fmax=100),
        exit_conditions["TimeLimit"](session_max=30.0),
        exit_conditions["MaxOptimizersConverged"](nconv=1),
    ]
    return ExitRule(conditions, combination)


@pytest.mark.parametrize(
    ("combination", "left"),
    [(None, 20.0), ("1 | 3", 90.0), ("2 & 3", inf), ("3", inf), ("1 & 2", inf)],
)
def test_the_time_left_is_that_of_what_alone_would_end_the_run(
    combination: str | None, left: float
) -> None:
    assert rule(combination).seconds_left(state(n_evaluations=10, t=10.0)) == left
