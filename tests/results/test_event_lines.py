"""Every event survives its line to the last bit; what is damaged is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.manager.events import Eval, Event
from paramsrun.results.event_lines import decode, encode
from tests.results.journaled import EVENTS, X, same


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_every_event_survives_its_line(event: Event) -> None:
    assert same(decode(encode(event)), event)


@given(st.floats(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_kept_bit_for_bit(fx: float, x: list[float]) -> None:
    event = Eval(1, 1, 0, 0, np.array(x), fx, 0.0)
    assert same(decode(encode(event)), event)


@given(st.lists(st.floats()))
def test_residuals_are_kept_bit_for_bit(residuals: list[float]) -> None:
    event = Eval(1, 1, 0, 0, X, 0.5, 0.0, r=np.array(residuals))
    assert same(decode(encode(event)), event)


@pytest.mark.parametrize("damage", [b"AAAAAAAA8D", b"*AAAAAAA8D8=", b"AAAA"])
def test_damaged_residuals_are_refused(damage: bytes) -> None:
    line = encode(Eval(1, 1, 0, 0, X, 0.5, 0.0, r=np.array([1.0])))
    with pytest.raises(ValueError, match=r"base64|padding|buffer size|data"):
        decode(line.replace(b"AAAAAAAA8D8=", damage))


def test_text_that_utf8_cannot_hold_is_kept_readable() -> None:
    event = Eval(1, 1, 0, 0, X, math.inf, 0.0, "bad \udcff name")
    assert decode(encode(event)).why == "bad \\udcff name"  # type: ignore[union-attr]
