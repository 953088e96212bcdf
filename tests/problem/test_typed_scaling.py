"""Integers, choices and logarithmic scales in the spaces that optimizers see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.problem.scaling import Kind, Scaling
from tests.problem.test_space import ACT, LAYERS, LR, PLAIN, WIDTH

SPACE = (PLAIN, LR, WIDTH, LAYERS, ACT)
BOUNDS = np.array([[d.lower, d.upper] for d in SPACE])
KINDS: list[Kind] = ["linear", "std", "none"]
POINTS = st.lists(st.floats(0.0, 1.0), min_size=len(SPACE), max_size=len(SPACE))

every_kind = pytest.mark.parametrize("kind", KINDS)


def scaling(kind: Kind) -> Scaling:
    return Scaling(BOUNDS, kind, SPACE)


@every_kind
def test_the_ends_of_the_space_are_the_ends_of_the_ranges(kind: Kind) -> None:
    one = scaling(kind)
    assert one.real(one.bounds.T).tolist() == BOUNDS.T.tolist()


def test_bounds_in_real_units_leave_the_ends_of_countable_values_whole_cells() -> None:
    assert scaling("none").bounds.tolist() == [
        [-2.0, 3.0],
        [1e-5, 0.1],
        [0.5, 100.5],
        [-1.5, 2.5],
        [-0.5, 2.5],
    ]


@every_kind
@given(u=POINTS)
def test_a_typed_point_comes_back_as_it_was(kind: Kind, u: list[float]) -> None:
    real = np.array([d.at(v) for d, v in zip(SPACE, u, strict=True)])
    one = scaling(kind)
    scaled = one.scaled(real)
    assert ((one.bounds[:, 0] <= scaled) & (scaled <= one.bounds[:, 1])).all()
    again = one.real(scaled)
    assert again[2:].tolist() == real[2:].tolist()
    np.testing.assert_allclose(again[:2], real[:2], rtol=1e-13, atol=1e-15)


@every_kind
@given(rows=st.lists(POINTS, min_size=1, max_size=5))
def test_rows_of_points_are_converted_like_single_ones(kind: Kind, rows: list[list[float]]) -> None:
    one = scaling(kind)
    low, high = one.bounds.T
    x = (low + np.array(rows) * (high - low)).clip(low, high)
    real = one.real(x)
    assert np.array_equal(real, [one.real(row) for row in x])
    assert np.array_equal(real, one.real(np.asfortranarray(x)))
    assert np.array_equal(one.scaled(real), [one.scaled(row) for row in real])


@given(u=POINTS)
def test_floats_on_a_linear_scale_are_as_they_are_alone(u: list[float]) -> None:
    for kind in KINDS:
        alone, together = Scaling(BOUNDS[:1], kind), scaling(kind)
        x = together.bounds[:, 0] + np.array(u) * np.ptp(together.bounds, axis=1)
        assert together.real(x)[0] == alone.real(x[:1])[0]
        assert together.scaled(together.real(x))[0] == alone.scaled(alone.real(x[:1]))[0]


def test_a_space_of_plain_floats_changes_nothing() -> None:
    plain = Scaling(BOUNDS[:1], "linear", (PLAIN,))
    x = np.linspace(0.0, 1.0, 101)[:, None]
    assert np.array_equal(plain.real(x), Scaling(BOUNDS[:1]).real(x))


@every_kind
def test_points_are_typed_for_people(kind: Kind) -> None:
    one = scaling(kind)
    typed = one.typed(one.scaled(np.array([1.5, 0.1, 7.0, -1.0, 2.0])))
    assert typed == [1.5, 0.1, 7, -1, "two words"]
    assert [type(value) for value in typed] == [float, float, int, int, str]


def test_an_optimizer_sees_no_scale_in_real_units() -> None:
    assert [d.scale for d in scaling("linear").seen] == ["linear", "log", "log"] + ["linear"] * 2
    assert {d.scale for d in scaling("none").seen} == {"linear"}
    assert Scaling(BOUNDS).seen == ()


def test_arguments_are_left_alone() -> None:
    x = np.full(len(SPACE), 0.25)
    for kind in KINDS:
        scaling(kind).real(x)[:] = 9.0
        scaling(kind).scaled(x)[:] = 9.0
        scaling(kind).bounds[:] = 9.0
    assert x.tolist() == [0.25] * len(SPACE)
    assert BOUNDS[0].tolist() == [-2.0, 3.0]
