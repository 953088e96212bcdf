"""Units of data set entries: what one unit of an extractor is in another."""

from collections.abc import Mapping
from functools import cache

from paramsrun.settings.units import BOHR_IN_ANGSTROM, DIMENSIONS, HARTREE_IN_J

_ENERGIES = DIMENSIONS["energy"]
_LENGTHS = DIMENSIONS["length"]
_ANGLES = DIMENSIONS["angle"]
_PASCAL = (BOHR_IN_ANGSTROM * 1e-10) ** 3 / HARTREE_IN_J
"""In hartree/bohr^3."""


def known_units(unit: str) -> Mapping[str, float]:
    """Return the units that measure what this one does, each with what one of ``unit`` is in it."""
    for sizes in _quantities():
        if unit in sizes:
            return {name: sizes[unit] / size for name, size in sizes.items()}
    return {unit: 1.0}


@cache
def _quantities() -> tuple[Mapping[str, float], ...]:
    """Return for each quantity its units and their sizes in one of them."""
    return (
        _ENERGIES,
        _LENGTHS,
        _ANGLES,
        {
            f"{energy}/{length}": e / _LENGTHS[length]
            for energy, e in _ENERGIES.items()
            for length in ("bohr", "angstrom")
        },
        _stresses(),
    )


def _stresses() -> Mapping[str, float]:
    hartree_per_bohr3 = 1.0 / _LENGTHS["bohr"] ** 3
    per_volume = {
        f"{energy}/{length}^3": e / _LENGTHS[length] ** 3
        for energy, e in _ENERGIES.items()
        for length in ("bohr", "angstrom")
    }
    pressures = {"GPa": 1e9, "MPa": 1e6, "bar": 1e5}
    return per_volume | {
        name: pascals * _PASCAL * hartree_per_bohr3 for name, pascals in pressures.items()
    }
