"""The parameters of a model: starting values, ranges, and which of them are optimized."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import Findings, Place
from paramsrun.input.source import Source, read_source
from paramsrun.problem.choices import shown
from paramsrun.problem.documents import Stream, parse_stream, spliced
from paramsrun.problem.kinds import entries_of
from paramsrun.problem.nodes import Fields
from paramsrun.problem.parameter import Parameter
from paramsrun.problem.parameter_entry import read_parameter
from paramsrun.problem.space import Space, Value

DTYPE_ENDING = "Parameters"


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
        """(n_parameters,) starting values of all parameters; see `space` for what stands there."""
        return np.array([p.number for p in self.parameters])

    @property
    def x0(self) -> Vector:
        """(n_active,) starting values."""
        return self.all_x0[self.active]

    @cached_property
    def bounds(self) -> Matrix:
        """(n_active, 2) ranges."""
        return np.array([p.range for p in self.parameters if p.is_active]).reshape(-1, 2)

    @cached_property
    def space(self) -> Space:
        """The values that each active parameter may have, and how a float stands for them."""
        return tuple(p.dimension for p in self.parameters if p.is_active)

    @cached_property
    def _values(self) -> dict[str, Value]:
        return {p.name: p.value for p in self.parameters}

    def values(self, x: Vector) -> Vector:
        """Return the values of all parameters where the active ones are x."""
        values = self.all_x0.copy()
        values[self.active] = x
        return values

    def typed(self, x: Vector) -> list[Value]:
        """Return the values of the active parameters: floats, ints and choices."""
        return [d.typed(value) for d, value in zip(self.space, x.tolist(), strict=True)]

    def named(self, x: Vector) -> dict[str, Value]:
        """Return the values of all parameters by name where the active ones are x.

        An integer is an int, and a categorical parameter has its choice.
        """
        return self._values | dict(zip(self.active_names, self.typed(x), strict=True))

    def text(self, x: Vector) -> str:
        """Return the file's text with the values of x: everything else stays as it was written.

        The values are exact, and a parameter whose value is the starting value is left alone.
        """
        active = [p for p in self.parameters if p.is_active]
        edits = [
            (*p.value_at, shown(p.dimension.typed(value)))
            for p, value in zip(active, x.tolist(), strict=True)
            if value != p.number
        ]
        return spliced(self.source, edits)


def read_parameters(stream: Stream, findings: Findings) -> ParameterInterface | None:
    """Return the parameters of a stream; None, and the mistakes, where they cannot be used."""
    reader = _Reader(findings)
    n_before = len(findings.mistakes)
    reader.check_dtype(stream)
    entries = entries_of(stream, "a parameter interface", DTYPE_ENDING, findings)
    read = [read_parameter(entry, findings) for entry in entries]
    parameters = tuple(p for p in read if p is not None)
    reader.check_names(parameters)
    whole = Place(stream.source.at.file)
    if not stream.entries:
        findings.mistake(whole, "there are no parameters in this file")
    elif len(findings.mistakes) == n_before and not any(p.is_active for p in parameters):
        findings.mistake(whole, "no parameter is active: set is_active: true for at least one")
    if len(findings.mistakes) > n_before:
        return None
    return ParameterInterface(parameters, stream.source, stream.dtype, stream.header)


def interface_in(path: Path) -> ParameterInterface:
    """Return the parameters of a file; InputError where it cannot be used."""
    return interface_of(read_source(path, findings := Findings()), findings)


def interface_of(source: Source | None, findings: Findings) -> ParameterInterface:
    """Return the parameters of a text; InputError where it, or what was found before, is wrong."""
    stream = None if source is None else parse_stream(source, findings)
    parameters = None if stream is None else read_parameters(stream, findings)
    findings.check()
    assert parameters is not None
    return parameters


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._mistake = findings.mistake

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
