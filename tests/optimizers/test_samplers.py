import itertools

import numpy as np
import pytest

from paramsrun.optimizers.grid_sampling import GridSampling
from paramsrun.optimizers.random_sampling import RandomSampling
from paramsrun.optimizers.samples import BATCH
from paramsrun.problem.scaling import Scaling
from paramsrun.problem.space import Dimension

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


WIDTH = Dimension("width", 1.0, 100.0, "integer", "log")
SPACE = (
    Dimension("lr", 1e-4, 1.0, "float", "log"),
    WIDTH,
    Dimension("layers", -1.0, 2.0, "integer"),
    Dimension("act", 0.0, 2.0, "categorical", "linear", ("relu", "tanh", "two words")),
)
RANGES = np.array([[d.lower, d.upper] for d in SPACE])
KINDS = ["linear", "std", "none"]


def typed_grid(m, kind="linear", space=SPACE):
    """Return the real values of each parameter on a grid, and all points."""
    scaling = Scaling(np.array([[d.lower, d.upper] for d in space]), kind, space)
    grid = GridSampling(number_of_samples_per_parameter=m).within(scaling.seen)
    ended, batches = drain(grid, scaling.bounds)
    x = np.vstack(batches)
    assert ((scaling.bounds[:, 0] <= x) & (x <= scaling.bounds[:, 1])).all()
    real = scaling.real(x)
    assert ended == ("converged", f"all {len(real)} points of the grid evaluated")
    return [sorted(set(column)) for column in real.T.tolist()], real


@pytest.mark.parametrize("kind", KINDS)
def test_a_grid_has_every_value_of_a_parameter_with_few(kind):
    values, real = typed_grid(5, kind)
    assert values[2:] == [[-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    assert [len(v) for v in values] == [5, 5, 4, 3]
    assert len(np.unique(real, axis=0)) == len(real) == 5 * 5 * 4 * 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("m", [2, 3, 10, 50, 99, 100])
def test_a_grid_has_as_many_whole_numbers_as_points_are_wanted(kind, m):
    values, _ = typed_grid(m, kind, (WIDTH,))
    assert len(values[0]) == m
    assert (values[0][0], values[0][-1]) == (1.0, 100.0)


def test_a_grid_follows_the_scale():
    values, _ = typed_grid(5)
    assert values[0] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0], rel=1e-12)
    assert values[1] == [1.0, 2.0, 7.0, 27.0, 100.0]
    in_real_units, _ = typed_grid(5, "none")
    assert in_real_units[0] == pytest.approx(np.linspace(1e-4, 1.0, 5))
    assert in_real_units[1] == [1.0, 26.0, 51.0, 76.0, 100.0]


def test_a_grid_of_plain_floats_is_the_same_with_its_space_and_without():
    plain = Scaling(
        BOX, "linear", tuple(Dimension(n, *b) for n, b in zip("abc", BOX.tolist(), strict=True))
    )
    with_space = drain(GridSampling().within(plain.seen), plain.bounds)
    assert np.array_equal(
        np.vstack(with_space[1]), np.vstack(drain(GridSampling(), plain.bounds)[1])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_random_samples_of_countable_values_are_all_as_likely(kind):
    scaling = Scaling(RANGES[2:], kind, SPACE[2:])
    _, batches = drain(RandomSampling(number_of_samples=12_000), scaling.bounds)
    for column, n in zip(scaling.real(np.vstack(batches)).T, (4, 3), strict=True):
        _, counts = np.unique(column, return_counts=True)
        assert counts == pytest.approx([12_000 / n] * n, rel=0.06)
