"""Hand arithmetic: a number with d = -2, w = 3, and an array with d = (1, 3), w = (2, 0.5).

sse     3*4 + 2*1 + 0.5*9                    = 18.5
sae     3*2 + 2*1 + 0.5*3                    = 9.5
mae     (3*2 + (2*1 + 0.5*3)/2) / 2          = 3.875
rmse    sqrt((3*4 + (2*1 + 0.5*9)/2) / 2)    = sqrt(7.625)
"""

import math

import numpy as np
import pytest

from paramsrun.problem.loss import LOSS_FUNCTIONS

D = np.array([-2.0, 1.0, 3.0])
WEIGHTS = np.array([3.0, 2.0, 0.5])
SIZES = np.array([1, 2])
STARTS = np.array([0, 1])


@pytest.mark.parametrize(
    ("name", "fx", "contributions"),
    [
        ("sse", 18.5, [12.0, 6.5]),
        ("rss", 18.5, [12.0, 6.5]),
        ("sae", 9.5, [6.0, 3.5]),
        ("mae", 3.875, [3.0, 0.875]),
        ("mad", 3.875, [3.0, 0.875]),
        ("rmse", math.sqrt(7.625), [6.0, 1.625]),
        ("rmsd", math.sqrt(7.625), [6.0, 1.625]),
    ],
)
def test_losses_are_those_of_hand_arithmetic(
    name: str, fx: float, contributions: list[float]
) -> None:
    loss = LOSS_FUNCTIONS[name]
    coefficients = loss.coefficients(WEIGHTS, SIZES)
    assert loss.total(coefficients, D) == pytest.approx(fx, rel=1e-15)
    assert loss.contributions(coefficients, D, STARTS) == pytest.approx(contributions)


@pytest.mark.parametrize("name", ["sse", "sae", "mae", "rmse"])
def test_weights_are_linear_and_not_divided_by_their_sum(name: str) -> None:
    loss = LOSS_FUNCTIONS[name]
    once = loss.total(loss.coefficients(WEIGHTS, SIZES), D)
    four_times = loss.total(loss.coefficients(4 * WEIGHTS, SIZES), D)
    assert four_times == pytest.approx(once * (2 if name == "rmse" else 4))


def test_perfect_predictions_have_no_loss() -> None:
    for loss in LOSS_FUNCTIONS.values():
        assert loss.total(loss.coefficients(WEIGHTS, SIZES), np.zeros(3)) == 0.0
