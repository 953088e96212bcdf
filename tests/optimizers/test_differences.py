import numpy as np
import pytest

from paramsrun.optimizers.blocking import Astray
from paramsrun.optimizers.differences import Differences, Enough

BOX = np.array([[0.0, 1.0], [0.0, 1.0]])


class Recorded:
    """A loss 2 x + 3 y + 1 that keeps its batches and fails where told to."""

    def __init__(self, fails=lambda x: False):
        self.batches = []
        self.fails = fails

    def __call__(self, x):
        return self.many(x[None])[0]

    def many(self, x):
        self.batches.append(x.tolist())
        fx = 1.0 + x @ [2.0, 3.0]
        return np.where([self.fails(point) for point in x], np.inf, fx)


def differences(loss, step=0.125, relative=False, limit=1000):
    return Differences(loss, BOX, step, relative=relative, limit=limit)


def test_a_gradient_costs_one_batch_of_a_point_for_each_parameter():
    loss = Recorded()
    function = differences(loss)
    x = np.array([0.5, 0.25])
    assert function(x) == 2.75
    assert function.gradient(x).tolist() == [2.0, 3.0]
    assert loss.batches == [[[0.5, 0.25]], [[0.625, 0.25], [0.5, 0.375]]]


def test_a_gradient_elsewhere_evaluates_its_point_first():
    loss = Recorded()
    assert differences(loss).gradient(np.array([0.5, 0.5])).tolist() == [2.0, 3.0]
    assert loss.batches[0] == [[0.5, 0.5]]


def test_at_an_upper_bound_it_steps_back():
    loss = Recorded()
    assert differences(loss).gradient(np.array([1.0, 0.0])).tolist() == [2.0, 3.0]
    assert loss.batches[1] == [[0.875, 0.0], [1.0, 0.125]]


def test_a_relative_step_grows_with_the_parameter():
    loss = Recorded()
    wide = Differences(loss, 100 * BOX, 0.125, relative=True, limit=1000)
    wide.gradient(np.array([8.0, 0.5]))
    assert loss.batches[1] == [[9.0, 0.5], [8.0, 0.625]]


def test_a_column_that_fails_is_taken_from_the_other_side():
    loss = Recorded(lambda x: x[1] > 0.5)
    assert differences(loss).gradient(np.array([0.5, 0.5])).tolist() == [2.0, 3.0]
    assert loss.batches[2] == [[0.5, 0.375]]


def test_a_column_that_fails_on_both_sides_has_no_slope():
    loss = Recorded(lambda x: x[1] != 0.5)
    assert differences(loss).gradient(np.array([0.5, 0.5])).tolist() == [2.0, 0.0]


def test_a_point_that_fails_is_worse_than_all_before_and_has_no_gradient():
    loss = Recorded(lambda x: x[0] > 0.9)
    function = differences(loss)
    seen = [function(np.array([x, 0.0])) for x in (0.1, 0.5)]
    failed = function(np.array([1.0, 0.0]))
    assert max(seen) < failed < np.inf
    assert function.gradient(np.array([1.0, 0.0])).tolist() == [0.0, 0.0]
    assert len(loss.batches) == 3


def test_a_first_point_that_fails_leads_nowhere():
    with pytest.raises(Astray, match="the first loss is not finite"):
        differences(Recorded(lambda x: True))(np.zeros(2))


def test_the_limit_counts_every_point():
    function = differences(Recorded(), limit=4)
    function.gradient(np.array([0.1, 0.1]))
    function(np.array([0.2, 0.2]))
    with pytest.raises(Enough, match="the 4 evaluations that maxfun allows are made"):
        function(np.array([0.3, 0.3]))
