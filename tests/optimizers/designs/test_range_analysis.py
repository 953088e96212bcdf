"""Range analysis: which factors matter, which levels are best."""

import math

import numpy as np
import pytest

from paramsrun.optimizers.designs.range_analysis import effects
from paramsrun.optimizers.designs.strength_two import orthogonal_array

ROWS = orthogonal_array([3, 2, 2])


def test_the_effects_of_factors_that_do_not_interact_are_found() -> None:
    fx = np.array([0.0, 4.0, -1.0])[ROWS[:, 0]] + np.array([0.5, 0.0])[ROWS[:, 2]]
    found = effects(ROWS, fx)
    assert [effect.factor for effect in found] == [0, 2, 1]
    assert [effect.range for effect in found] == pytest.approx([5.0, 0.5, 0.0])
    assert [effect.best for effect in found] == [2, 1, 0]
    assert found[0].means == pytest.approx([0.25, 4.25, -0.75])


def test_a_failed_row_counts_as_the_highest_finite_loss() -> None:
    fx = np.arange(1.0, len(ROWS) + 1)
    fx[2] = math.inf
    told = fx.copy()
    told[2] = len(ROWS)
    for ours, wanted in zip(effects(ROWS, fx), effects(ROWS, told), strict=True):
        assert ours.factor == wanted.factor
        assert np.array_equal(ours.means, wanted.means)
    assert math.isinf(fx[2])


def test_a_level_that_always_fails_is_not_the_best() -> None:
    fx = np.where(ROWS[:, 1] == 0, math.inf, np.arange(len(ROWS)) * 1.0)
    assert {effect.factor: effect.best for effect in effects(ROWS, fx)}[1] == 1
