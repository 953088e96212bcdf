"""The loop: what starts, what is evaluated, and when the run ends."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import RunError
from paramsrun.evaluators.contract import Evaluator, Task
from paramsrun.evaluators.inline import Inline
from paramsrun.manager.events import End, Eval, Event, Exit, Inject, Run, Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import NOBODY_LEFT, Manager
from paramsrun.manager.optimizers import MAX_BARREN
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.manager.stop_rule import StopRule
from paramsrun.problem.contract import Evaluation, Failure, Key, SetEvaluation
from paramsrun.problem.scaling import Scaling
from paramsrun.results.event_lines import encode
from paramsrun.settings.families import exit_conditions, generators, optimizers, selectors
from paramsrun.settings.running import ControlOptimizerSpawning

N = 3
SCALING = Scaling(np.array([[-1.0, 2.0]] * N))
X0 = np.full(N, 0.5)
RUN = Run(1, {}, 1, "", ("a", "b", "c"), SCALING.real_bounds, "", {}, 0.0, "")


@dataclass
class Sphere:
    """A problem; it fails where told to, and remembers what was asked."""

    fails: Callable[[Key], bool] = lambda key: False
    asked: list[tuple[Key, Vector]] = field(default_factory=list)

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        self.asked.append((key, x))
        if self.fails(key):
            failed = SetEvaluation(math.inf, failures=(Failure("job", "diverged"),))
            return Evaluation(math.inf, failed)
        fx = float(x @ x)
        return Evaluation(fx, SetEvaluation(fx, residuals=x.copy()))


def conditions(**given: Any) -> list[Any]:
    field_of = {
        "MaxTotalFunctionCalls": "fmax",
        "MaxOptimizersConverged": "nconv",
        "MaxOptimizersStarted": "omax",
        "TargetFunctionValue": "target",
    }
    return [exit_conditions[name](**{field_of[name]: v}) for name, v in given.items()]


@dataclass
class Ran:
    events: list[Event]
    exit: Exit
    state: RunState

    def of(self, kind: type) -> list[Any]:
        return [e for e in self.events if type(e) is kind]


def spawner_of(blocks: list[Any], **how: Any) -> Spawner:
    return Spawner(blocks, SCALING.real_bounds, SCALING.real(X0), Spawning(seed=1, **how))


def run(
    blocks: list[Any],
    rule: ExitRule,
    problem: Sphere | None = None,
    initial: bool = False,
    stop_rule: StopRule | None = None,
    shares_best: bool = False,
    evaluator: Evaluator | None = None,
    **how: Any,
) -> Ran:
    """Run optimizers on a problem; how is the rest of `Spawning`."""
    events: list[Event] = []
    ticks: Iterator[int] = iter(range(10**9))
    state = RunState()
    state.apply(RUN)
    manager = Manager(
        History(state, events.append, clock=lambda: float(next(ticks))),
        spawner_of(blocks, **how),
        rule,
        evaluator or Inline(problem or Sphere()),
        stop_rule,
        shares_best=shares_best,
    )
    exit = manager.run(Task(Key(0, 0), SCALING.real(X0)) if initial else None)
    return Ran(events, exit, manager.state)


def cmaes(**keys: Any) -> Any:
    return optimizers["CMAES"](**keys)


def sampling(n: int, **keys: Any) -> Any:
    return optimizers["RandomSampling"](number_of_samples=n, **keys)


@pytest.mark.parametrize("budget", [1, 7, 10, 33])
def test_a_budget_is_used_exactly(budget: int) -> None:
    problem = Sphere()
    ran = run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=budget)), problem)
    assert [e.n for e in ran.of(Eval)] == list(range(1, budget + 1))
    assert len(problem.asked) == budget


def test_evaluations_are_numbered_through_over_all_optimizers() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=50))
    ran = run([sampling(7)], rule, slots=3)
    assert [e.n for e in ran.of(Eval)] == list(range(1, 51))
    assert {e.o for e in ran.of(Eval)} > {1, 2, 3}


def test_an_optimizer_that_ends_is_followed_by_the_next_block_in_turn() -> None:
    rule = ExitRule(conditions(MaxOptimizersConverged=5))
    ran = run([sampling(3), optimizers["GridSampling"](number_of_samples_per_parameter=2)], rule)
    assert [(e.o, e.block, e.type) for e in ran.of(Start)] == [
        (1, 1, "RandomSampling"),
        (2, 2, "GridSampling"),
        (3, 1, "RandomSampling"),
        (4, 2, "GridSampling"),
        (5, 1, "RandomSampling"),
    ]
    assert [e.how for e in ran.of(End)] == ["converged"] * 5


def test_the_initial_evaluation_is_number_0_and_counts_towards_nothing() -> None:
    ran = run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=5)), initial=True)
    assert [(e.n, e.o) for e in ran.of(Eval)][:2] == [(0, 0), (1, 1)]
    assert ran.state.n_evaluations == 5
    np.testing.assert_allclose(ran.of(Eval)[0].x, X0)


def test_a_failed_initial_evaluation_ends_the_run_and_names_what_failed() -> None:
    events: list[Event] = []
    manager = Manager(
        History(RunState(), events.append),
        spawner_of([cmaes()]),
        ExitRule(conditions(MaxTotalFunctionCalls=5)),
        Inline(Sphere(fails=lambda key: True)),
    )
    with pytest.raises(RunError, match="initial parameters is not finite:\n  job: diverged"):
        manager.run(Task(Key(0, 0), X0))
    assert [type(e) for e in events] == [Eval, Exit]


def test_failed_points_are_infinite_counted_and_explained() -> None:
    problem = Sphere(fails=lambda key: key.number % 3 == 0)
    ran = run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=9)), problem)
    failed = [e for e in ran.of(Eval) if e.fx == math.inf]
    assert [(e.n, e.why) for e in failed] == [(n, "job: diverged") for n in (3, 6, 9)]


def test_optimizers_know_their_own_evaluation_numbers() -> None:
    problem = Sphere()
    run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=40)), problem, slots=2)
    for o in (1, 2):
        assert [k.number for k, _ in problem.asked if k.optimizer == o] == list(range(1, 21))


def test_two_interleaved_give_what_each_gives_alone() -> None:
    blocks = [cmaes(settings={"seed": 5}), cmaes(settings={"seed": 6})]

    def rows(ran: Ran, o: int) -> list[bytes]:
        return [e.x.tobytes() for e in ran.of(Eval) if e.o == o]

    both = run(blocks, ExitRule(conditions(MaxTotalFunctionCalls=200)), slots=2)
    alone = [run([b], ExitRule(conditions(MaxTotalFunctionCalls=100))) for b in blocks]
    assert rows(both, 1) == rows(alone[0], 1)
    assert rows(both, 2) == rows(alone[1], 1)
    assert rows(both, 1) != rows(both, 2)


def test_a_seed_of_its_own_never_repeats_for_later_optimizers() -> None:
    ran = run([sampling(4, random_seed=9)], ExitRule(conditions(MaxOptimizersConverged=3)))
    assert len({e.x.tobytes() for e in ran.of(Eval)}) == 12
    assert [e.stream for e in ran.of(Start)] == [(9, 1, 0, 0), (9, 1, 0, 1), (9, 1, 0, 2)]


def test_the_same_seed_gives_the_same_journal() -> None:
    def journal() -> list[bytes]:
        ran = run([cmaes(), sampling(20)], ExitRule(conditions(MaxTotalFunctionCalls=300)), slots=2)
        return [encode(e) for e in ran.events]

    assert journal() == journal()


def test_those_alive_at_the_exit_get_no_end_event() -> None:
    ran = run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=5)), slots=2)
    assert ran.of(End) == []
    assert ran.exit.living == (1, 2)


def test_exit_conditions_are_judged_before_the_first_start() -> None:
    ran = run([cmaes()], ExitRule(conditions(MaxOptimizersStarted=1)))
    assert len(ran.of(Start)) == 1
    assert ran.of(Eval) == []


def test_a_combination_decides_and_is_explained_lazily() -> None:
    given = conditions(MaxTotalFunctionCalls=12, MaxOptimizersConverged=1, TargetFunctionValue=-1)
    ran = run([sampling(5)], ExitRule(given, "1 & (2 | 3)"))
    assert ran.state.n_evaluations == 12
    assert ran.exit.reason == (
        "MaxTotalFunctionCalls(fmax=12) = True &\n"
        "(\n"
        " MaxOptimizersConverged(nconv=1) = True |\n"
        " TargetFunctionValue(target=-1) = None\n"
        ")"
    )


def test_a_budget_bound_to_another_condition_is_no_limit_until_that_holds() -> None:
    given = conditions(MaxTotalFunctionCalls=3, MaxOptimizersConverged=1)
    ran = run([sampling(5)], ExitRule(given, "1 & 2"))
    assert ran.state.n_evaluations == 5


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Raises when it is told."""

    random_seed = None

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> "Broken":
        return self

    ended = None

    def ask(self) -> Matrix:
        return np.zeros((1, N))

    def tell(self, x: Matrix, fx: Vector) -> None:
        raise ZeroDivisionError("division by zero")

    def close(self) -> None:
        pass


def test_an_optimizer_that_raises_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(optimizers._names, Broken, "Broken")
    rule = ExitRule(conditions(MaxTotalFunctionCalls=20))
    ran = run([Broken(), sampling(100)], rule, slots=2)
    ends = ran.of(End)
    assert {(e.how, e.reason) for e in ends} == {("failed", "ZeroDivisionError: division by zero")}
    assert ran.state.n_evaluations == 20


@dataclass(frozen=True, kw_only=True)
class Mute(Broken):
    """Raises when it is asked."""

    def ask(self) -> Matrix:
        raise ZeroDivisionError("division by zero")


def test_an_optimizer_that_cannot_ask_is_followed_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(optimizers._names, Mute, "Mute")
    ran = run([sampling(5), Mute()], ExitRule(conditions(MaxTotalFunctionCalls=20)))
    assert ran.exit.how == "conditions"
    assert [e.o for e in ran.of(End) if e.how == "failed"] == [2, 4, 6]


def test_the_run_ends_when_nobody_is_left_and_none_may_start() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=1000))
    ran = run([sampling(5)], rule, control=ControlOptimizerSpawning(max_optimizers=3), slots=2)
    assert (ran.exit.how, ran.exit.reason) == ("exhausted", NOBODY_LEFT)
    assert NOBODY_LEFT == "No optimizer is left and none may start"
    assert ran.state.n_evaluations == 15
    assert ran.state.n_converged == 3


def test_no_optimizer_starts_once_so_many_evaluations_were_made() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=1000))
    ran = run([sampling(5)], rule, control=ControlOptimizerSpawning(max_evaluations=10))
    assert ran.exit.how == "exhausted"
    assert len(ran.of(Start)) == 2


@pytest.mark.parametrize(
    ("thresholds", "blocks"),
    [((10,), [1, 1, 2, 2, 2]), ((10, 20), [1, 1, 2, 2]), ((3, 4), [1])],
)
def test_a_chain_takes_the_next_block_at_its_threshold(
    thresholds: tuple[int, ...], blocks: list[int]
) -> None:
    chain = selectors["Chain"](thresholds=thresholds)
    rule = ExitRule(conditions(MaxTotalFunctionCalls=25))
    ran = run([sampling(5), sampling(5)], rule, selector=chain)
    assert [e.block for e in ran.of(Start)] == blocks
    assert ran.exit.how == ("conditions" if len(blocks) == 5 else "exhausted")


@pytest.mark.parametrize("kind", ["linear", "std", "none"])
def test_every_scaler_gives_the_problem_real_units_and_the_same_start(kind: str) -> None:
    problem = Sphere()
    ran = run([cmaes()], ExitRule(conditions(MaxTotalFunctionCalls=30)), problem, scaler=kind)
    (start,) = ran.of(Start)
    assert start.scaler == kind
    scaling = Scaling(SCALING.real_bounds, kind)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.column_stack([start.lower, start.upper]), scaling.bounds)
    np.testing.assert_allclose(problem.asked[0][1], SCALING.real(X0), rtol=1e-15)
    for event, (_, real) in zip(ran.of(Eval), problem.asked, strict=True):
        np.testing.assert_array_equal(scaling.real(event.x), real)
        assert (real >= -1.0).all()
        assert (real <= 2.0).all()


def test_a_new_best_is_offered_between_batches_to_those_who_take_it() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=300))
    blocks = [cmaes(popsize=6), optimizers["Scipy"](), cmaes(popsize=6)]
    ran = run(blocks, rule, slots=3, shares_best=True, generator=generators["Random"]())
    offered = ran.of(Inject)
    assert {e.o for e in offered} == {1, 3}
    finders: dict[float, int] = {}
    asked: dict[int, int] = {}
    for event in ran.events:
        if isinstance(event, Eval):
            finders.setdefault(event.fx, event.o)
            asked[event.o] = max(asked.get(event.o, 0), event.b)
        elif isinstance(event, Inject):
            assert finders[event.fx] != event.o
            assert event.b == asked[event.o] + 1


def test_nothing_is_offered_unless_the_input_asks_for_it() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=200))
    ran = run([cmaes(), cmaes()], rule, slots=2, generator=generators["Random"]())
    assert ran.of(Inject) == []


def test_six_optimizers_in_a_row_without_a_finite_loss_end_the_run() -> None:
    events: list[Event] = []
    manager = Manager(
        History(RunState(), events.append),
        spawner_of([sampling(3)]),
        ExitRule(conditions(MaxTotalFunctionCalls=1000)),
        Inline(Sphere(fails=lambda key: key.optimizer > 2)),
    )
    with pytest.raises(RunError, match="6 optimizers in a row ended without a finite loss"):
        manager.run()
    assert MAX_BARREN == 6
    assert manager.state.n_started == 2 + 6
    assert isinstance(events[-1], Exit)
    assert events[-1].how == "error"


@pytest.mark.parametrize("good", [True, False])
def test_ten_that_fail_in_a_row_end_the_run_unless_one_between_does_not(
    good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(optimizers._names, Broken, "Broken")
    blocks = [Broken()] * 9 + [sampling(1) if good else Broken()]
    rule = ExitRule(conditions(MaxTotalFunctionCalls=30))
    if good:
        assert run(blocks, rule).state.n_failed == 27
    else:
        with pytest.raises(
            RunError, match="10 optimizers in a row failed at once; the last of them, opt"
        ):
            run(blocks, rule)


def test_one_finite_loss_breaks_the_row() -> None:
    rule = ExitRule(conditions(MaxTotalFunctionCalls=90))
    ran = run([sampling(3)], rule, Sphere(fails=lambda key: key.optimizer % 6 != 0))
    assert ran.state.n_evaluations == 90
