"""Distances, angles and dihedrals with known answers."""

import numpy as np
import pytest

from paramsrun.problem.contract import System
from paramsrun.problem.extractors.angle import Angle
from paramsrun.problem.extractors.dihedral import Dihedral
from paramsrun.problem.extractors.distance import Distance

# O, H, H at the experimental geometry: 0.9572 angstrom and 104.52 degrees
HALF = np.radians(104.52 / 2)
WATER = [
    [0.0, 0.0, 0.0],
    [0.9572 * np.sin(HALF), 0.9572 * np.cos(HALF), 0.0],
    [-0.9572 * np.sin(HALF), 0.9572 * np.cos(HALF), 0.0],
]


def system(positions, lattice=None) -> System:
    positions = np.array(positions, dtype=float)
    cell = None if lattice is None else np.array(lattice, dtype=float)
    return System(("Ar",) * len(positions), positions, cell)


def measure(extractor, positions, lattice=None) -> float:
    return extractor.value({}, system(positions, lattice))


def twisted(angle: float) -> list[list[float]]:
    """Return four atoms; seen from the second along z, the fourth is clockwise by angle."""
    phi = np.radians(angle)
    return [[1, 0, 0], [0, 0, 0], [0, 0, 1.5], [np.cos(phi), np.sin(phi), 1.5]]


def test_water_has_its_bond_length_and_angle() -> None:
    assert measure(Distance(0, 1), WATER) == pytest.approx(0.9572, rel=1e-14)
    assert measure(Angle(1, 0, 2), WATER) == pytest.approx(104.52, rel=1e-14)


def test_the_second_atom_of_an_angle_is_the_central_one() -> None:
    corner = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert measure(Angle(1, 0, 2), corner) == pytest.approx(90.0)
    assert measure(Angle(0, 1, 2), corner) == pytest.approx(45.0)


@pytest.mark.parametrize(("end", "expected"), [([2, 0, 0], 0.0), ([-3, 0, 0], 180.0)])
def test_angles_of_atoms_in_line_are_exact(end, expected) -> None:
    assert measure(Angle(0, 1, 2), [[1, 0, 0], [0, 0, 0], end]) == expected


@pytest.mark.parametrize("angle", [-150.0, -90.0, -1e-6, 0.0, 60.0, 90.0, 179.0, 180.0])
def test_dihedrals_are_positive_clockwise(angle) -> None:
    assert measure(Dihedral(0, 1, 2, 3), twisted(angle)) == pytest.approx(angle, abs=1e-12)


def test_a_dihedral_read_backwards_is_the_same() -> None:
    assert measure(Dihedral(3, 2, 1, 0), twisted(-70.0)) == pytest.approx(-70.0)


def test_dihedrals_have_a_period_and_angles_have_none() -> None:
    assert (Dihedral.period, Angle.period) == (360.0, None)


def test_a_periodic_distance_is_the_one_to_the_nearest_image() -> None:
    atoms, cell = [[0.5, 0, 0], [9.5, 0, 0]], 10 * np.eye(3)
    assert measure(Distance(0, 1), atoms, cell) == pytest.approx(1.0)
    assert measure(Distance(0, 1, mic=False), atoms, cell) == 9.0


def test_directions_without_a_lattice_vector_do_not_repeat() -> None:
    atoms = [[0, 0, 0], [9, 9, 0]]
    assert measure(Distance(0, 1), atoms, [[10, 0, 0]]) == pytest.approx(np.hypot(1, 9))
    assert measure(Distance(0, 1), atoms, [[10, 0, 0], [0, 10, 0]]) == pytest.approx(2**0.5)


def test_the_nearest_image_is_found_in_a_strongly_tilted_cell() -> None:
    cell = np.array([[4.0, 0, 0], [11.7, 1.0, 0], [-6.9, 2.3, 5.0]])
    rng = np.random.default_rng(3)
    cells = np.array(list(np.ndindex(21, 41, 21))) - [10, 20, 10]
    for _ in range(20):
        atoms = rng.uniform(-20, 20, (2, 3))
        reduced = (atoms[1] - atoms[0]) @ np.linalg.inv(cell)
        images = (reduced - np.round(reduced) + cells) @ cell
        expected = np.linalg.norm(images, axis=1).min()
        assert measure(Distance(0, 1), atoms, cell) == pytest.approx(expected, rel=1e-12)


def test_angles_and_dihedrals_run_across_the_cell_boundary() -> None:
    cell = 6 * np.eye(3)
    wrapped = np.mod(np.array(twisted(50.0)) - 0.3, 6.0)
    assert measure(Dihedral(0, 1, 2, 3), wrapped, cell) == pytest.approx(50.0)
    assert measure(Angle(0, 1, 2), wrapped, cell) == pytest.approx(90.0)
    assert measure(Dihedral(0, 1, 2, 3, mic=False), wrapped, cell) != pytest.approx(50.0, abs=1)


def test_an_atom_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"^there is no atom 3: the 3 atoms are counted from 0$"):
        measure(Distance(0, 3), WATER)


@pytest.mark.parametrize("atoms", [(0, -1), (0, 1.0), (True, 0), ("O", 0)])
def test_what_is_no_atom_number_is_refused(atoms) -> None:
    with pytest.raises(ValueError, match=r"^an atom is named by its number, counted from 0, not "):
        Distance(*atoms)


def test_an_atom_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the atoms 1, 0, 1 are not all different$"):
        Angle(1, 0, 1)


def test_a_dihedral_of_atoms_in_line_is_refused() -> None:
    along = np.array([0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="not in line"):
        measure(Dihedral(0, 1, 2, 3), [0 * along, along, 3 * along, [1, 0, 3]])


def test_atoms_on_the_same_spot_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^atoms 0 and 1 stand on the same spot$"):
        measure(Distance(0, 1), [[1, 1, 1], [1, 1, 1]])
