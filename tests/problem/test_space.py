"""What stands for a value in vectors, and where it stands between 0 and 1."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.problem.space import Dimension, uncommon

LR = Dimension("lr", 1e-5, 0.1, "float", "log")
WIDTH = Dimension("width", 1.0, 100.0, "integer", "log")
LAYERS = Dimension("layers", -1.0, 2.0, "integer")
ACT = Dimension("act", 0.0, 2.0, "categorical", "linear", ("relu", "tanh", "two words"))
ALL = (LR, WIDTH, LAYERS, ACT)
BIG = Dimension("big", 1.0, 1e12, "integer", "log")
WIDE = Dimension("wide", -1e12, 1e12, "integer")
PLAIN = Dimension("plain", -2.0, 3.0)
INSIDE = st.floats(0.0, 1.0)

every_dimension = pytest.mark.parametrize("dimension", ALL, ids=lambda d: d.name)


@every_dimension
def test_the_ends_of_the_interval_are_the_ends_of_the_range(dimension: Dimension) -> None:
    assert dimension.at(0.0) == dimension.lower
    assert dimension.at(1.0) == dimension.upper


def test_a_logarithmic_scale_is_equal_factors_for_equal_steps() -> None:
    assert [LR.at(u) for u in (0.25, 0.5, 0.75)] == pytest.approx([1e-4, 1e-3, 1e-2], rel=1e-14)
    assert LR.position(1e-3) == pytest.approx(0.5, abs=1e-15)


@given(u=INSIDE)
def test_floats_on_a_logarithmic_scale_come_back_as_they_are_written(u: float) -> None:
    value = float(f"{LR.at(u):.14g}")
    assert LR.at(LR.position(value)) == value
    assert LR.at(LR.position(0.001)) == 0.001


def test_each_whole_number_has_an_equal_cell() -> None:
    drawn = Counter(LAYERS.at((i + 0.5) / 4000) for i in range(4000))
    assert drawn == {-1.0: 1000, 0.0: 1000, 1.0: 1000, 2.0: 1000}
    assert [LAYERS.position(v) for v in (-1.0, 0.0, 1.0, 2.0)] == [0.125, 0.375, 0.625, 0.875]


def test_each_choice_has_an_equal_cell() -> None:
    drawn = Counter(ACT.typed(ACT.at((i + 0.5) / 3000)) for i in range(3000))
    assert drawn == {"relu": 1000, "tanh": 1000, "two words": 1000}


def test_whole_numbers_on_a_logarithmic_scale_have_cells_between_half_numbers() -> None:
    width = math.log(100.5) - math.log(0.5)
    edge = (math.log(7.5) - math.log(0.5)) / width
    assert WIDTH.at(edge - 1e-12) == 7.0
    assert WIDTH.at(edge + 1e-12) == 8.0
    middle = 0.5 * (math.log(6.5 / 0.5) + math.log(7.5 / 0.5)) / width
    assert WIDTH.position(7.0) == pytest.approx(middle, abs=1e-15)


@every_dimension
@given(u=INSIDE)
def test_every_position_means_a_value_of_the_range(dimension: Dimension, u: float) -> None:
    value = dimension.at(u)
    assert dimension.lower <= value <= dimension.upper
    if dimension.n_values is not None:
        assert value.is_integer()


@pytest.mark.parametrize("dimension", [WIDTH, LAYERS, ACT, BIG, WIDE], ids=lambda d: d.name)
@given(data=st.data())
def test_the_position_of_a_countable_value_means_that_value(
    dimension: Dimension, data: st.DataObject
) -> None:
    value = float(data.draw(st.integers(int(dimension.lower), int(dimension.upper))))
    u = dimension.position(value)
    assert 0.0 < u < 1.0
    assert dimension.at(u) == value
    assert dimension.at(0.5 * ((2.0 * u - 1.0) + 1.0)) == value
    assert dimension.nearest(value) == value


@every_dimension
@given(u=INSIDE, v=INSIDE)
def test_values_rise_with_their_positions(dimension: Dimension, u: float, v: float) -> None:
    low, high = sorted((u, v))
    assert dimension.at(low) <= dimension.at(high)


@every_dimension
@given(by=st.floats(1e-300, 1e300))
def test_positions_outside_mean_numbers_outside_the_range(dimension: Dimension, by: float) -> None:
    below, above = -by, max(1.0 + by, math.nextafter(1.0, 2.0))
    assert dimension.at(below) < dimension.lower
    assert dimension.at(above) > dimension.upper
    for u in (below, above):
        outside = dimension.at(u)
        assert math.isfinite(outside)
        assert type(dimension.typed(outside)) is (int if dimension in (WIDTH, LAYERS) else float)
        assert math.isfinite(dimension.position(outside))


@every_dimension
def test_nan_stays_nan(dimension: Dimension) -> None:
    assert math.isnan(dimension.at(math.nan))
    assert math.isnan(dimension.position(math.nan))
    assert math.isnan(dimension.nearest(math.nan))


def test_in_real_units_the_nearest_value_is_meant() -> None:
    given_ = [-1.5, -0.51, -0.5, 0.49, 0.5, 2.4, 2.5]
    assert [LAYERS.nearest(x) for x in given_] == [-1.0, -1.0, 0.0, 0.0, 1.0, 2.0, 2.0]
    assert [LAYERS.nearest(x) for x in (-1.6, 2.6)] == [-2.0, 3.0]
    just_outside = math.nextafter(0.5, 0.0)
    assert Dimension("n", 1.0, 2.0, "integer").nearest(just_outside) == 0.0
    assert math.copysign(1.0, LAYERS.nearest(-0.4)) == 1.0


def test_values_are_typed() -> None:
    found = [LR.typed(0.01), WIDTH.typed(7.0), ACT.typed(2.0)]
    assert found == [0.01, 7, "two words"]
    assert [type(value) for value in found] == [float, int, str]
    assert Dimension("b", 0.0, 1.0, "categorical", "linear", (True, False)).typed(0.0) is True


def test_a_record_gives_the_dimension_back() -> None:
    for dimension in ALL:
        again = Dimension.from_record(dimension.record | {"choices": list(dimension.choices)})
        assert again == dimension
        assert [type(c) for c in again.choices] == [type(c) for c in dimension.choices]


@pytest.mark.parametrize(
    "change", [{"type": "complex"}, {"scale": "cubic"}, {"lower": "1"}, {"size": 3}]
)
def test_what_is_no_record_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError), match=r"cannot be|unexpected keyword"):
        Dimension.from_record(LR.record | change)


def test_a_space_of_plain_floats_is_an_empty_one() -> None:
    assert uncommon((PLAIN, PLAIN)) == ()
    assert uncommon((PLAIN, LR)) == (PLAIN, LR)
