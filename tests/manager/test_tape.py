"""What a journal says of an optimizer is taken only where it can be true."""

import numpy as np
import pytest

from paramsrun.errors import RunError
from paramsrun.manager.events import Eval
from paramsrun.manager.tape import tapes


def evaluated(n: int, b: int, i: int) -> Eval:
    return Eval(n, 1, b, i, np.zeros(1), 1.0, 0.0)


@pytest.mark.parametrize("b", [2, 900_000_000, -1])
def test_a_batch_without_the_one_before_it_is_refused(b: int) -> None:
    with pytest.raises(RunError, match=f"evaluation 2 is of batch {b} of optimizer 1, of which 1"):
        tapes([evaluated(1, 0, 0), evaluated(2, b, 0)], {1})


def test_results_of_a_batch_may_come_in_any_order() -> None:
    tape = tapes([evaluated(1, 0, 1), evaluated(2, 0, 0), evaluated(3, 1, 0)], {1})[1]
    assert tape.n_before == 2
    assert tape.n_batches == 2
    assert list(tape.last) == [0]
