"""Inequalities between parameters, such as ``rmin >= 2*eps + 1``."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from paramsrun.errors import Place
from paramsrun.problem.parameters import ParameterInterface

Point: TypeAlias = Sequence[float]
"""The active parameters in real units."""
Side: TypeAlias = Callable[[Point], float]

QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_QUOTED_OR_BLANK = re.compile(rf"({QUOTED.pattern})|\s+")


@dataclass(frozen=True, eq=False)
class Constraint:
    """What the parameters must satisfy. Picklable and pure."""

    text: str
    """As the input gives it."""
    place: Place
    names: tuple[str, ...]
    """The active parameters in it, in its order."""
    first: Side
    rest: tuple[tuple[Callable[[float, float], bool], Side], ...]

    @property
    def condensed(self) -> str:
        """Its text without the blanks that mean nothing."""
        return _QUOTED_OR_BLANK.sub(r"\1", self.text)

    def objection(self, point: Point) -> str | None:
        """Return why a point is refused; None where the constraint is satisfied."""
        try:
            left = self.first(point)
            if not isfinite(left):
                return self._undecided("it overflows")
            for compare, side in self.rest:
                right = side(point)
                if not isfinite(right):
                    return self._undecided("it overflows")
                if not compare(left, right):
                    return f"{self.text} is violated"
                left = right
        except ZeroDivisionError:
            return self._undecided("it divides by zero")
        except OverflowError:
            return self._undecided("it overflows")
        except TypeError:
            return self._undecided("a power in it is a complex number")
        return None

    def _undecided(self, reason: str) -> str:
        return f"{self.text} cannot be computed: {reason}"


def check_initial(
    constraints: Iterable[Constraint],
    parameters: ParameterInterface,
    note: Callable[[Place, str], None],
    consequence: str,
) -> None:
    """Note each constraint that the initial values do not satisfy."""
    point = parameters.x0.tolist()
    given = parameters.named(parameters.x0)
    for constraint in constraints:
        objection = constraint.objection(point)
        if objection is not None:
            values = ", ".join(f"{name} = {given[name]!r}" for name in constraint.names)
            note(
                constraint.place,
                f"Constraint {objection} at the initial values ({values}){consequence}",
            )


@dataclass(frozen=True, eq=False, slots=True)
class Number:
    """A constant."""

    value: float

    def __call__(self, point: Point) -> float:
        """Return the value at a point."""
        return self.value


@dataclass(frozen=True, eq=False, slots=True)
class Negative:
    """A part with the other sign."""

    part: Side

    def __call__(self, point: Point) -> float:
        """Return the value at a point."""
        return -self.part(point)


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """A row of operations, from left to right."""

    first: Side
    rest: tuple[tuple[Callable[[float, float], float], Side], ...]

    def __call__(self, point: Point) -> float:
        """Return the value at a point."""
        value = self.first(point)
        for operate, side in self.rest:
            value = operate(value, side(point))
        return value
