"""Lines of words, with the lines of included files in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lark import Token

from paramsrun.errors import Findings, Place
from paramsrun.input.grammar import words
from paramsrun.input.source import Source, read_source
from paramsrun.input.tree import Word

MAX_INCLUDED = 1000
"""Files that an input may include, one counted as often as it is included."""


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind a name."""

    text: Word
    unit: Word | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a line that is neither blank nor a comment."""

    words: tuple[Token, ...]
    source: Source

    @property
    def name(self) -> Word:
        """The first word."""
        return Word(str(self.words[0]), self.place())

    @property
    def fold(self) -> str:
        """The first word, ignoring case."""
        return self.words[0].casefold()

    def place(self, index: int = 0) -> Place:
        """Return where a word begins."""
        word = self.words[index]
        return self.source.place(word.line or 0, word.column or 0)

    def types(self, first: int = 0, stop: int | None = None) -> list[str]:
        """Return the types of the words from one to before another."""
        return [word.type for word in self.words[first:stop]]

    def is_end(self, index: int) -> bool:
        """Return whether the word is the last one and reads End."""
        return index == len(self.words) - 1 and self.words[index].casefold() == "end"

    def is_compact(self) -> bool:
        """Return whether a whole block stands on the line: ``Name Key=value ...``."""
        return self.types(1, 3) == ["WORD", "EQUALS"] or self.is_end(1)

    def has_value(self, equals: int) -> bool:
        """Return whether a value, not the next ``Key=``, stands behind an equals sign."""
        following = self.types(equals + 1, equals + 3)
        joined = self.joined(equals) > equals
        return bool(following) and (joined or following != ["WORD", "EQUALS"])

    def joined(self, index: int) -> int:
        """Return the last word joined to this one without a blank, or the unit behind it."""
        words = self.words
        while index + 1 < len(words) and words[index + 1].start_pos == words[index].end_pos:
            index += 1
        following = words[index + 1 : index + 2]
        return index + 1 if following and following[0].type == "BRACKETED" else index

    def text(self, first: int = 0, last: int = -1) -> Word:
        """Return the text from one word to another, as it stands."""
        begin, end = self.words[first].start_pos, self.words[last].end_pos
        return Word(self.source.text[begin:end].strip(), self.place(first))

    def header(self) -> Word | None:
        """Return what stands behind the name, without the quotes if it is one quotation."""
        if len(self.words) == 1:
            return None
        return self.value(unit=False).text

    def value(self, first: int = 1, last: int | None = None, *, unit: bool = True) -> Value:
        """Return the words from one to another as a value: unquoted, with its unit apart."""
        end = len(self.words) - 1 if last is None else last
        if unit and first < end and self.words[end].type == "BRACKETED":
            value = self.value(first, end - 1, unit=False)
            bracketed = Word(self.words[end][1:-1].strip(), self.place(end))
            return Value(value.text, bracketed, value.quoted)
        word = self.words[first]
        if first == end and word.type in ("QUOTED", "OPEN_QUOTE"):
            text = word[1:-1] if word.type == "QUOTED" else word[1:].strip()
            return Value(Word(text, self.place(first)), quoted=True)
        return Value(self.text(first, end))


def split(source: Source) -> Iterator[Line]:
    """Iterate over the lines of one text."""
    for blank, line in groupby(words(source.text), lambda word: word.type == "NEWLINE"):
        if not blank:
            yield Line(tuple(line), source)


def lines(source: Source, findings: Findings) -> Iterator[Line]:
    """Iterate over the lines of a text and of all it includes."""
    opened, n_included = [(source, split(source))], 0
    while opened:
        line = next(opened[-1][1], None)
        if line is None:
            opened.pop()
        elif line.fold != "@include":
            yield line
        elif n_included == MAX_INCLUDED:
            findings.mistake(line.place(), f"more than {MAX_INCLUDED} files are included")
            return
        elif (included := _include(line, [s.at.file for s, _ in opened], findings)) is not None:
            opened.append((included, split(included)))
            n_included += 1


def _include(line: Line, chain: list[str], findings: Findings) -> Source | None:
    name = line.header()
    if name is None or not name.text:
        findings.mistake(line.place(), "@include needs the name of a file behind it")
        return None
    path = str(Path(chain[-1]).parent / name.text)
    real = [_real(file) for file in chain]
    if _real(path) in real:
        circle = " -> ".join([*chain[real.index(_real(path)) :], path])
        findings.mistake(name.place, f"@include goes in a circle: {circle}")
        return None
    return read_source(path, findings, name.place)


def _real(file: str) -> str:
    try:
        return str(Path(file).resolve())
    except (OSError, ValueError, RuntimeError):
        return file


_UNIT_WITHIN = re.compile(r"(?P<text>.*\S)\s+\[(?P<unit>[^\[\]]*)\]")


def unwrapped(value: Value) -> Value:
    """Return a quoted value of a one-line block with its unit apart: ``B="1.5 [Angstrom]"``."""
    within = _UNIT_WITHIN.fullmatch(value.text.text) if value.quoted and not value.unit else None
    if within is None:
        return value
    place = value.text.place
    return Value(Word(within["text"], place), Word(within["unit"].strip(), place))
