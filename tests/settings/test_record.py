"""Settings as JSON values and back."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.settings.record import from_record, literal, record
from tests.settings.toy import (
    Calls,
    Data,
    Jump,
    Notes,
    Spring,
    Time,
    Toy,
    Walk,
    limits,
    movers,
)

FULL = Toy(
    title="all",
    on=True,
    wait=0.1 + 0.2,
    sizes=(5,),
    angles=(1e-300, 2.5),
    rule=("a", "b"),
    notes=Notes(every=7, flush=False),
    data=(Data(notes=Notes()), Data(path="x", weight=-0.0)),
    mover=Jump(far=2),
    spare=(Walk(settings={"seed": 1, "t": (1, 2.0), "none": None}), Jump(far=1)),
    limit=(Calls(n_max=3), Time()),
    engine=Spring(length=2.0),
)


def test_a_record_holds_input_names_and_values() -> None:
    assert record(Walk(step=2.0, settings={"seed": 112, "mode": "fast"})) == {
        "Step": 2.0,
        "Settings": {"seed": "112", "mode": "'fast'"},
    }


def test_blocks_with_a_type_are_recorded_with_it() -> None:
    stored = record(FULL)
    assert stored["Mover"] == {"Type": "Jump", "Jump": {"Far": 2}}
    assert stored["Engine"] == {"Type": "Spring", "Spring": {"Length": 2.0}}
    assert stored["Limit"][1] == {"Type": "Time", "Time": 60.0}


def test_settings_come_back_from_json_as_they_were() -> None:
    for toy in (FULL, Toy()):
        assert from_record(Toy, json.loads(json.dumps(record(toy)))) == toy


def test_a_member_comes_back_through_its_family() -> None:
    assert from_record(movers, {"Type": "Jump", "Jump": {"Far": 2}}) == Jump(far=2)
    assert from_record(limits, {"Type": "calls", "calls": 2}) == Calls(n_max=2)


def test_a_key_that_the_record_lacks_has_its_default() -> None:
    assert from_record(Notes, {"Every": 2}) == Notes(every=2)


@pytest.mark.parametrize("number", [math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_kept_as_texts(number: float) -> None:
    stored = record(Toy(ratio=number, angles=(number,)))
    assert stored["Ratio"] == str(number)
    assert from_record(Toy, json.loads(json.dumps(stored, allow_nan=False))).ratio == number


def test_nan_comes_back_too() -> None:
    stored = json.loads(json.dumps(record(Toy(ratio=math.nan)), allow_nan=False))
    assert math.isnan(from_record(Toy, stored).ratio)


literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(literals)
def test_any_literal_comes_back_from_a_free_block(value: object) -> None:
    walk = Walk(settings={"x": value})
    assert from_record(Walk, json.loads(json.dumps(record(walk)))) == walk


def test_what_has_no_literal_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match="has no literal"):
        literal(object())


@pytest.mark.parametrize(
    "stored",
    [{"Settings": {"x": text}} for text in ("(", "x", "-" * 5000 + "1", "'\\x'", 1)]
    + [{"Settings": [1]}, None],
)
def test_a_record_that_is_none_is_a_value_error(stored: object) -> None:
    with pytest.raises(ValueError, match="its record holds no settings"):
        from_record(Walk, stored)
