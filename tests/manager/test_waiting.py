"""An optimizer that shares its work with other processes, and may have to wait for them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from paramsrun.evaluators.inline import Inline
from paramsrun.manager import loop
from paramsrun.manager.events import Context, End, Eval, Event, Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import tapes
from paramsrun.optimizers.contract import Ended
from paramsrun.settings.families import exit_conditions, optimizers
from tests.manager.test_loop import Sphere

RANGES = np.array([[-1.0, 2.0]])
CONTEXT = Context("", 1, "", {}, (), True, 0.0, "")


@dataclass
class Study:
    """Numbers to be evaluated together, and what is known of them."""

    left: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.3, 0.4])
    elsewhere: list[float] = field(default_factory=list)
    """What another process has in hand; it hands one back whenever it is looked at."""
    told: list[float] = field(default_factory=list)


STUDY = Study()


class Worker:
    takes_offers = False

    def __init__(self) -> None:
        self.ended: Ended | None = None
        self.n_asked_in_vain = 0

    def ready(self) -> bool:
        if not STUDY.left and STUDY.elsewhere:
            STUDY.left.append(STUDY.elsewhere.pop())
            return False
        if not STUDY.left:
            self.ended = Ended("converged", "all is done")
        return self.ended is None

    def ask(self) -> Any:
        return np.array([[STUDY.left.pop(0)]])

    def tell(self, x: Any, fx: Any) -> None:
        STUDY.told.append(float(x[0, 0]))

    def inject(self, x: Any, fx: float) -> None:
        raise AssertionError

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Shared:
    """Takes what is left in a study."""

    replays: ClassVar[bool] = False
    random_seed: ClassVar[None] = None

    def start(self, bounds: Any, x0: Any, rng: Any) -> Worker:
        return Worker()


@pytest.fixture(autouse=True)
def study(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setitem(optimizers._members, "shared", Shared)
    monkeypatch.setitem(optimizers._names, Shared, "Shared")
    monkeypatch.setattr(loop, "PATIENCE_S", 0.0)
    monkeypatch.setitem(globals(), "STUDY", Study())
    return STUDY


def run(events: list[Event], n: int = 100, resume: bool = False) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    manager = Manager(
        History(state, events.append, clock=lambda: 0.0),
        Spawner([Shared()], RANGES, np.array([0.5]), Spawning(seed=1)),
        ExitRule(
            [
                exit_conditions["MaxOptimizersConverged"](nconv=1),
                exit_conditions["MaxTotalFunctionCalls"](fmax=n),
            ]
        ),
        Inline(Sphere()),
    )
    if resume:
        manager.resume(tapes(events, state.unfinished), CONTEXT)
    manager.run()
    return state


def fresh() -> list[Event]:
    return [Run(1, {}, 1, "", ("a",), RANGES, "", {}, 0.0, "")]


def test_it_waits_for_what_others_have_in_hand(study: Study) -> None:
    study.elsewhere += [0.5, 0.6]
    events = fresh()
    assert run(events).n_converged == 1
    assert len(study.told) == 6
    assert [e.reason for e in events if isinstance(e, End)] == ["all is done"]


def test_a_resume_starts_it_anew_and_numbers_its_batches_on(study: Study) -> None:
    events = fresh()
    run(events, n=2)
    first = study.told.copy()
    assert run(events, resume=True).n_converged == 1
    assert study.told == [*first, *study.told[2:]]
    assert [e.b for e in events if isinstance(e, Eval)] == [0, 1, 2, 3]
    assert [e.n for e in events if isinstance(e, Eval)] == [1, 2, 3, 4]
