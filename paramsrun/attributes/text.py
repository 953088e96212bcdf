"""Blocks as objects from input text, and back."""

from collections.abc import Iterator
from typing import Any

from paramsrun.attributes.blocks import FreeBlock, InputBlock, Recurring, empty, given_of
from paramsrun.attributes.names import Name, value_of
from paramsrun.errors import Findings
from paramsrun.input import Block, Entry, Key, Word, write
from paramsrun.settings.declared import Kind
from paramsrun.settings.read import free_values, text_and_unit
from paramsrun.settings.record import literal
from paramsrun.settings.tree_of import NOWHERE, key_entry
from paramsrun.settings.values import Misfit, parse_value, takes


def from_tree(tree: Block, findings: Findings) -> InputBlock:
    """Return what the tree of an input gives; values that are wrong are noted and left out."""
    root = empty()
    _Filling(findings).fill(root, tree)
    return root


def text_of(block: InputBlock) -> str:
    """Return the input text of a block."""
    return write(_tree(block))


def _word(text: str) -> Word:
    return Word(text, NOWHERE)


def _tree(block: InputBlock) -> Block:
    return Block("", NOWHERE, entries=tuple(_entries(block)))


def _entries(block: InputBlock) -> Iterator[Entry]:
    for name in block._names.values():
        if name.name in block:
            yield from _written(name, block._entries[name.name])


def _written(name: Name, held: Any) -> Iterator[Entry]:
    if isinstance(held, Recurring):
        for one in given_of(held):
            yield from _written(name, one)
        if not given_of(held) and name.key is not None and name.key.declaration.or_none:
            yield Key(name.name, NOWHERE, _word("None"))
    elif isinstance(held, FreeBlock):
        lines = tuple(_word(f"{line} {literal(value)}") for line, value in held.items())
        yield Block(name.name, NOWHERE, lines=lines)
    elif name.is_headed:
        for header in held:
            entries = tuple(_entries(held[header]))
            yield Block(name.name, NOWHERE, _word(header), entries, end=f"End{name.name}")
    elif isinstance(held, InputBlock):
        yield Block(name.name, NOWHERE, entries=tuple(_entries(held)))
    elif name.key is None:
        yield Key(name.name, NOWHERE, _word(held))
    else:
        yield key_entry(name.name, name.key, held)


def _is_none(word: Word) -> bool:
    return word.text.casefold() == "none"


class _Filling:
    """Fills blocks from located trees."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def fill(self, block: InputBlock, tree: Block) -> None:
        vars(block)["_is_given"] = True
        for entry in tree.entries:
            name = block._names.get(entry.name.casefold())
            if name is not None:  # the parser has told it
                self._take(block, name, entry)

    def _take(self, block: InputBlock, name: Name, entry: Entry) -> None:
        path = block._inner(name)
        if name.is_block != isinstance(entry, Block):
            self._take_misfit(block, name, entry, path)
        elif name.recurs:
            self._append(block[name.name], name, entry, path)
        elif name.is_headed:
            self._fill_engine(block[name.name], entry)
        elif name.name in block:
            self._findings.mistake(entry.place, f"{path} is given twice; keep one")
        elif isinstance(entry, Key):
            block._entries[name.name] = self._value(name, entry, path)
        else:
            self._fill_any(block[name.name], entry)

    def _take_misfit(self, block: InputBlock, name: Name, entry: Entry, path: str) -> None:
        or_none = name.key is not None and name.key.declaration.or_none
        if or_none and isinstance(entry, Key) and entry.value and _is_none(entry.value):
            block[name.name] = []
            return
        kind = "a block" if name.is_block else "a key, not a block"
        self._findings.mistake(entry.place, f"{path} is {kind}")

    def _append(self, items: Recurring, name: Name, entry: Entry, path: str) -> None:
        if isinstance(entry, Key):
            value = self._value(name, entry, path)
            if value is not None:
                items.append(value)
            return
        items.append({})
        self.fill(items[-1], entry)

    def _fill_engine(self, engines: InputBlock, entry: Entry) -> None:
        assert isinstance(entry, Block)
        header = "" if entry.header is None else entry.header.text
        name = engines._names.get(header.casefold())
        if name is None:  # the parser has told it
            return
        if name.name in engines:
            self._findings.mistake(entry.place, f"Engine {header} is given twice; keep one")
        self.fill(engines[name.name], entry)

    def _fill_any(self, block: InputBlock | FreeBlock, entry: Block) -> None:
        if isinstance(block, InputBlock):
            self.fill(block, entry)
            return
        vars(block)["_is_given"] = True
        block._values.update(free_values(entry, block._path, self._findings))

    def _value(self, name: Name, entry: Key, path: str) -> Any:
        """Return the value behind a key; None and a mistake where it is wrong."""
        place = entry.place if entry.value is None else entry.value.place
        try:
            if name.key is None:
                return value_of(name, "" if entry.value is None else entry.value.text, path)
            if entry.value is None and name.key.kind is not Kind.BOOL:
                raise Misfit(f"needs a value behind it: {takes(name.key)}")
            return parse_value(name.key, *text_and_unit(name.key, entry))
        except Misfit as misfit:
            self._findings.mistake(place, f"{path} {misfit}")
        except ValueError as error:
            self._findings.mistake(place, str(error))
        return None
