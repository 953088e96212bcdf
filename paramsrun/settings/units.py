"""Units of measure: what may stand in brackets behind a number, and what it is worth."""

from collections.abc import Mapping

# CODATA 2022: Mohr, Newell, Taylor & Tiesinga, Rev. Mod. Phys. 97, 025002 (2025),
# doi 10.1103/RevModPhys.97.025002. The electronvolt, Avogadro's number and the calorie are exact.
BOHR_IN_ANGSTROM = 0.529177210544
HARTREE_IN_J = 4.3597447222060e-18
HARTREE_IN_EV = HARTREE_IN_J / 1.602176634e-19
HARTREE_IN_KJ_PER_MOL = HARTREE_IN_J * 6.02214076e23 / 1000
HARTREE_IN_KCAL_PER_MOL = HARTREE_IN_KJ_PER_MOL / 4.184

DIMENSIONS: Mapping[str, Mapping[str, float]] = {
    "time": {
        "s": 1.0,
        "ms": 1e-3,
        "min": 60.0,
        "h": 3600.0,
        "day": 86400.0,
        "days": 86400.0,
    },
    "length": {"angstrom": 1.0, "bohr": BOHR_IN_ANGSTROM, "nm": 10.0, "pm": 0.01},
    "energy": {
        "hartree": 1.0,
        "Ha": 1.0,
        "eV": 1 / HARTREE_IN_EV,
        "kJ/mol": 1 / HARTREE_IN_KJ_PER_MOL,
        "kcal/mol": 1 / HARTREE_IN_KCAL_PER_MOL,
    },
    "angle": {"degree": 1.0, "radian": 57.29577951308232},
    "fraction": {"fraction": 1.0, "%": 0.01},
    "memory": {"MB": 1.0, "kB": 1e-3, "GB": 1e3, "TB": 1e6},
}
"""Dimension -> unit -> its size in the dimension's first unit."""


class UnknownUnit(ValueError):
    """A unit that does not measure what the key takes."""


def convert(number: float, given: str, wanted: str) -> float:
    """Return a number given in one unit as a number of another; names ignore case.

    Raises UnknownUnit, which lists the units that fit.
    """
    units = _fitting(wanted)
    sizes = {name.casefold(): size for name, size in units.items()}
    if given.casefold() not in sizes:
        *others, last = units
        known = any(given in fitting for fitting in DIMENSIONS.values())
        problem = f"cannot be given in {given}" if known else f"has the unknown unit {given}"
        raise UnknownUnit(f"{problem}; it takes {', '.join(others)} or {last}")
    if given.casefold() == wanted.casefold():
        return number
    return number * (sizes[given.casefold()] / sizes[wanted.casefold()])


def alternatives(wanted: str) -> tuple[str, ...]:
    """Return the other units in which a value of this unit may be given."""
    return tuple(name for name in _fitting(wanted) if name != wanted)


def _fitting(unit: str) -> Mapping[str, float]:
    for units in DIMENSIONS.values():
        if unit in units:
            return units
    raise LookupError(f"no dimension has the unit {unit}")
