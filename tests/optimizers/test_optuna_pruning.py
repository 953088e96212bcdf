"""Optuna ends trials on their way, and a run with such trials is resumed exactly."""

from dataclasses import dataclass, field
from functools import partial
from math import inf

import numpy as np
import pytest

from paramsrun.arrays import Vector
from paramsrun.evaluators.inline import Inline
from paramsrun.manager.events import Eval, Event, Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.optimizers.optuna import Optuna
from paramsrun.problem.command.progress import Progress
from paramsrun.problem.contract import Evaluation, Failure, Key, SetEvaluation
from paramsrun.settings.families import exit_conditions
from tests.families.test_every_optimizer import needing
from tests.manager.told import folded, lines, resumed

RANGES = np.array([[-1.0, 2.0], [0.0, 3.0]])
N_STEPS = 4


@dataclass
class Training:
    """Its loss comes down to that of its point in four steps."""

    asked: list[Key] = field(default_factory=list)

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        self.asked.append(key)
        loss = float(x @ x)
        progress = Progress(key.bars)
        for number in range(1, N_STEPS + 1):
            progress.report(number, loss + N_STEPS - number)
        steps, reason = tuple(progress.steps), progress.reason
        if reason is not None:
            failures = (Failure("training", reason),)
            return Evaluation(inf, SetEvaluation(inf, None, None, None, failures, steps, True))
        return Evaluation(loss, SetEvaluation(loss, progress=steps))


def optimizer(**keys: object) -> Optuna:
    return Optuna(**{"number_of_trials": 30, "pruner": "Median", "pruner_startup_trials": 4} | keys)


def manager(made: Optuna, state: RunState, events: list[Event], n: int = 30) -> Manager:
    return Manager(
        History(state, events.append, clock=lambda: 0.0),
        Spawner([made], RANGES, np.array([0.5, 0.5]), Spawning(seed=3, in_flight=2)),
        ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=n)]),
        Inline(Training()),
    )


def whole(made: Optuna) -> tuple[RunState, list[Event]]:
    events: list[Event] = [Run(1, {}, 1, "", ("a", "b"), RANGES, "", {}, 0.0, "")]
    state = folded(*events)
    manager(made, state, events).run()
    return state, events


def evals(events: list[Event]) -> list[Eval]:
    return [event for event in events if isinstance(event, Eval)]


pytestmark = needing(Optuna())


def test_trials_that_fall_behind_are_ended_and_count_as_pruned() -> None:
    state, events = whole(optimizer())
    pruned = [event for event in evals(events) if event.pruned]
    assert 5 < len(pruned) == state.n_pruned < 26
    assert state.n_infinite == 0
    assert all(event.fx == inf and "pruned at step" in (event.why or "") for event in pruned)


def test_none_is_ended_before_enough_are_complete() -> None:
    _, events = whole(optimizer(pruner_startup_trials=12))
    assert not any(event.pruned for event in evals(events)[:12])


def test_none_is_ended_at_an_early_step() -> None:
    _, events = whole(optimizer(pruner_warmup_steps=3))
    steps = [event.r.reshape(-1, 2)[:, 0] for event in evals(events) if event.r is not None]
    assert min(len(one) for one in steps) == 3


def test_without_a_pruner_no_steps_are_kept() -> None:
    _, events = whole(optimizer(pruner="None"))
    assert all(event.r is None and not event.pruned for event in evals(events))


def test_a_lower_percentile_ends_more() -> None:
    median, _ = whole(optimizer())
    tenth, _ = whole(optimizer(pruner="Percentile", pruner_percentile=10.0))
    assert tenth.n_pruned > median.n_pruned


@pytest.mark.parametrize("sampler", ["TPE", "QMC", "Random"])
def test_every_cut_is_completed(sampler: str) -> None:
    made = optimizer(sampler=sampler)
    _, uncut = whole(made)
    for cut in range(2, len(uncut), 3):
        again = resumed(uncut[:cut], partial(manager, made))
        assert lines(again) == lines(uncut), f"cut before event {cut}"
