import itertools

import numpy as np
import pytest

from paramsrun.optimizers.grid_sampling import GridSampling
from paramsrun.optimizers.random_sampling import RandomSampling
from paramsrun.optimizers.samples import BATCH

BOX = np.array([[0.0, 1.0], [-1.0, 1.0], [2.0, 2.5]])
X0 = np.array([0.5, 0.5, 2.2])


def drain(optimizer, bounds=BOX, seed=1):
    proposer = optimizer.start(bounds, X0[: len(bounds)], np.random.default_rng(seed))
    batches = []
    while proposer.ended is None:
        batches.append(proposer.ask())
        proposer.tell(batches[-1], np.zeros(len(batches[-1])))
    return proposer.ended, batches


def test_random_sampling_ends_after_the_number_of_samples():
    ended, batches = drain(RandomSampling())
    assert ended == ("converged", "all 100 samples evaluated")
    assert np.vstack(batches).shape == (100, 3)


@pytest.mark.parametrize("n", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_random_samples_come_in_batches_of_a_fixed_size(n):
    _, batches = drain(RandomSampling(number_of_samples=n))
    assert sum(map(len, batches)) == n
    assert all(len(x) == BATCH for x in batches[:-1])


def test_random_samples_are_uniform_in_the_box():
    x = np.vstack(drain(RandomSampling(number_of_samples=20_000))[1])
    assert (x >= BOX[:, 0]).all()
    assert (x <= BOX[:, 1]).all()
    u = (x - BOX[:, 0]) / (BOX[:, 1] - BOX[:, 0])
    assert u.mean(axis=0) == pytest.approx(0.5, abs=0.01)
    assert u.var(axis=0) == pytest.approx(1 / 12, abs=0.005)
    assert np.corrcoef(u.T) == pytest.approx(np.eye(3), abs=0.03)


def test_fewer_samples_are_the_first_of_more():
    few, many = (
        np.vstack(drain(RandomSampling(number_of_samples=n))[1]) for n in (70, BATCH + 200)
    )
    assert np.array_equal(few, many[:70])


def test_random_seed_is_passed_on_and_decides_nothing_here():
    assert RandomSampling(random_seed=5).random_seed == 5
    assert np.array_equal(
        np.vstack(drain(RandomSampling(random_seed=5))[1]), np.vstack(drain(RandomSampling())[1])
    )


def test_the_grid_is_the_full_product_with_the_last_parameter_fastest():
    ended, batches = drain(GridSampling(number_of_samples_per_parameter=3))
    expected = itertools.product([0.0, 0.5, 1.0], [-1.0, 0.0, 1.0], [2.0, 2.25, 2.5])
    assert np.vstack(batches).tolist() == [list(point) for point in expected]
    assert ended == ("converged", "all 27 points of the grid evaluated")


def test_the_grid_has_ten_values_per_parameter_by_default():
    x = np.vstack(drain(GridSampling(), BOX[:2])[1])
    assert len(x) == 100
    assert x.min(axis=0).tolist() == [0.0, -1.0]
    assert x.max(axis=0).tolist() == [1.0, 1.0]


def test_the_grid_comes_in_batches():
    _, batches = drain(GridSampling(number_of_samples_per_parameter=13))
    assert [len(x) for x in batches] == [BATCH, BATCH, 13**3 - 2 * BATCH]


def test_a_grid_of_astronomic_size_begins_at_once():
    bounds = np.tile([0.0, 1.0], (60, 1))
    proposer = GridSampling().start(bounds, np.zeros(60), np.random.default_rng(1))
    assert proposer.ask()[-1, -3:].tolist() == [1.0, 1.0, 1.0]
    proposer.close()
