"""Which Optimizer block each selector takes next."""

import numpy as np
import pytest

from paramsrun.randomness import Purpose, Stream
from paramsrun.settings.families import selectors
from tests.manager.told import Told


def stream(o: int) -> Stream:
    return Stream(112, Purpose.SELECT, o)


def test_cycle_takes_the_blocks_in_turn() -> None:
    told, chosen = Told(), []
    for o in range(1, 8):
        chosen.append(selectors["Cycle"]().next(3, told.state, stream(o)))
        told.start(o)
    assert chosen == [1, 2, 3, 1, 2, 3, 1]


def test_cycle_goes_on_after_optimizers_that_ended() -> None:
    told = Told().start(1).end(1)
    assert selectors["Cycle"]().next(2, told.state, stream(1)) == 2


def test_random_takes_every_block_about_as_often() -> None:
    run = Told().state
    chosen = [selectors["Random"]().next(3, run, stream(o)) for o in range(3000)]
    counts = np.bincount(chosen, minlength=4)
    assert counts[0] == 0
    assert counts[1:] == pytest.approx([1000] * 3, rel=0.1)
    assert type(chosen[0]) is int


@pytest.mark.parametrize(
    ("n_blocks", "thresholds", "calls", "block"),
    [
        (2, (500,), 0, 1),
        (2, (500,), 499, 1),
        (2, (500,), 500, 2),
        (2, (500,), 10_000, 2),
        (3, (500, 900), 499, 1),
        (3, (500, 900), 899, 2),
        (3, (500, 900), 900, 3),  # both crossed at once is no matter
        (2, (500, 900), 899, 2),
        (2, (500, 900), 900, None),  # as many thresholds as blocks
        (1, (500,), 499, 1),
        (1, (500,), 500, None),
    ],
)
def test_chain(n_blocks: int, thresholds: tuple[int, ...], calls: int, block: int | None) -> None:
    run = Told().start(1).losses(1, *[1.0] * calls).state
    assert selectors["Chain"](thresholds=thresholds).next(n_blocks, run, stream(1)) == block


def test_chain_counts_no_initial_evaluation() -> None:
    told = Told().initial(1.0).start(1).losses(1, 1.0, 1.0)
    assert selectors["Chain"](thresholds=(3,)).next(2, told.state, stream(1)) == 1
    assert selectors["Chain"](thresholds=(3,)).next(2, told.losses(1, 1.0).state, stream(1)) == 2


@pytest.mark.parametrize("name", list(selectors))
def test_the_same_random_numbers_select_the_same(name: str) -> None:
    fields = {"thresholds": (2,)} if name == "Chain" else {}
    selector, run = selectors[name](**fields), Told().start(1).losses(1, 1.0).state
    assert [selector.next(5, run, stream(i)) for i in range(9)] == [
        selector.next(5, run, stream(i)) for i in range(9)
    ]
