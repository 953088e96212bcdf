"""A small input of its own: tests of the reader do not depend on what the program offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from paramsrun.errors import Findings
from paramsrun.input import Source, parse
from paramsrun.settings.declared import scope_of
from paramsrun.settings.family import Family
from paramsrun.settings.keys import block, blocks, free, headed, key, typed, typed_blocks, value
from paramsrun.settings.read import read

engines = Family("Engine", "tests.settings.nobody")
movers = Family("Mover", "tests.settings.nobody")
limits = Family("Limit", "tests.settings.nobody")


@engines.member("Spring")
@dataclass(frozen=True, kw_only=True)
class Spring:
    """A harmonic spring."""

    length: float = key(1.0, unit="angstrom", above=0.0, doc="Length at rest.")


@movers.member("Walk")
@dataclass(frozen=True, kw_only=True)
class Walk:
    """Steps in any direction."""

    step: float = key(0.5, above=0.0, doc="Length of a step.")
    settings: Mapping[str, Any] = free(doc="Options.")

    def mistakes(self) -> list[str]:
        if self.step > 10:
            return ["Step is longer than the box"]
        return [f"Settings {name} is no option" for name in self.settings if name == "wind"]


@movers.member("Jump")
@dataclass(frozen=True, kw_only=True)
class Jump:
    """Steps to anywhere."""

    far: int = key(at_least=1, doc="How far.")


@limits.member("Calls")
@dataclass(frozen=True, kw_only=True)
class Calls:
    """So many calls."""

    n_max: int = value(at_least=1, doc="Number of calls.")


@limits.member("Time")
@dataclass(frozen=True, kw_only=True)
class Time:
    """So much time."""

    t_max: float = value(60.0, above=0.0, unit="s", doc="Wall time.")


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What is written."""

    every: int = key(10, at_least=1, doc="Write every n-th.")
    flush: bool = key(True, doc="Write at once.")


@dataclass(frozen=True, kw_only=True)
class Data:
    """Data."""

    path: str = key("", path=True, doc="File.")
    weight: float | None = key(None, doc="Weight.")
    notes: Notes | None = block(Notes, optional=True, doc="Notes of its own.")


@dataclass(frozen=True, kw_only=True)
class Toy:
    """An input of all kinds of keys."""

    title: str = key("untitled", doc="A title.")
    on: bool = key(False, doc="A switch.")
    count: int = key(3, at_least=0, at_most=1000, doc="A count.")
    ratio: float = key(0.25, doc="A ratio.")
    wait: float | None = key(None, unit="s", at_least=0.0, doc="A time.")
    share: float = key(50.0, unit="%", above=0.0, below=100.0, doc="A share.")
    colour: Literal["Red", "Dark-Green", "2"] = key("Red", doc="A colour.")
    sizes: tuple[int, ...] = key((1, 2), at_least=1, doc="Sizes.")
    angles: tuple[float, ...] = key((0.0, 0.5), unit="degree", doc="Angles.")
    rule: tuple[str, ...] = key((), doc="Rules.")
    speed: int = key(1, later="faster is to come", so_far=(0,), doc="Speed.")
    old: str | None = key(None, ignored="times have changed", doc="Old.")
    notes: Notes = block(Notes, doc="Notes.")
    future: Notes = block(Notes, later="the future is to come", doc="Notes to come.")
    data: tuple[Data, ...] = blocks(doc="Data.")
    mover: Any = typed(movers, "Walk", doc="What moves.")
    spare: tuple[Any, ...] = typed_blocks(movers, ("Walk",), default_type="Walk", doc="Others.")
    limit: tuple[Any, ...] = typed_blocks(limits, doc="When it ends.")
    engine: Any = headed(engines, doc="What computes.")


def toy(text: str) -> tuple[Toy, list[str]]:
    """Read a toy input; return it with its mistakes and warnings, without the file's name."""
    findings = Findings()
    tree = parse(Source(text), scope_of(Toy), findings)
    settings = read(tree, Toy, findings)
    told = sorted({*findings.mistakes, *findings.warnings})
    return settings, [str(one).removeprefix("<text>:") for one in told]


def sound(text: str) -> Toy:
    """Read a toy input that has no mistakes."""
    settings, told = toy(text)
    assert told == []
    return settings
