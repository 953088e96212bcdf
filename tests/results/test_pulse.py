"""How a run fares, as its lock tells it and status shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from paramsrun.evaluators.inline import Inline
from paramsrun.manager.state import RunState
from paramsrun.results import lock
from paramsrun.results.lock import Keeper, alive
from paramsrun.results.pulse import Pulse, load_lines
from tests.evaluators.losses import Sphere, task


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    state, clock = RunState(), Clock()
    evaluator = Inline(Sphere())
    pulse = Pulse(lambda: evaluator, state, clock)
    assert pulse() == {"workers": 0, "in_flight": 0, "per_s": 0.0}
    evaluator.submit(task(1))
    for n, per_s in ((10, 10.0), (30, 15.0), (30, 10.0)):
        clock.now += 1.0
        state.n_evaluations = n
        assert pulse() == {"workers": 0, "in_flight": 1, "per_s": per_s}
    for _ in range(60):
        clock.now += 1.0
        told = pulse()
    assert told["per_s"] == 0.0


def test_nothing_is_told_before_there_is_an_evaluator() -> None:
    assert Pulse(lambda: None, RunState(), Clock())() == {}


def test_the_lock_holds_it_while_the_run_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SYNC_S", 0.01)
    told = {"workers": 3, "in_flight": 7, "per_s": 20.5}
    with Keeper(tmp_path, lambda: None, lambda: told):
        _until(lambda: (alive(tmp_path) or {}).get("load") == told)
        owner = alive(tmp_path)
        assert owner is not None
        assert owner["pid"] == lock.owner()["pid"]
    assert not (tmp_path / lock.NAME).exists()


def _until(true: Callable[[], bool]) -> None:
    for _ in range(10_000_000):
        if true():
            return
    pytest.fail("it never came")


@pytest.mark.parametrize(
    ("load", "lines"),
    [
        (
            {"workers": 2, "in_flight": 5, "per_s": 13.2},
            ["Evaluations: 2 workers, 5 in flight, 13.2 a second"],
        ),
        (
            {"workers": 1, "in_flight": 1, "per_s": 0.0},
            ["Evaluations: 1 worker, 1 in flight, 0 a second"],
        ),
        (
            {"workers": 0, "in_flight": 5, "per_s": 12300.0},
            ["Evaluations: in its own process, 5 in flight, 12300 a second"],
        ),
        ({}, []),
        (None, []),
        ("?", []),
    ],
)
def test_status_shows_it(load: object, lines: list[str]) -> None:
    assert load_lines(load) == lines
