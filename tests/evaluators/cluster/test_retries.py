"""What a cluster could not compute is tried again, and no more often than it may be."""

from collections import deque
from typing import Any

import pytest

from paramsrun.errors import EvaluatorLost, NoRoom
from paramsrun.evaluators.cluster.connection import Failed, Killed, Lost, Workers
from paramsrun.evaluators.cluster.evaluator import Dask
from paramsrun.evaluators.cluster.order import Chunk, Computed
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.messages import Over
from tests.evaluators.losses import Sphere, task


class Line:
    """A connection whose workers answer at once: as told, then with losses."""

    address = "tcp://here:1"

    def __init__(self, answers: list[Any]) -> None:
        self.answers = deque(answers)
        self.sent: list[list[int]] = []
        self._messages: deque[Any] = deque([Workers({"a": 1})])

    def send(self, number: int, chunk: Chunk, only: object) -> None:
        self.sent.append([one.key.number for one in chunk.tasks])
        answer = self.answers.popleft() if self.answers else self._computed(chunk)
        self._messages.append((number, answer))

    def told(self, message: Any) -> None:
        self._messages.append(message)

    def receive(self, seconds: float) -> Any:
        return self._messages.popleft() if self._messages else None

    def close(self) -> None:
        self._messages.clear()

    def _computed(self, chunk: Chunk) -> Computed:
        inline = Inline(Sphere())
        for one in chunk.tasks:
            inline.submit(one)
        return Computed(
            tuple(inline.next_done()[1] for _ in chunk.tasks), (0.001,) * len(chunk.tasks)
        )


def done(answers: list[Any], n: int, retries: int) -> tuple[list[list[int]], list[Any]]:
    """Evaluate n points, the first alone; return what was sent, and the reasons of failures."""
    line = Line(answers)
    dask: Any = Dask(line, retries=retries)  # type: ignore[arg-type]
    for number in range(1, n + 1):
        dask.submit(task(number))
    found = [dask.next_done() for _ in range(n)]
    assert sorted(one.key.number for one, _ in found) == list(range(1, n + 1))
    return line.sent, [e.failures[0].reason for _, e in found if e.failures]


GONE = "the worker tcp://a ended"


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_one_over_which_workers_were_lost_has_failed(retries: int) -> None:
    assert done([Killed(GONE)], 1, retries) == (
        [[1]],
        ["the worker tcp://a ended while it computed this point"],
    )


@pytest.mark.parametrize(("retries", "times"), [(0, 1), (1, 2), (2, 3)])
def test_one_that_fails_for_another_reason_is_tried_so_often(retries: int, times: int) -> None:
    assert done([Failed("no room")] * 9, 1, retries) == ([[1]] * times, ["no room"])
    assert done([Failed("no room")] * retries, 1, retries)[1] == []


@pytest.mark.parametrize("answer", [Killed(GONE), Failed("no room")])
def test_of_several_each_is_tried_alone(answer: object) -> None:
    first = Computed((loss_of_first(),), (0.001,))
    sent, reasons = done([first, answer], 5, retries=0)
    assert sent[:2] == [[1], [2, 3]]
    assert [numbers for numbers in sent[2:] if numbers in ([2], [3])] == [[2], [3]]
    assert reasons == []


def loss_of_first() -> Any:
    return Sphere().evaluate(task(1).x, task(1).key)


def test_what_arrived_before_the_end_of_the_run_is_given_out() -> None:
    first = Computed((loss_of_first(),), (0.001,))
    line = Line([first, first, Over(NoRoom("the disk is full"))])
    dask: Any = Dask(line, retries=0)  # type: ignore[arg-type]
    for number in (1, 2, 3):
        dask.submit(task(number))
    assert [dask.next_done()[0].key.number for _ in range(2)] == [1, 2]
    assert line.sent == [[1], [2], [3]]
    with pytest.raises(NoRoom, match="the disk is full"):
        dask.next_done()


def test_what_fails_since_the_scheduler_is_lost_is_no_loss() -> None:
    first = Computed((loss_of_first(),), (0.001,))
    line = Line([first, Failed("the connection ended")])
    dask: Any = Dask(line, retries=0)  # type: ignore[arg-type]
    dask.submit(task(1))
    assert dask.next_done()[0].key.number == 1
    dask.submit(task(2))
    line.told(Lost("it is gone"))
    with pytest.raises(EvaluatorLost, match=r"is lost \(Evaluator\): it is gone"):
        dask.next_done()
