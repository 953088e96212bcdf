"""Expressions such as ``energy('a')-0.5*energy('b')`` as small trees, which nothing executes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from paramsrun.errors import Place
from paramsrun.problem.contract import Extractor, Value


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """An extractor applied to a job."""

    name: str
    extractor: Extractor
    job: str
    place: Place


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus a part."""

    part: "Part"


@dataclass(frozen=True, slots=True)
class Chain:
    """``first`` with each operator and part applied to it in turn."""

    first: "Part"
    rest: tuple[tuple[str, "Part"], ...]


Part: TypeAlias = Number | Call | Negative | Chain


def calls(part: Part) -> Iterator[Call]:
    """Iterate over the extractor calls of an expression, from left to right."""
    match part:
        case Call():
            yield part
        case Negative():
            yield from calls(part.part)
        case Chain():
            yield from calls(part.first)
            for _, other in part.rest:
                yield from calls(other)


def same_period(part: Part) -> float | None:
    """Return the period of a sum or difference of values that all have it, or None."""
    match part:
        case Call():
            return part.extractor.period
        case Negative():
            return same_period(part.part)
        case Chain() if all(operator in "+-" for operator, _ in part.rest):
            parts: Sequence[Part] = (part.first, *(other for _, other in part.rest))
            periods = {same_period(p) for p in parts if not isinstance(p, Number)}
            return periods.pop() if len(periods) == 1 else None
        case _:
            return None
