"""Evaluations in the calling process."""

import os

from paramsrun.evaluators.inline import Inline
from tests.evaluators.losses import Forking, task


def test_a_child_that_a_loss_forks_ends_with_the_evaluation() -> None:
    here, problem = os.getpid(), Forking((1,))
    evaluator = Inline(problem)
    evaluator.submit(task(1))
    try:
        _, evaluation = evaluator.next_done()
    finally:
        if os.getpid() != here:
            os._exit(99)
    assert evaluation.fx == 1.0
    assert os.waitpid(problem.children[0], 0)[1] == 0
