"""The grammar file at work: text to words, and labelled lines to the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.visitors import v_args

from paramsrun.errors import Place
from paramsrun.input.tree import Block, Entry, Key, Word


class Label(Token):
    """A token of the second pass: a word and what it stands for."""

    word: Word

    @classmethod
    def of(cls, kind: str, word: Word) -> Label:
        """Return the word under that label."""
        label = cls(kind, word.text)
        label.word = word
        return label


def words(text: str) -> Iterator[Token]:
    """Iterate over the words and line ends of a text."""
    pass_one: Any = _grammar().parse_interactive(text, start="words")
    cut: Iterator[Token] = pass_one.lexer_thread.lex(pass_one.parser_state)
    return cut


def tree(labels: Iterable[Label], at: Place) -> Block:
    """Return the root block that holds the labelled lines."""
    pass_two = _grammar().parse_interactive(start="input")
    for label in labels:
        pass_two.feed_token(label)
    entries: tuple[Entry, ...] = pass_two.feed_token(Token("$END", ""))
    return Block("", at, entries=entries)


def grammar_text() -> str:
    """Return ams.lark, from the installed package or from the checkout around it."""
    packaged = files("paramsrun").joinpath("grammar", "ams.lark")
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[2] / "grammar" / "ams.lark"
    return checkout.read_text(encoding="utf-8")


@v_args(inline=True)
class _Tree(Transformer[Token, tuple[Entry, ...]]):
    """Builds the blocks while the parser reduces, so that no depth of nesting exhausts a stack."""

    def input(self, *entries: Entry) -> tuple[Entry, ...]:
        return entries

    def key(self, name: Label, value: tuple[Label, Label | None] | None) -> Key:
        if value is None:
            return Key(name.word.text, name.word.place)
        text, unit = value
        quoted = text.type == "QUOTED_TEXT"
        in_brackets = unit if unit is None else unit.word
        return Key(name.word.text, name.word.place, text.word, in_brackets, quoted)

    pair = key

    def value(self, text: Label, unit: Label | None) -> tuple[Label, Label | None]:
        return text, unit

    def block(self, name: Label, header: Label | None, *entries: Entry | Label) -> Block:
        *inner, end = entries
        return Block(
            name.word.text,
            name.word.place,
            header if header is None else header.word,
            tuple(e for e in inner if isinstance(e, Key | Block)),
            tuple(line.word for line in inner if isinstance(line, Label)),
            end.word.text if isinstance(end, Label) else "End",
        )

    free = engine = block

    def compact(self, name: Label, *pairs: Key | Label | None) -> Block:
        inner = tuple(pair for pair in pairs if isinstance(pair, Key))
        return Block(name.word.text, name.word.place, entries=inner)


@cache
def _grammar() -> Lark:
    return Lark(
        grammar_text(),
        start=["words", "input"],
        parser="lalr",
        lexer="basic",
        transformer=_Tree(),
    )
