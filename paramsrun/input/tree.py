"""The located tree of an input text: every word keeps its file, line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from paramsrun.errors import Place


@dataclass(frozen=True)
class Scope:
    """The names that may stand in a block, in their printed spelling.

    Whether ``Foo bar`` is a key or opens a block depends on the names alone, so the parser is
    given them. Look-ups ignore case.
    """

    keys: frozenset[str] = frozenset()
    blocks: Mapping[str, Scope] = field(default_factory=dict)
    free: frozenset[str] = frozenset()
    """Blocks whose lines are kept as they are until ``End``."""
    by_header: Mapping[str, Mapping[str, Scope]] = field(default_factory=dict)
    """Blocks whose scope is chosen by their header and that close with ``End<name>``:
    ``Engine LennardJones ... EndEngine``."""

    @cached_property
    def inner(self) -> frozenset[str]:
        """The names that open a block."""
        return self.free.union(self.blocks, self.by_header)

    @cached_property
    def spelling(self) -> Mapping[str, str]:
        """Every name in its printed spelling, by its casefolded form."""
        return {name.casefold(): name for name in (*self.keys, *self.inner)}


@dataclass(frozen=True)
class Word:
    """Text and where it begins."""

    text: str
    place: Place


@dataclass(frozen=True)
class Key:
    """A name with the rest of its line; ``Key`` alone has no value."""

    name: str
    place: Place
    value: Word | None = None
    """The text behind the name, without its quotes, its unit and the comment."""
    unit: Word | None = None
    """The text in brackets behind the value."""
    quoted: bool = False


@dataclass(frozen=True)
class Block:
    """A block with its entries, or, if it is free, with its lines."""

    name: str
    place: Place
    header: Word | None = None
    entries: tuple[Entry, ...] = ()
    lines: tuple[Word, ...] = ()
    """The non-blank lines of a free block, stripped; comments on lines of their own are gone."""
    end: str = "End"

    def all(self, name: str) -> Iterator[Entry]:
        """Iterate over the entries of that name, in file order."""
        return (e for e in self.entries if e.name.casefold() == name.casefold())

    def get(self, name: str) -> Entry | None:
        """Return the first entry of that name, or None."""
        return next(self.all(name), None)

    def text(self, name: str) -> str | None:
        """Return the value of the first key of that name, or None where it has none."""
        entry = self.get(name)
        return entry.value.text if isinstance(entry, Key) and entry.value is not None else None


Entry: TypeAlias = Key | Block
