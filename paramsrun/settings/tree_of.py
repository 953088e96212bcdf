"""Settings to a tree, which `paramsrun.input.write` makes a text of."""

from collections.abc import Iterator
from typing import Any

from paramsrun.errors import Place
from paramsrun.input.tree import Block, Entry, Key, Word
from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of
from paramsrun.settings.record import literal
from paramsrun.settings.values import parse_literal, show_value

NOWHERE = Place("")


def tree_of(settings: Any, *, defaults: bool = False) -> Block:
    """Return the root block that `read` makes the same settings of.

    Parameters
    ----------
    defaults
        Give the keys as well that have their default values.
    """
    return Block("", NOWHERE, entries=tuple(_entries(settings, defaults)))


def _entries(settings: Any, defaults: bool) -> Iterator[Entry]:
    for key in keys_of(type(settings)):
        value = getattr(settings, key.attribute)
        is_default = not key.required and value == key.default()
        if value is None or (is_default and not defaults):
            continue
        for one in value if key.kind.recurs else (value,):
            yield _entry(key, one, defaults)


def _entry(key: Declared, value: Any, defaults: bool) -> Entry:
    if key.kind in (Kind.BLOCK, Kind.BLOCKS):
        return Block(key.name, NOWHERE, entries=tuple(_entries(value, defaults)))
    if key.kind is Kind.FREE:
        lines = tuple(_word(f"{name} {_free_text(held)}") for name, held in value.items())
        return Block(key.name, NOWHERE, lines=lines)
    if key.kind is Kind.HEADED:
        name = key.declaration.family.name_of(value)
        entries = tuple(_entries(value, defaults))
        return Block(key.name, NOWHERE, _word(name), entries, end=f"End{key.name}")
    if key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS):
        return Block(key.name, NOWHERE, entries=tuple(_typed(key, value, defaults)))
    return key_entry(key.name, key, value)


def _typed(key: Declared, value: Any, defaults: bool) -> Iterator[Entry]:
    name = key.declaration.family.name_of(value)
    yield Key("Type", NOWHERE, _word(name))
    bare = bare_key(type(value))
    if bare is not None:
        yield key_entry(name, bare, getattr(value, bare.attribute))
        return
    entries = tuple(_entries(value, defaults))
    if entries:
        yield Block(name, NOWHERE, entries=entries)


def key_entry(name: str, key: Declared, value: Any) -> Key:
    """Return the line that gives a key a value."""
    quoted = key.kind in (Kind.TEXT, Kind.TEXTS) and not _is_plain(value)
    return Key(name, NOWHERE, _word(show_value(key, value)), quoted=quoted)


def _is_plain(text: str) -> bool:
    return bool(text) and text.strip() == text and not text.endswith("]")


def _free_text(value: object) -> str:
    if isinstance(value, str) and value and parse_literal(value) == value and value.isidentifier():
        return value
    return literal(value)


def _word(text: str) -> Word:
    return Word(text, NOWHERE)
