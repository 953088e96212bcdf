"""How much parameters matter, by trials of known losses."""

from dataclasses import replace

import numpy as np
import pytest

from paramsrun.optimizers.designs.strength_two import orthogonal_array
from paramsrun.problem.space import Dimension
from paramsrun.report.search_importance import Importance, basis, importance
from tests.report.searched import SPACE, sampled, search

PLAIN = tuple(Dimension(f"p{k}", -2.0, 2.0) for k in range(4))


def of(*arguments: object, **more: object) -> Importance:
    found = importance(search(*arguments, **more))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_linear_effects_have_the_shares_of_their_variances() -> None:
    x = sampled(200, PLAIN)
    found = of(x, x @ [3.0, 0.0, 1.0, -2.0], PLAIN)
    assert found.values == pytest.approx(np.array([9.0, 0.0, 1.0, 4.0]) / 14, abs=1e-3)
    assert found.what == "share of the effects (they explain over 99% of the losses)"
    assert found.are_shares


def test_quadratic_effects_have_the_shares_of_their_variances() -> None:
    x = sampled(200, PLAIN)
    found = of(x, 5.0 + (x**2) @ [1.0, 0.0, 2.0, 3.0], PLAIN)
    assert found.values == pytest.approx(np.array([1.0, 0.0, 4.0, 9.0]) / 14, abs=1e-3)


def test_scales_and_choices_have_their_shares_too() -> None:
    """Uniform over log10 of the rate (variance 16/12), and over three choices (variance 6/9)."""
    x = sampled(300)
    fx = np.log10(x[:, 0]) + np.array([0.0, 1.0, 2.0])[x[:, 2].astype(int)]
    found = of(x, fx)
    assert found.values == pytest.approx([2 / 3, 0.0, 1 / 3], abs=1e-2)


def test_a_search_that_dwelt_at_the_best_tells_the_same_as_one_that_did_not() -> None:
    x = np.concatenate([sampled(40, PLAIN), 0.3 + 1e-3 * sampled(400, PLAIN, seed=2)])
    found = of(x, ((x - 0.3) ** 2) @ [1.0, 2.0, 3.0, 4.0], PLAIN)
    assert list(np.argsort(found.values)) == [0, 1, 2, 3]
    assert found.values == pytest.approx(np.array([1.0, 4.0, 9.0, 16.0]) / 30, abs=2e-2)


def test_outliers_and_failed_trials_do_not_decide() -> None:
    x = sampled(200, PLAIN)
    fx = np.exp(5.0 * np.abs(x[:, 1])) + x[:, 0]
    fx[np.abs(x[:, 1]) > 1.9] = np.inf
    fx[7] = 1e30
    found = of(x, fx, PLAIN)
    assert found.values.argmax() == 1


def test_pruned_trials_have_no_part_in_it() -> None:
    x = sampled(60, PLAIN)
    fx = x @ [3.0, 0.0, 1.0, -2.0]
    searched = search(x, np.where(fx > np.median(fx), np.inf, fx), PLAIN)
    found = importance(replace(searched, is_pruned=searched.fx == np.inf))
    assert found is not None
    assert found.values == pytest.approx(np.array([9.0, 0.0, 1.0, 4.0]) / 14, abs=1e-2)
    assert found.what.endswith(" of the losses; 30 pruned trials left out)")
    assert importance(replace(searched, is_pruned=np.ones(60, dtype=np.bool_))) is None


def test_noise_alone_tells_nothing() -> None:
    noise = np.random.default_rng(3).random(200)
    assert importance(search(sampled(200, PLAIN), noise, PLAIN)) is None


@pytest.mark.parametrize("fx", [np.ones(50), np.full(50, np.inf)])
def test_losses_that_are_all_alike_tell_nothing(fx: np.ndarray) -> None:
    assert importance(search(sampled(50), fx)) is None


def test_few_trials_tell_nothing() -> None:
    x = sampled(9)
    assert importance(search(x, x[:, 1])) is None


def test_more_parameters_than_trials_do_no_harm() -> None:
    space = tuple(Dimension(f"p{k}", 0.0, 1.0) for k in range(40))
    x = sampled(30, space)
    found = importance(search(x, 10.0 * x[:, 3], space))
    assert found is None or found.values.argmax() == 3


def test_orthogonal_arrays_tell_the_range_of_their_level_means() -> None:
    space = (*SPACE[1:], Dimension("bias", 0.0, 1.0, "categorical", choices=(True, False)))
    rows = orthogonal_array([6, 3, 2]).astype(float)
    fx = 1.0 + 0.1 * rows[:, 0] + 2.0 * rows[:, 1]
    found = of(rows + np.array([1.0, 0.0, 0.0]), fx, space, by_array=True)
    assert found.values == pytest.approx([0.5, 4.0, 0.0])
    assert found.what == "range of the mean losses of its values"
    assert not found.are_shares


@pytest.mark.parametrize("dimension", SPACE, ids=lambda d: d.name)
def test_functions_of_a_parameter_are_orthonormal_over_its_range(dimension: Dimension) -> None:
    n = 3000 if dimension.n_values is None else dimension.n_values
    x = np.array([dimension.at((i + 0.5) / n) for i in range(n)])
    columns = basis(dimension, x)
    if dimension.type == "integer":  # a polynomial of few points is so nearly only
        assert columns.mean(axis=0) == pytest.approx(np.zeros(2), abs=0.05)
    else:
        assert columns.mean(axis=0) == pytest.approx(np.zeros(columns.shape[1]), abs=1e-6)
        gram = columns.T @ columns / n
        assert gram == pytest.approx(np.eye(columns.shape[1]), abs=1e-5)
