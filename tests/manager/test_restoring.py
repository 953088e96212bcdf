"""What becomes of an optimizer whose replay does not repeat what was recorded."""

from typing import Any

import numpy as np

from paramsrun.manager.events import Eval, Run, Start
from paramsrun.manager.restoring import Restored
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.contract import Ended
from paramsrun.problem.scaling import Scaling

RANGES = np.array([[0.0, 1.0]])


class Fixed:
    """Asks for one point, always the same."""

    ended: Ended | None = None
    takes_offers = False
    is_closed = False

    def ask(self) -> Any:
        return np.array([[0.5]])

    def tell(self, x: object, fx: object) -> None:
        pass

    def inject(self, x: object, fx: float) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


class Spawns:
    """Starts one proposer again and again."""

    in_flight = 1

    def __init__(self) -> None:
        self.proposer = Fixed()

    def again(self, start: Start) -> Fixed:
        return self.proposer

    def replays(self, start: Start) -> bool:
        return True

    def scaling(self, kind: Any) -> Scaling:
        return Scaling(RANGES, kind)


def restored(x: float) -> tuple[Restored, Fixed]:
    """Replay an optimizer that had asked for x."""
    ends = RANGES[:, 0], RANGES[:, 1]
    event = Eval(1, 1, 0, 0, np.array([x]), 1.0, 0.0)
    state, tape, spawns = RunState(), Tape(), Spawns()
    state.apply(Run(1, {}, 1, "", ("a",), RANGES, "", {}, 0.0, ""))
    state.apply(Start(1, 1, "CMAES", {}, (1, 2, 3, 4), ends[0], *ends, 0.0))
    state.apply(event)
    tape.add(event)
    told = Restored(state, spawns)  # type: ignore[arg-type]
    told.replay({1: tape})
    return told, spawns.proposer


def test_one_that_goes_another_way_is_closed_and_told() -> None:
    told, proposer = restored(0.9)
    assert proposer.is_closed
    assert [o for o, _ in told.broken] == [1]
    assert not told.living


def test_one_that_goes_the_same_way_lives_on() -> None:
    told, proposer = restored(0.5)
    assert not proposer.is_closed
    assert list(told.living) == [1]
    assert not told.broken
