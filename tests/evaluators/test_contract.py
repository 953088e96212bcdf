"""What an evaluator says of a point that it gave up."""

import numpy as np

from paramsrun.evaluators.contract import failed
from paramsrun.manager.living import Candidate
from paramsrun.manager.optimizers import evaluated


def test_a_failure_of_the_evaluator_is_told_as_one() -> None:
    given_up = failed("it took longer than 0.02 s (Timeout)")
    event = evaluated(2, Candidate(1, 0, 1, np.zeros(2)), given_up, 0.0)
    assert (event.fx, event.why) == (np.inf, "Evaluator: it took longer than 0.02 s (Timeout)")
