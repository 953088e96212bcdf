import pytest

from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.ordered import Ordered
from tests.evaluators.conftest import Make
from tests.evaluators.losses import Slow, results, task

MIXED = Slow(0.0, ((1, 0.05), (4, 0.03), (9, 0.02), (15, 0.02)))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_submission(processes: Make, workers: int) -> None:
    evaluator = Ordered(processes(MIXED, workers))
    found = [done.key.number for done, _ in results(evaluator, 30, in_flight=6)]
    assert found == [*range(1, 31)]


def test_it_holds_for_inline_too() -> None:
    found = [done.key.number for done, _ in results(Ordered(Inline(Slow(0.0))), 10)]
    assert found == [*range(1, 11)]


def test_early_results_are_kept_while_the_time_of_waiting_ends(processes: Make) -> None:
    evaluator = Ordered(processes(Slow(0.0, ((1, 0.5),))))
    evaluator.submit(task(1))
    evaluator.submit(task(2))
    assert evaluator.next_done(0.0) is None
    assert [d[0].key.number for _ in range(2) if (d := evaluator.next_done())] == [1, 2]
