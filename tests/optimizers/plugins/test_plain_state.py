import json

import numpy as np
import pytest

from paramsrun.optimizers.plugins.plain_state import NotPlain, decode, encode, is_plain

VALUES = {
    "nothing": None,
    "yes": True,
    "n": 12345678901234567890,
    "fx": 0.1,
    "worst": float("inf"),
    "text": 'ä \x00 "',
    "list": [1, (2, [3.0]), {"a"}],
    "by_key": {1: "one", (0, 1): {"x": None}},
    "frozen": frozenset({1}),
}


def test_plain_values_come_back() -> None:
    again = decode(encode(VALUES))
    assert again == VALUES
    assert [type(v) for v in again.values()] == [type(v) for v in VALUES.values()]


@pytest.mark.parametrize(
    "array",
    [np.linspace(0, 1, 7), np.eye(3, dtype=np.float32).T, np.zeros((0, 2)), np.arange(3) > 1],
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    again = decode(encode({"x": array}))["x"]
    assert again.dtype == array.dtype
    assert again.tobytes() == array.tobytes()
    assert again.shape == array.shape
    assert again.flags.writeable


def test_a_number_of_numpy_comes_back() -> None:
    assert type(decode(encode({"x": np.float32(0.1)}))["x"]) is np.float32


def test_a_generator_goes_on_where_it_was() -> None:
    for bits in (np.random.PCG64(3), np.random.MT19937(3)):
        rng = np.random.Generator(bits)
        rng.normal(size=5)
        assert decode(encode({"rng": rng}))["rng"].normal() == rng.normal()


@pytest.mark.parametrize("value", [object(), print, [object()], np.array([None]), {"a": lambda: 0}])
def test_what_is_not_plain_is_refused(value: object) -> None:
    assert not is_plain(value)
    with pytest.raises(NotPlain, match="cannot be stored"):
        encode({"x": value})


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"x": {"__kind__": "os.system", "items": []}}', '{"x": {}}',
     '{"x": {"__kind__": "generator", "state": {"__kind__": "dict", "items": [["bit_generator", '
     '"seed"]]}}}'],
)  # fmt: skip
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it holds no state"):
        decode(text)


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.Philox])
@pytest.mark.parametrize("place", [-1, 10**6, "0"])
def test_a_generator_that_would_read_beyond_its_words_is_refused(bits: type, place: object) -> None:
    generator = np.random.Generator(bits(1))
    name = "pos" if bits is np.random.MT19937 else "buffer_pos"
    text = encode({"rng": generator})
    state = generator.bit_generator.state
    whole = (state["state"] if name == "pos" else state)[name]
    changed = text.replace(f'["{name}", {whole}]', f'["{name}", {json.dumps(place)}]')
    assert changed != text
    with pytest.raises(ValueError, match="a random generator has no place"):
        decode(changed)


def test_nesting_without_end_is_no_state() -> None:
    with pytest.raises(ValueError, match="it holds no state"):
        decode('{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
