"""Blocks with a Type: which member of the family is meant, and which entries are its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from paramsrun.errors import Findings, Place
from paramsrun.input.tree import Block, Entry, Key
from paramsrun.settings.declared import Declared, bare_key, keys_of, members_of
from paramsrun.settings.values import listed, not_among


@dataclass(frozen=True)
class Chosen:
    """The member that a typed block means."""

    name: str
    cls: type[Any]
    block: Block
    """The typed block with the member's own entries alone."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What stands under the member's name."""
        return self.block.entries

    @property
    def bare(self) -> Declared | None:
        """Its key, where a single value stands behind its name."""
        bare = bare_key(self.cls)
        return None if bare is None else replace(bare, name=self.name)


def choose(key: Declared, block: Block, path: str, findings: Findings) -> Chosen | None:
    """Return the member that a block of a family means, or None and a mistake.

    Without a Type it is the family's default type; where there is none, it is the only type that
    the block gives a value or a sub-block for.
    """
    members = members_of(key)
    spelling = {name.casefold(): name for name in members}
    entries = [e for e in block.entries if e.name.casefold() in spelling]
    name = _type(key, block, path, findings, entries)
    if name is None:
        return None
    own = [e for e in entries if e.name.casefold() == name.casefold()]
    for entry in entries:
        if entry not in own:
            other = spelling[entry.name.casefold()]
            advice = "" if block.get("Type") else f" (the default); to choose it, add Type {other}"
            findings.mistake(
                entry.place,
                f"{path}%{other} belongs to Type {other}, but this block has Type {name}{advice}",
            )
    return Chosen(name, members[name], replace(block, entries=tuple(own)))


def _type(
    key: Declared,
    block: Block,
    path: str,
    findings: Findings,
    entries: Sequence[Entry],
) -> str | None:
    given = list(block.all("Type"))
    if not given:
        return _unnamed_type(key, block, path, findings, entries)
    for again in given[1:]:
        line = given[0].place.line
        findings.mistake(again.place, f"{path}%Type is given twice, first on line {line}; keep one")
    entry = given[0]
    if isinstance(entry, Key) and entry.value is not None:
        return _known(key, entry.value.text, path, entry.value.place, findings)
    findings.mistake(entry.place, f"{path}%Type needs a value behind it: {_types(key)}")
    return None


def _unnamed_type(
    key: Declared,
    block: Block,
    path: str,
    findings: Findings,
    entries: Sequence[Entry],
) -> str | None:
    family = key.declaration.family
    if block.header is not None and block.header.text in family:
        name: str = family.name_of(family[block.header.text])  # the reader tells where it belongs
        return name
    if key.declaration.default_type is not None:
        return key.declaration.default_type
    if len({entry.name.casefold() for entry in entries}) == 1:
        return _known(key, entries[0].name, path, entries[0].place, findings)
    findings.mistake(block.place, f"{path}%Type is missing: it can be {_types(key)}")
    return None


def _known(key: Declared, text: str, path: str, place: Place, findings: Findings) -> str | None:
    family = key.declaration.family
    if text in family:
        name: str = family.name_of(family[text])
        return name
    if (value := _value_of_member(key, text)) is not None:
        told = f"cannot be {text}: that is {value}"
    else:
        told = not_among(text, list(family), lists_all=True)
    findings.mistake(place, f"{path}%Type {told}")
    return None


def _value_of_member(key: Declared, text: str) -> str | None:
    """Return ``an Algorithm of Type Scipy; ...`` for a value of a member's key, or None."""
    for name, cls in members_of(key).items():
        for own in keys_of(cls):
            if text.casefold() in map(str.casefold, own.choices):
                article = "an" if own.name[0] in "AEIOU" else "a"
                write = f"write Type {name}, and {own.name} {text} in a block {name}"
                return f"{article} {own.name} of Type {name}; {write}"
    return None


def _types(key: Declared) -> str:
    return listed(list(key.declaration.family))
