"""What is most often wrong where YAML is broken, in words for its writer."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

_KEY = re.compile(r"[ \t]*[A-Za-z_]\w*[ \t]*:(?=\s|$)")
_GLUED = re.compile(r" *([A-Za-z_]\w*):(?=[^\s:/])")
_BRACKETED = ("while parsing a flow sequence", "while parsing a flow mapping")


class Advice(NamedTuple):
    """A line and a column, both counted from 1, and what to do there."""

    line: int
    column: int
    text: str


def advice(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Advice | None:
    """Return what is wrong with the lines of a YAML text, or None where that cannot be told."""
    return next(_guesses(error, lines), None)


def _guesses(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Iterator[Advice]:
    mark = error.problem_mark
    if mark is None or mark.line > len(lines):
        return
    at, column = mark.line, mark.column
    line = lines[at] if at < len(lines) else ""
    yield from _tab(at, line)
    if error.context_mark is not None:
        yield from _never_closed(error.context or "", error.context_mark)
    begin = _document(lines, at)
    yield from _glued(lines, begin, at)
    yield from _quoted(at, column, line)
    yield from _indented(lines, begin, at)
    if "mapping values" in (error.problem or ""):
        text = "a second colon with a blank behind it; put the value in quotes"
        yield Advice(at + 1, column + 1, text)
    if "cannot start any token" in (error.problem or "") and line[column:]:
        yield Advice(
            at + 1, column + 1, f"a value cannot begin with {line[column]}; put it in quotes"
        )


def _tab(at: int, line: str) -> Iterator[Advice]:
    blanks = line[: len(line) - len(line.lstrip())]
    if "\t" in blanks:
        yield Advice(at + 1, blanks.index("\t") + 1, "a tab; indent with blanks")


def _never_closed(context: str, mark: yaml.Mark) -> Iterator[Advice]:
    if context == "while scanning a quoted scalar":
        yield Advice(mark.line + 1, mark.column + 1, "this quote is never closed")
    elif context in _BRACKETED:
        yield Advice(mark.line + 1, mark.column + 1, "this bracket is never closed")


def _document(lines: Sequence[str], at: int) -> int:
    """Return where the first line with something to say stands, of the document around a line."""
    begin = at
    while begin > 0 and not lines[begin - 1].startswith("---"):
        begin -= 1
    while begin < at and (not lines[begin].strip() or lines[begin].lstrip().startswith("#")):
        begin += 1
    return begin


def _glued(lines: Sequence[str], begin: int, at: int) -> Iterator[Advice]:
    """Yield each key of a document, up to a line, that lacks the blank behind its colon."""
    for i, line in enumerate(lines[begin : at + 1], begin):
        found = _GLUED.match(line)
        if found is not None and _indent(line) == _indent(lines[begin]):
            text = f"a blank is wanted behind the colon of {found[1]}:"
            yield Advice(i + 1, found.end() + 1, text)


def _quoted(at: int, column: int, line: str) -> Iterator[Advice]:
    if column > 0 and line[column - 1 : column] in ("'", '"') and line[column:].strip():
        quote, other = line[column - 1], {"'": '"', '"': "'"}[line[column - 1]]
        text = f"the quote {quote} ends before this; put {other} around a value that holds {quote}"
        yield Advice(at + 1, column + 1, text)


def _indented(lines: Sequence[str], begin: int, at: int) -> Iterator[Advice]:
    """Yield the first line that begins elsewhere than the first key of its document."""
    if at >= len(lines) or not _KEY.match(lines[begin]):
        return
    wanted = f"than line {begin + 1}, the first of its entry; let all keys begin in one column"
    for i in range(begin + 1, at + 1):
        is_key = lines[i].strip() and not lines[i].startswith(("---", "...", "#"))
        if is_key and _indent(lines[i]) < _indent(lines[begin]):
            yield Advice(i + 1, _indent(lines[i]) + 1, f"this begins further left {wanted}")
    if _KEY.match(lines[at]) and _indent(lines[at]) > _indent(lines[begin]):
        yield Advice(at + 1, _indent(lines[at]) + 1, f"this begins further right {wanted}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
