"""The files that an input names, put somewhere else."""

from collections.abc import Callable
from dataclasses import replace

from paramsrun.input.tree import Block, Entry, Key, Word
from paramsrun.settings.declared import Declared, Kind, keys_of


def moved(block: Block, cls: type, move: Callable[[str], str]) -> Block:
    """Return the tree of a settings class with every path in it changed by move."""
    keys = {key.name.casefold(): key for key in keys_of(cls)}
    entries = tuple(_moved(e, keys.get(e.name.casefold()), move) for e in block.entries)
    return replace(block, entries=entries)


def _moved(entry: Entry, key: Declared | None, move: Callable[[str], str]) -> Entry:
    if key is None:
        return entry
    if isinstance(entry, Block):
        cls = _headed(entry, key) if key.kind is Kind.HEADED else key.cls
        return entry if cls is None else moved(entry, cls, move)
    if key.declaration.path and entry.value is not None:
        return _with_value(entry, move(entry.value.text))
    return entry


def _headed(block: Block, key: Declared) -> type | None:
    """Return the settings class that a block's header names."""
    family = key.declaration.family
    if block.header is None or block.header.text not in family:
        return None
    cls: type = family[block.header.text]
    return cls


def _with_value(entry: Key, text: str) -> Key:
    assert entry.value is not None
    return replace(entry, value=Word(text, entry.value.place))
