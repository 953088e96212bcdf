"""The state of an object as a text of plain values: reading one back executes nothing.

It takes None, numbers, texts, lists, tuples, sets, dictionaries, arrays of numbers and numpy's
random generators, exactly. There is no pickle in it.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

_KIND = "__kind__"
_BITS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


_UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError)


class NotPlain(TypeError):
    """A value that such a text cannot hold."""


def encode(values: Mapping[str, Any]) -> str:
    """Return a text that `decode` makes the same values of; NotPlain names one it cannot hold."""
    return json.dumps({name: _packed(value) for name, value in values.items()})


def decode(text: str) -> dict[str, Any]:
    """Return the values; ValueError where the text holds none."""
    try:
        return {name: _unpacked(value) for name, value in json.loads(text).items()}
    except _UNREADABLE as error:
        raise ValueError(f"it holds no state: {type(error).__name__}: {error}") from None


def is_plain(value: Any) -> bool:
    """Return whether a text can hold a value."""
    try:
        _packed(value)
    except (NotPlain, RecursionError):
        return False
    return True


def _packed(value: Any) -> Any:
    if value is None or type(value) in (bool, int, str, float):
        return value
    if type(value) is list:
        return [_packed(one) for one in value]
    if type(value) in (tuple, set, frozenset):
        return {_KIND: type(value).__name__, "items": [_packed(one) for one in value]}
    if type(value) is dict:
        items = [[_packed(k), _packed(v)] for k, v in value.items()]
        return {_KIND: "dict", "items": items}
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {_KIND: "array", "dtype": value.dtype.str, "shape": value.shape, "data": data}
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return {_KIND: "scalar", "value": _packed(np.asarray(value))}
    if type(value) is np.random.Generator:
        return {_KIND: "generator", "state": _packed(dict(value.bit_generator.state))}
    raise NotPlain(f"a value of type {type(value).__name__} cannot be stored")


def _unpacked(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_unpacked(one) for one in stored]
    if not isinstance(stored, dict):
        return stored
    kind = stored[_KIND]
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](_unpacked(one) for one in stored["items"])
    if kind == "dict":
        return {_unpacked(k): _unpacked(v) for k, v in stored["items"]}
    if kind == "array":
        data = np.frombuffer(base64.b64decode(stored["data"]), dtype=stored["dtype"])
        return data.reshape(stored["shape"]).copy()
    if kind == "scalar":
        return _unpacked(stored["value"])[()]
    if kind == "generator":
        return _generator(_unpacked(stored["state"]))
    raise ValueError(f"{kind} is unknown")


_CONTAINERS: Mapping[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def _generator(state: dict[str, Any]) -> np.random.Generator:
    name = state["bit_generator"]
    if name not in _BITS:
        raise ValueError(f"there is no random generator {name}")
    bits = getattr(np.random, name)(0)
    _check_positions(state)
    bits.state = state
    return np.random.Generator(bits)


def _check_positions(state: dict[str, Any]) -> None:
    """Raise ValueError where a generator would read beyond its words: numpy does not look."""
    inner = state["state"]
    for place, words in ((inner.get("pos", 0), 624), (state.get("buffer_pos", 0), 4)):
        if type(place) is not int or not 0 <= place <= words:
            raise ValueError(f"a random generator has no place {place!r:.40}")
