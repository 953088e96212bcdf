"""When Automatic goes over to workers."""

from collections.abc import Iterable, Iterator
from itertools import chain, cycle, repeat

import pytest

from paramsrun.arrays import Vector
from paramsrun.evaluators.automatic import Automatic
from paramsrun.evaluators.contract import Done, Evaluates, failed
from paramsrun.evaluators.inline import Inline
from paramsrun.problem.contract import Evaluation, Key
from tests.evaluators.losses import Sphere, of, task


class Run:
    """Four evaluations in flight, which seem to take so long; its workers are no processes."""

    def __init__(
        self,
        seconds: Iterable[float],
        why_at_once: str | None = None,
        problem: Evaluates = Sphere(),  # noqa: B008  it has no state
    ) -> None:
        self.chosen: list[tuple[str, str]] = []
        self.workers: Inline | None = None
        self._times = self._readings(seconds)
        self.evaluator = Automatic(
            problem, self._start, self._note, why_at_once, self._times.__next__
        )

    @staticmethod
    def _readings(seconds: Iterable[float]) -> Iterator[float]:
        now = 0.0
        for duration in seconds:
            yield now
            now += duration
            yield now

    def _note(self, evaluator: str, why: str) -> None:
        assert self.workers is None, "told too late"
        self.chosen.append((evaluator, why))

    def _start(self) -> Inline:
        self.workers = Inline(Sphere())
        return self.workers

    def evaluate(self, n: int, in_flight: int) -> list[int]:
        numbers: list[int] = []
        for number in range(1, n + 1):
            self.evaluator.submit(task(number))
            if number >= in_flight:
                numbers.append(self._next())
        return numbers + [self._next() for _ in range(min(n, in_flight) - 1)]

    def _next(self) -> int:
        done: Done | None = self.evaluator.next_done()
        assert done is not None
        return done[0].key.number


def test_dear_evaluations_of_which_several_wait_go_to_workers() -> None:
    run = Run(repeat(0.012))
    assert sorted(run.evaluate(20, in_flight=4)) == [*range(1, 21)]
    assert run.chosen == [("Processes", "evaluations take 12 ms and several wait")]
    assert run.workers is not None


class EverySecond:
    """Fails at every second point."""

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        return failed("diverged") if key.number % 2 else of(1.0)


def test_failed_points_that_were_short_do_not_hide_how_dear_the_others_are() -> None:
    run = Run(cycle([0.0001, 0.012]), problem=EverySecond())
    assert sorted(run.evaluate(20, in_flight=4)) == [*range(1, 21)]
    assert run.chosen == [("Processes", "evaluations take 12 ms and several wait")]


@pytest.mark.parametrize(
    ("seconds", "in_flight"),
    [
        (repeat(0.0005), 4),  # cheap
        (repeat(0.012), 1),  # nothing waits
        (chain([3.0], repeat(0.0005)), 4),  # cheap but for the first, which imports
        (chain([0.01, 0.0005, 0.01], repeat(0.0005)), 4),  # a busy machine held two of them up
        (chain([3.0, 0.0005, 0.0005, 3.0], repeat(0.0005)), 4),
        (chain([0.0005, 3.0], repeat(0.0005)), 4),
    ],
)
def test_others_stay_inline(seconds: Iterable[float], in_flight: int) -> None:
    run = Run(seconds)
    assert run.evaluate(20, in_flight) == [*range(1, 21)]
    assert run.chosen == []
    assert run.workers is None


@pytest.mark.parametrize(("seconds", "measured"), [(0.002, 3), (0.5, 3), (1.0, 2), (3600.0, 2)])
def test_the_dearer_the_sooner(seconds: float, measured: int) -> None:
    run = Run(chain(repeat(seconds, measured)))
    assert len(run.evaluate(10, in_flight=4)) == 10  # a further reading of the clock would raise
    assert len(run.chosen) == 1


def test_what_needs_workers_has_them_from_the_first_task() -> None:
    run = Run((), "Timeout is given")
    assert run.chosen == []
    assert sorted(run.evaluate(5, in_flight=1)) == [1, 2, 3, 4, 5]
    assert run.chosen == [("Processes", "Timeout is given")]


def test_it_closes_what_is_in_use() -> None:
    run = Run(repeat(0.012))
    run.evaluator.close()
    run.evaluator.close()
