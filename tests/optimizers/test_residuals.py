import numpy as np
import pytest

from paramsrun.optimizers.blocking import Loss
from paramsrun.optimizers.residuals import Residuals

BOX = np.array([[0.0, 1.0], [0.0, 1.0]])
MATRIX = np.array([[2.0, 0.0], [1.0, 3.0], [0.0, -4.0]])


class Recorded:
    """Residuals 1 + M x that keep their batches and fail where told to."""

    def __init__(self, fails=lambda x: False, curve=0.0):
        self.batches = []
        self.fails = fails
        self.curve = curve

    def __call__(self, x):
        self.batches.append(x.tolist())
        return [None if self.fails(p) else 1.0 + MATRIX @ (p + self.curve * p**2) for p in x]


def residuals(told, scheme="2-point", step=0.125, is_finite=False):
    return Residuals(Loss(told), BOX, scheme, step, is_finite=is_finite)


def test_a_jacobian_is_one_batch_of_a_point_for_each_parameter():
    told = Recorded()
    r = residuals(told)
    x = np.array([0.5, 0.25])
    assert r(x).tolist() == [2.0, 2.25, 0.0]
    assert np.array_equal(r.jacobian(x), MATRIX)
    assert told.batches == [[[0.5, 0.25]], [[0.625, 0.25], [0.5, 0.375]]]


def test_the_same_point_is_not_evaluated_twice():
    told = Recorded()
    r = residuals(told)
    assert np.array_equal(r(np.array([0.5, 0.5])), r(np.array([0.5, 0.5])))
    assert len(told.batches) == 1


def test_a_jacobian_elsewhere_evaluates_its_point_first():
    told = Recorded()
    assert np.array_equal(residuals(told).jacobian(np.array([0.5, 0.5])), MATRIX)
    assert told.batches[0] == [[0.5, 0.5]]


def test_at_an_upper_bound_it_steps_back():
    told = Recorded()
    assert np.array_equal(residuals(told).jacobian(np.array([1.0, 0.0])), MATRIX)
    assert told.batches[1] == [[0.875, 0.0], [1.0, 0.125]]


def test_a_column_that_fails_is_taken_from_the_other_side():
    told = Recorded(lambda x: x[1] > 0.5)
    assert np.array_equal(residuals(told).jacobian(np.array([0.5, 0.5])), MATRIX)
    assert told.batches[-1] == [[0.5, 0.375]]


def test_a_column_that_fails_on_both_sides_is_zero():
    told = Recorded(lambda x: x[0] != 0.5)
    jacobian = residuals(told).jacobian(np.array([0.5, 0.5]))
    assert np.array_equal(jacobian, MATRIX * [0.0, 1.0])


@pytest.mark.parametrize("x", [[0.5, 0.25], [0.0, 1.0], [1.0, 0.0]])
def test_three_points_know_a_parabola_exactly_also_at_the_bounds(x):
    told = Recorded(curve=0.5)
    jacobian = residuals(told, "3-point").jacobian(np.array(x))
    assert jacobian == pytest.approx(MATRIX * (1.0 + np.array(x)), abs=1e-13)
    assert [len(batch) for batch in told.batches] == [1, 4]
    assert all(0.0 <= p <= 1.0 for point in told.batches[1] for p in point)


def test_where_one_of_three_points_fails_two_are_enough():
    told = Recorded(lambda x: x[1] > 0.5)
    assert np.array_equal(residuals(told, "3-point").jacobian(np.array([0.5, 0.5])), MATRIX)


def test_a_failed_point_is_nan_or_above_all_others():
    def fails(x):
        return x[0] > 0.75

    good, bad = np.array([0.5, 0.5]), np.array([0.8, 0.5])
    may_be_nan = residuals(Recorded(fails))
    may_be_nan(good)
    assert np.isnan(may_be_nan(bad)).all()
    finite = residuals(Recorded(fails), is_finite=True)
    lower = np.linalg.norm(finite(good))
    assert np.inf > np.linalg.norm(finite(bad)) > lower


def test_residuals_fewer_than_parameters_are_filled_with_zeros_where_it_matters():
    def one(x):
        return [p[:1] for p in x]

    assert residuals(one)(np.array([0.5, 0.5])).tolist() == [0.5]
    assert residuals(one, is_finite=True)(np.array([0.5, 0.5])).tolist() == [0.5, 0.0]


def test_a_number_of_residuals_that_changes_is_refused():
    def more_and_more(x):
        return [np.ones(int(10 * p[0])) for p in x]

    r = residuals(more_and_more)
    r(np.array([0.3, 0.5]))
    with pytest.raises(ValueError, match="the number of residuals changes: 3 and 5"):
        r(np.array([0.5, 0.5]))
