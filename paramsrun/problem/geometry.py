"""Vectors between the atoms of a system, for extractors that measure its geometry."""

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.problem.contract import System
from paramsrun.problem.pairs import minimum_image


def check_atoms(*atoms: object) -> None:
    """Raise ValueError unless these are different atom numbers."""
    for atom in atoms:
        if type(atom) is not int or atom < 0:
            raise ValueError(f"an atom is named by its number, counted from 0, not {atom!r}")
    if len(set(atoms)) < len(atoms):
        raise ValueError(f"the atoms {', '.join(map(str, atoms))} are not all different")


def between(system: System, start: int, end: int, mic: bool) -> Vector:
    """Return the vector [angstrom] from one atom to another, or with mic to its nearest image.

    Raises ValueError for atoms that the system lacks or that stand on the same spot.
    """
    n_atoms = len(system.positions)
    for atom in (start, end):
        if atom >= n_atoms:
            raise ValueError(f"there is no atom {atom}: the {n_atoms} atoms are counted from 0")
    vector: Vector = system.positions[end] - system.positions[start]
    if mic:
        vector = minimum_image(vector, system.lattice)
    if not vector.any():
        raise ValueError(f"atoms {start} and {end} stand on the same spot")
    return vector


def degrees(sine: float, cosine: float) -> float:
    """Return the angle, in (-180, 180], whose sine and cosine are in this ratio."""
    return float(np.degrees(np.arctan2(sine, cosine)))
