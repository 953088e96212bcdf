"""The parameters of a model: starting values, ranges, and which of them are optimized."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import Findings, Place
from paramsrun.input.source import Source
from paramsrun.problem.documents import Stream, spliced
from paramsrun.problem.nodes import Fields, Listing, Node, Scalar, number, plain_value, truth

KEYS = ("name", "value", "range", "is_active")
LATER: Mapping[str, tuple[str, ...]] = {"type": ("float",), "scale": ("linear",), "choices": ()}
"""Keys whose other values are to come, with the values that act already."""
DTYPE_ENDING = "Parameters"


@dataclass(frozen=True)
class Parameter:
    """One parameter, in its real unit."""

    name: str
    value: float
    range: tuple[float, float]
    is_active: bool
    place: Place
    value_at: tuple[Place, Place]
    """Where its value begins and ends in the file."""
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class ParameterInterface:
    """All parameters, in file order; x is a vector of the active ones."""

    parameters: tuple[Parameter, ...]
    source: Source
    dtype: str | None = None
    """``Parameters``, or ``<Engine>Parameters``."""
    header: Fields | None = None

    @property
    def engine(self) -> str | None:
        """The name of the engine that the dtype chooses."""
        name = (self.dtype or "").removesuffix(DTYPE_ENDING)
        return name or None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def active_names(self) -> tuple[str, ...]:
        """The names of the active parameters."""
        return tuple(p.name for p in self.parameters if p.is_active)

    @cached_property
    def active(self) -> NDArray[np.intp]:
        """(n_active,) positions of the active parameters."""
        return np.array([i for i, p in enumerate(self.parameters) if p.is_active], dtype=np.intp)

    @cached_property
    def all_x0(self) -> Vector:
        """(n_parameters,) starting values of all parameters."""
        return np.array([p.value for p in self.parameters])

    @property
    def x0(self) -> Vector:
        """(n_active,) starting values."""
        return self.all_x0[self.active]

    @cached_property
    def bounds(self) -> Matrix:
        """(n_active, 2) ranges."""
        return np.array([p.range for p in self.parameters if p.is_active]).reshape(-1, 2)

    def values(self, x: Vector) -> Vector:
        """Return the values of all parameters where the active ones are x."""
        values = self.all_x0.copy()
        values[self.active] = x
        return values

    def named(self, x: Vector) -> dict[str, float]:
        """Return the values of all parameters by name where the active ones are x."""
        return dict(zip(self.names, self.values(x).tolist(), strict=True))

    def text(self, x: Vector) -> str:
        """Return the file's text with the values of x: everything else stays as it was written.

        The values are exact, and a parameter whose value is the starting value is left alone.
        """
        active = [p for p in self.parameters if p.is_active]
        edits = [
            (*p.value_at, repr(value))
            for p, value in zip(active, x.tolist(), strict=True)
            if value != p.value
        ]
        return spliced(self.source, edits)


def read_parameters(stream: Stream, findings: Findings) -> ParameterInterface | None:
    """Return the parameters of a stream; None, and the mistakes, where they cannot be used."""
    reader = _Reader(findings)
    n_before = len(findings.mistakes)
    reader.check_dtype(stream)
    parameters = tuple(p for entry in stream.entries if (p := reader.parameter(entry)) is not None)
    reader.check_names(parameters)
    whole = Place(stream.source.at.file)
    if not stream.entries:
        findings.mistake(whole, "there are no parameters in this file")
    elif len(findings.mistakes) == n_before and not any(p.is_active for p in parameters):
        findings.mistake(whole, "no parameter is active: set is_active: true for at least one")
    if len(findings.mistakes) > n_before:
        return None
    return ParameterInterface(parameters, stream.source, stream.dtype, stream.header)


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._mistake = findings.mistake
        self._warn = findings.warn

    def check_dtype(self, stream: Stream) -> None:
        dtype = stream.dtype
        if stream.header is not None and not (dtype or "").endswith(DTYPE_ENDING):
            text = f"dtype must be Parameters or <Engine>Parameters, not {dtype}"
            self._mistake(stream.header.place_of("dtype"), text)

    def check_names(self, parameters: Sequence[Parameter]) -> None:
        first: dict[str, Place] = {}
        for p in parameters:
            if p.name in first:
                text = f"the name {p.name} is given twice, first on line {first[p.name].line}"
                self._mistake(p.place, text)
            first.setdefault(p.name, p.place)

    def parameter(self, entry: Fields) -> Parameter | None:
        complete = [self._is_there(entry, key) for key in KEYS]
        self._check_later(entry)
        if not all(complete):
            return None
        nodes = entry.entries
        name = self._name(nodes["name"])
        value = self._number(nodes["value"], "value")
        limits = self._range(nodes["range"])
        is_active = self._truth(nodes["is_active"])
        if name is None or value is None or limits is None or is_active is None:
            return None
        if not self._check_value(name, value, limits, is_active, nodes):
            return None
        scalar = nodes["value"]
        assert isinstance(scalar, Scalar)
        metadata = {key: plain_value(node) for key, node in nodes.items() if key not in KEYS}
        at = (scalar.place, scalar.end)
        return Parameter(name, value, limits, is_active, entry.place, at, metadata)

    def _is_there(self, entry: Fields, key: str) -> bool:
        if entry.get(key) is not None:
            return True
        self._mistake(*entry.missing(key, KEYS, "a parameter needs one"))
        return False

    def _check_later(self, entry: Fields) -> None:
        for key, available in LATER.items():
            node = entry.get(key)
            text = node.text.casefold() if isinstance(node, Scalar) else None
            if node is not None and text not in available:
                given = f"{key}: {text}" if text and available else key
                instead = f"; for now write {key}: {available[0]}" if available else ""
                self._mistake(node.place, f"{given} is not available yet{instead}")

    def _name(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and node.text.strip():
            return node.text
        self._mistake(node.place, "name must be a text")
        return None

    def _number(self, node: Node, what: str) -> float | None:
        value = number(node)
        if value is None:
            given = f", not {node.text!r}" if isinstance(node, Scalar) else ""
            self._mistake(node.place, f"{what} must be a number{given}")
        elif not math.isfinite(value):
            self._mistake(node.place, f"{what} must be finite, not {value}")
            return None
        return value

    def _truth(self, node: Node) -> bool | None:
        value = truth(node)
        if value is None:
            given = f", not {node.text!r}" if isinstance(node, Scalar) else ""
            self._mistake(node.place, f"is_active must be true or false{given}")
        return value

    def _range(self, node: Node) -> tuple[float, float] | None:
        if not isinstance(node, Listing) or len(node.items) != 2:
            self._mistake(node.place, "range must be two numbers, [lowest, highest]")
            return None
        lo, hi = (self._number(item, "range") for item in node.items)
        return None if lo is None or hi is None else (lo, hi)

    def _check_value(
        self,
        name: str,
        value: float,
        limits: tuple[float, float],
        is_active: bool,
        nodes: Mapping[str, Node],
    ) -> bool:
        """Note a range that cannot be searched; one of an inactive parameter is not used."""
        lo, hi = limits
        if lo <= value <= hi and (lo < hi or not is_active):
            if is_active and not math.isfinite(hi - lo):
                self._mistake(nodes["range"].place, f"the range of {name} is too wide")
                return False
            return True
        if lo >= hi:
            place = nodes["range"].place
            text = f"the range of {name} must rise: its lower end {lo!r} is not below {hi!r}"
        else:
            place = nodes["value"].place
            text = f"the value {value!r} of {name} is outside its range {lo!r} to {hi!r}"
        if not is_active:
            self._warn(place, f"{text}, but it is not active")
            return True
        self._mistake(place, text)
        return False
