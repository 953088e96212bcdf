import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paramsrun.problem.scaling import Kind, Scaling

KINDS: list[Kind] = ["linear", "std", "none"]
ENDS = st.floats(-1e6, 1e6, allow_subnormal=False)
RANGES = st.tuples(ENDS, ENDS).map(sorted).filter(lambda ends: ends[1] - ends[0] > 1e-9).map(tuple)


def test_the_middle_of_a_range_is_the_middle_of_the_interval() -> None:
    bounds = np.array([[0.0, 4.0], [-1.0, 1.0]])
    x = np.array([[0.5, 0.5], [0.25, 1.0]])
    assert Scaling(bounds).real(x).tolist() == [[2.0, 0.0], [1.0, 1.0]]
    assert Scaling(bounds, "std").real(2 * x - 1).tolist() == [[2.0, 0.0], [1.0, 1.0]]
    assert Scaling(bounds, "none").real(x).tolist() == x.tolist()


@pytest.mark.parametrize(
    ("kind", "interval"), [("linear", [0.0, 1.0]), ("std", [-1.0, 1.0]), ("none", [2.0, 4.0])]
)
def test_bounds_are_those_of_the_scaled_space(kind: Kind, interval: list[float]) -> None:
    assert Scaling(np.array([[2.0, 4.0]]), kind).bounds.tolist() == [interval]


@given(RANGES, st.sampled_from(KINDS))
def test_both_ends_are_met_exactly(limits: tuple[float, float], kind: Kind) -> None:
    scaling = Scaling(np.array([limits]), kind)
    assert scaling.real(scaling.bounds[:, 0]).tolist() == [limits[0]]
    assert scaling.real(scaling.bounds[:, 1]).tolist() == [limits[1]]


def test_an_end_is_met_where_rounding_would_miss_it() -> None:
    bounds = np.array([[-1e6, 1e-3], [-2.0, 0.1], [0.0, 1.0]])
    x = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.5]])
    assert Scaling(bounds).real(x).tolist() == [[1e-3, 0.1, 1.0], [-1e6, 0.1, 0.5]]


@given(RANGES, st.floats(0.0, 1.0))
def test_no_point_within_leaves_the_range(limits: tuple[float, float], u: float) -> None:
    (value,) = Scaling(np.array([limits])).real(np.array([u])).tolist()
    assert limits[0] <= value <= limits[1]


@given(RANGES, st.floats(0.0, 1.0), st.sampled_from(KINDS))
def test_no_real_point_within_its_range_leaves_the_interval(
    limits: tuple[float, float], u: float, kind: Kind
) -> None:
    scaling = Scaling(np.array([limits]), kind)
    points = np.clip([[limits[0]], [limits[0] + u * (limits[1] - limits[0])], [limits[1]]], *limits)
    scaled = scaling.scaled(points)
    assert scaled[0] == scaling.bounds[0, 0]
    assert scaling.bounds[0, 0] <= scaled[1] <= scaling.bounds[0, 1]
    assert scaled[2] == scaling.bounds[0, 1]


@given(st.floats(1e-6, 10.0), st.sampled_from(KINDS))
def test_points_beyond_an_end_stay_beyond_it(beyond: float, kind: Kind) -> None:
    scaling = Scaling(np.array([[1.0, 3.0]]), kind)
    assert scaling.real(scaling.bounds[:, 0] - beyond)[0] < 1.0
    assert scaling.real(scaling.bounds[:, 1] + beyond)[0] > 3.0


def test_nan_stays_nan() -> None:
    assert np.isnan(Scaling(np.array([[1.0, 3.0]])).real(np.array([np.nan]))).all()


@given(RANGES, st.floats(0.0, 1.0), st.sampled_from(KINDS))
def test_scaling_there_and_back_gives_the_point(
    limits: tuple[float, float], u: float, kind: Kind
) -> None:
    scaling = Scaling(np.array([limits]), kind)
    point = np.array([limits[0] + u * (limits[1] - limits[0])]).clip(*limits)
    again = scaling.real(scaling.scaled(point))
    np.testing.assert_allclose(again, point, rtol=1e-9, atol=1e-9 * max(map(abs, limits)))


@given(RANGES, st.floats(0.0, 1.0), st.sampled_from(KINDS))
@example((-2.0, 0.1), 1.0, "linear")
@example((-1e6, 1e-3), 1.0, "std")
def test_a_scaled_point_comes_back_within_rounding(
    limits: tuple[float, float], u: float, kind: Kind
) -> None:
    scaling = Scaling(np.array([limits]), kind)
    (low, high) = scaling.bounds[0]
    x = np.array([[low], [low + u * (high - low)], [high]]).clip(low, high)
    again = scaling.scaled(scaling.real(x))
    assert again[0] == low
    assert again[2] == high
    # The value itself is rounded: near zero of a range far from it, that is what is lost.
    lost = 4 * np.finfo(float).eps * (1 + max(map(abs, limits)) / (limits[1] - limits[0]))
    if kind == "none":
        assert again[1] == x[1]
    else:
        assert abs(again[1, 0] - x[1, 0]) <= lost * (high - low)


@given(RANGES, st.floats(0.0, 1.0))
def test_all_spaces_mean_the_same_point(limits: tuple[float, float], u: float) -> None:
    value = np.array([limits[0] + u * (limits[1] - limits[0])]).clip(*limits)
    scalings = [Scaling(np.array([limits]), kind) for kind in KINDS]
    for one in scalings:
        for other in scalings:
            moved = other.scaled(one.real(one.scaled(value)))
            np.testing.assert_allclose(
                other.real(moved), value, rtol=0, atol=1e-15 * 8 * max(map(abs, limits))
            )


@given(st.lists(RANGES, min_size=1, max_size=5), st.data(), st.sampled_from(KINDS))
def test_rows_of_points_are_converted_like_single_ones(
    limits: list[tuple[float, float]], data: st.DataObject, kind: Kind
) -> None:
    scaling = Scaling(np.array(limits), kind)
    low, high = scaling.bounds.T
    u = [[data.draw(st.floats(0.0, 1.0)) for _ in limits] for _ in range(3)]
    x = (low + np.array(u) * (high - low)).clip(low, high)
    real = scaling.real(x)
    np.testing.assert_array_equal(real, [scaling.real(row) for row in x])
    np.testing.assert_array_equal(scaling.scaled(real), [scaling.scaled(row) for row in real])


def test_arguments_are_left_alone() -> None:
    x = np.array([0.25, 0.5])
    for kind in KINDS:
        scaling = Scaling(np.array([[1.0, 3.0], [0.0, 1.0]]), kind)
        scaling.real(x)[:] = 9.0
        scaling.scaled(x)[:] = 9.0
    assert x.tolist() == [0.25, 0.5]
