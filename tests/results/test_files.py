"""The text files that others read: their numbers, and that they are whole."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.results.files import Lines, log10, loss_row, replace, shown


@pytest.mark.parametrize(
    ("fx", "text"),
    [
        (3200228859.25491, "3200228859.254910"),
        (20754.262585878463, "20754.262586"),
        (0.0, "0.000000"),
        (0.25, "0.250000"),
        (1e-9, "1e-09"),
        (0.1234567, "0.1234567"),
        (-3.5, "-3.500000"),
        (-1.5e-7, "-1.5e-07"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_loss_has_six_decimals_unless_they_lose_something(fx: float, text: str) -> None:
    assert shown(fx) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_loss_is_off_by_more_than_a_millionth(fx: float) -> None:
    assert abs(float(shown(fx)) - fx) <= 1e-6 * abs(fx)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((3, 3200228859.25491, 1.1), "000003  3200228859.254910 9.505 1.10"),
        ((1234567, 0.0, 12345.678), "1234567  0.000000 -inf 12345.68"),
        ((1, -2.0, 0.0), "000001  -2.000000 nan 0.00"),
        ((1, math.inf, 0.0), "000001  inf inf 0.00"),
        ((1, 1e-300, 0.0), "000001  1e-300 -300.000 0.00"),
    ],
)
def test_a_row_has_the_documented_form(row: tuple[int, float, float], text: str) -> None:
    assert loss_row(*row) == text


def test_the_logarithm_is_minus_infinite_at_zero_and_none_below() -> None:
    assert log10(0.0) == -math.inf
    assert math.isnan(log10(-1.0))
    assert math.isnan(log10(math.nan))


def test_lines_reach_the_disk_when_they_are_flushed(tmp_path: Path) -> None:
    path = tmp_path / "sub/log.txt"
    lines = Lines(path, "#header")
    assert path.read_text() == "#header\n"
    lines.add("one")
    lines.add("two")
    assert path.read_text() == "#header\n"
    lines.flush()
    assert path.read_text() == "#header\none\ntwo\n"
    lines.add("Å")
    lines.close()
    lines.close()
    assert path.read_text("utf-8").endswith("two\nÅ\n")


def test_a_full_disk_is_met_once_and_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        Lines(path, "#header")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    replace(path, "old")
    with path.open() as reader:
        replace(path, "new Å")
        assert reader.read() == "old"
    assert path.read_text("utf-8") == "new Å"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
