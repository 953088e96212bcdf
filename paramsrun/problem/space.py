"""What values parameters may have, and where these stand on an interval from 0 to 1."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import exp, floor, isfinite, log
from typing import Any, Literal, TypeAlias, get_args

from paramsrun.settings.parameter_types import Type

Scale: TypeAlias = Literal["linear", "log"]
Value: TypeAlias = float | int | str | bool
"""Of a parameter: a whole number is an int, a choice is what the user wrote."""

SCALES: tuple[Scale, ...] = get_args(Scale)
FAR = 1e6
"""Positions beyond this are as far outside."""
DIGITS = 14
"""Of floats on a logarithmic scale: 0.001 has a position whose exponential is 0.001 but for the
last digits, and these are rounded away."""


@dataclass(frozen=True)
class Dimension:
    """The values of one parameter.

    In vectors a value is a float: an integer is a whole one, a choice its position in `choices`.
    """

    name: str
    lower: float
    upper: float
    type: Type = "float"
    scale: Scale = "linear"
    choices: tuple[Value, ...] = ()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Dimension":
        """Return what `record` was made of; TypeError or ValueError where it is no record."""
        made = cls(**{**record, "choices": tuple(record["choices"])})
        given = made.type in get_args(Type) and made.scale in SCALES
        if not (given and type(made.lower) is type(made.upper) is float):
            raise ValueError(f"a parameter cannot be {dict(record)!r:.60}")
        return made

    @property
    def record(self) -> dict[str, Any]:
        """What a journal keeps."""
        return asdict(self)

    @property
    def is_plain(self) -> bool:
        """Whether it is a float on a linear scale."""
        return self.type == "float" and self.scale == "linear"

    @property
    def n_values(self) -> int | None:
        """How many values there are, where they can be counted."""
        return None if self.type == "float" else int(self.upper - self.lower) + 1

    @cached_property
    def _logs(self) -> tuple[float, float]:
        """The logarithms of both ends; whole numbers reach half-way to their neighbours."""
        half = 0.0 if self.type == "float" else 0.5
        return log(self.lower - half), log(self.upper + half)

    def at(self, u: float) -> float:
        """Return the value at a position u.

        Countable values have equal cells, on a logarithmic scale in the logarithm. Positions
        outside 0 to 1 give numbers outside the range.
        """
        if u == 0.0:
            return self.lower
        if u == 1.0:
            return self.upper
        if not 0.0 < u < 1.0:
            return self._beyond(u)
        return self._within(self._between(u))

    def position(self, value: float) -> float:
        """Return where a value stands: for countable ones the middle of the cell."""
        if not self.lower <= value <= self.upper or self.is_plain:
            return (value - self.lower) / (self.upper - self.lower)
        if self.scale == "linear":
            return (value - self.lower + 0.5) / (self.upper - self.lower + 1.0)
        begin, end = self._logs
        if self.type == "float":
            return (log(value) - begin) / (end - begin)
        return (0.5 * (log(value - 0.5) + log(value + 0.5)) - begin) / (end - begin)

    def nearest(self, x: float) -> float:
        """Return the whole number nearest to x: within the range from half a step outside it on."""
        if not isfinite(x):
            return x
        value = float(floor(x + 0.5))
        if x < self.lower - 0.5:
            return min(value, self.lower - 1.0)
        return value if x > self.upper + 0.5 else self._within(value)

    def typed(self, value: float) -> Value:
        """Return a value as people have it; a number outside the range stays one."""
        if self.type == "float" or not isfinite(value):
            return value
        if self.type == "integer":
            return int(value)
        return self.choices[int(value)] if self.lower <= value <= self.upper else value

    def _between(self, u: float) -> float:
        if self.scale == "log":
            begin, end = self._logs
            value = exp(begin + u * (end - begin))
            if self.type == "float":
                return float(f"{value:.{DIGITS}g}")
            return float(floor(value + 0.5))
        if self.type == "float":
            return self.lower + u * (self.upper - self.lower)
        return self.lower + floor(u * (self.upper - self.lower + 1.0))

    def _within(self, value: float) -> float:
        return min(max(value, self.lower), self.upper)

    def _beyond(self, u: float) -> float:
        if u != u:
            return u
        width = self.upper - self.lower
        if u < 0.0:
            return self._whole(self.lower + max(u, -FAR) * width - 1.0)
        return self._whole(self.upper + min(u - 1.0, FAR) * width + 1.0)

    def _whole(self, value: float) -> float:
        return value if self.type == "float" else float(round(value))


Space: TypeAlias = tuple[Dimension, ...]
"""The active parameters. Empty means that all are floats on a linear scale."""


def uncommon(space: Space) -> Space:
    """Return a space, or an empty one where all are floats on a linear scale."""
    return () if all(dimension.is_plain for dimension in space) else space
