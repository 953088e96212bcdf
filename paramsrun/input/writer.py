"""The tree as text again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramsrun.input.source import Source
from paramsrun.input.tree import Block, Entry, Key

if TYPE_CHECKING:
    from paramsrun.input.lines import Line

_PLAIN = re.compile(r"""[^\s"'#!:=\[]+(?: [^\s"'#!:=\[]+)*""")


def write(block: Block) -> str:
    """Return the input text of a block, or of the entries of a root block.

    Raises
    ------
    ValueError
        If a value or a line cannot be written, because it holds a line end or both kinds of
        quotes.
    """
    return "".join(f"{line}\n" for line in _lines(block))


def _lines(block: Block) -> Iterator[str]:
    # An explicit stack, since blocks may nest deeper than Python calls.
    waiting: list[Iterator[Entry]] = [iter((block,) if block.name else block.entries)]
    ends: list[str] = []
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            if ends:
                yield "  " * (len(ends) - 1) + ends.pop()
        elif isinstance(entry, Key):
            yield "  " * len(ends) + _key(entry)
        else:
            yield "  " * len(ends) + _opening(entry)
            waiting.append(iter(entry.entries))
            ends.append(entry.end)
            yield from ("  " * len(ends) + _free_line(line.text, entry) for line in entry.lines)


def _key(key: Key) -> str:
    if key.value is None:
        return key.name
    text = key.value.text
    if key.quoted or not (_PLAIN.fullmatch(text) or _is_plain_value(text)):
        text = _quoted(text)
    if key.unit is None:
        return f"{key.name} {text}"
    if re.search(r"[\]\r\n]", key.unit.text):
        raise ValueError(f"{key.name}: {key.unit.text!r} is no unit")
    return f"{key.name} {text} [{key.unit.text}]"


def _opening(block: Block) -> str:
    if block.header is None:
        return block.name
    text = block.header.text
    return f"{block.name} {text if _is_plain_header(text) else _quoted(text)}"


def _quoted(text: str) -> str:
    quote = "'" if '"' in text else '"'
    if re.search(rf"[{quote}\r\n]", text):
        raise ValueError(f"{text!r} cannot stand in quotes on one line")
    return f"{quote}{text}{quote}"


def _is_plain_value(text: str) -> bool:
    line = _read(f"Key {text}")
    if line is None or line.types(1, 2) in ([], ["EQUALS"]):
        return False
    value = line.value()
    return value.text.text == text and not value.unit and not value.quoted


def _is_plain_header(text: str) -> bool:
    line = _read(f"Block {text}")
    header = line.header() if line and not line.is_compact() else None
    return header is not None and header.text == text


def _free_line(text: str, block: Block) -> str:
    line = _read(text)
    ends = {"end", "subend", "endengine", f"end{block.name.casefold()}"}
    if (
        line is None
        or line.text().text != text
        or line.fold == "@include"
        or text.casefold() in ends
    ):
        raise ValueError(f"{text!r} cannot be a line of the free block {block.name}")
    return text


def _read(text: str) -> Line | None:
    """Return the one line that a text reads as, without a quote left open."""
    from paramsrun.input.lines import split

    found = list(split(Source(text)))
    whole = len(found) == 1 and "\n" not in text and "OPEN_QUOTE" not in found[0].types()
    return found[0] if whole else None
