"""Pair lists against plain counting."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from paramsrun.problem.pairs import minimum_image, pairs_within


def test_a_cluster_has_every_pair_once_also_when_it_is_looked_at_in_blocks() -> None:
    positions = np.random.default_rng(1).uniform(0, 50, (1100, 3))
    first, second, vectors = pairs_within(np.inf, positions)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 1100 * 1099 // 2
    np.testing.assert_array_equal(vectors, positions[second] - positions[first])
    near = np.linalg.norm(pairs_within(7.0, positions).vectors, axis=1)
    apart = pdist(positions)
    np.testing.assert_allclose(np.sort(near), np.sort(apart[apart <= 7.0]))


def test_a_pair_at_the_cutoff_counts() -> None:
    positions = np.array([[0.0, 0, 0], [0, 0, 5.0]])
    assert len(pairs_within(5.0, positions).first) == 1


@pytest.mark.parametrize(
    ("cutoff", "neighbours"), [(0.9, 0), (1.0, 6), (1.5, 18), (1.8, 26), (2.0, 32), (2.3, 56)]
)
def test_a_simple_cubic_crystal_has_its_shells_of_neighbours(cutoff, neighbours) -> None:
    pairs = pairs_within(cutoff, np.array([[0.3, 0.7, -5.0]]), np.eye(3))
    assert 2 * len(pairs.first) == neighbours
    assert not np.any(pairs.first - pairs.second)


def test_slabs_and_chains_have_images_only_along_their_vectors() -> None:
    atom = np.zeros((1, 3))
    assert 2 * len(pairs_within(2.0, atom, np.eye(3)[:2]).first) == 12
    assert 2 * len(pairs_within(2.0, atom, np.eye(3)[:1]).first) == 4


def test_moving_atoms_by_lattice_vectors_changes_no_vector() -> None:
    rng = np.random.default_rng(2)
    lattice = 5 * np.eye(3) + rng.uniform(-1, 1, (3, 3))
    positions = rng.uniform(0, 5, (4, 3))
    moved = positions + rng.integers(-9, 9, (4, 3)) @ lattice
    lengths = [
        np.sort(np.linalg.norm(pairs_within(8.0, p, lattice).vectors, axis=1))
        for p in (positions, moved)
    ]
    np.testing.assert_allclose(*lengths, rtol=1e-12)


def test_lattice_vectors_in_one_plane_are_refused() -> None:
    flat = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0]])
    with pytest.raises(ValueError, match=r"^the lattice vectors are linearly dependent$"):
        pairs_within(2.0, np.zeros((1, 3)), flat)


def test_a_cell_that_is_absurdly_small_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^more than 100000 cells are within reach"):
        pairs_within(15.0, np.zeros((1, 3)), 0.1 * np.eye(3))


def test_a_cutoff_whose_square_is_no_number_reaches_everything_or_is_refused() -> None:
    pair = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert len(pairs_within(1e160, pair).first) == 1
    with pytest.raises(ValueError, match="more than 100000 cells"):
        pairs_within(1e160, pair, 5.0 * np.eye(3))


def test_without_a_lattice_there_is_only_one_image() -> None:
    vector = np.array([7.0, -8.0, 9.0])
    np.testing.assert_array_equal(minimum_image(vector, None), vector)
