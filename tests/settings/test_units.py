"""Units and their values."""

import pytest
from scipy import constants

from paramsrun.settings.units import DIMENSIONS, UnknownUnit, alternatives, convert


def test_conversions_agree_with_codata() -> None:
    hartree = constants.physical_constants["Hartree energy"][0]
    bohr = constants.physical_constants["Bohr radius"][0]
    assert convert(1.0, "bohr", "angstrom") == pytest.approx(bohr * 1e10, rel=1e-9)
    assert convert(1.0, "hartree", "eV") == pytest.approx(hartree / constants.e, rel=1e-9)
    kj = hartree * constants.N_A / 1000
    assert convert(1.0, "Ha", "kJ/mol") == pytest.approx(kj, rel=1e-9)
    assert convert(1.0, "Ha", "kcal/mol") == pytest.approx(kj / constants.calorie, rel=1e-9)


@pytest.mark.parametrize(
    ("number", "given", "wanted", "expected"),
    [
        (1.0, "h", "s", 3600.0),
        (2.0, "DAYS", "s", 172800.0),
        (90.0, "s", "min", 1.5),
        (1.0, "nm", "angstrom", 10.0),
        (250.0, "pm", "angstrom", 2.5),
        (180.0, "degree", "radian", 3.141592653589793),
        (0.5, "fraction", "%", 50.0),
        (1.0, "GB", "MB", 1000.0),
    ],
)
def test_known_conversions(number: float, given: str, wanted: str, expected: float) -> None:
    assert convert(number, given, wanted) == pytest.approx(expected, rel=1e-15)


def test_the_keys_own_unit_changes_nothing() -> None:
    for units in DIMENSIONS.values():
        for unit in units:
            assert convert(0.1, unit, unit) == 0.1


def test_an_unknown_unit_lists_those_that_fit() -> None:
    with pytest.raises(UnknownUnit, match="has the unknown unit parsec; it takes angstrom, bohr"):
        convert(1.0, "parsec", "angstrom")


def test_a_unit_of_something_else_is_not_unknown() -> None:
    with pytest.raises(UnknownUnit, match="cannot be given in eV; it takes angstrom, bohr"):
        convert(1.0, "eV", "bohr")


def test_alternatives_leave_out_the_unit_itself() -> None:
    assert alternatives("angstrom") == ("bohr", "nm", "pm")
