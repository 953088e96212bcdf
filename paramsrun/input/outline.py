"""Labels for the lines of a text: what each first word means, with a broken structure mended."""

from __future__ import annotations

from collections.abc import Iterator

from paramsrun.errors import Findings, Place
from paramsrun.input.frames import Frame
from paramsrun.input.grammar import Label
from paramsrun.input.lines import Line, Value, unwrapped
from paramsrun.input.meanings import Meanings
from paramsrun.input.names import Kind, Meaning, meaning
from paramsrun.input.tree import Scope, Word


class Outline:
    """Follows the blocks of one text and notes every mistake in their structure.

    The labels obey the grammar whatever the text is: a block never closed is closed, an End too
    many is dropped, and so is what stands under a name nobody knows.
    """

    def __init__(self, scope: Scope, findings: Findings, at: Place) -> None:
        self._findings = findings
        self._meanings = Meanings(scope, findings)
        self._open = [Frame("", at, scope, Kind.BLOCK)]

    def labels(self, lines: Iterator[Line]) -> Iterator[Label]:
        """Iterate over the labels of all lines."""
        following = next(lines, None)
        while (line := following) is not None:
            following = next(lines, None)
            yield from self._line(line, following)
        while len(self._open) > 1:
            yield from self._close_unclosed()

    @property
    def _top(self) -> Frame:
        return self._open[-1]

    def _line(self, line: Line, following: Line | None) -> Iterator[Label]:
        if self._is_end(line):
            yield from self._end(line)
        elif self._top.kind is Kind.FREE:
            self._check_quotes(line)
            yield from self._put(("LINE", line.text()))
        elif line.words[0].type != "WORD":
            text = f"a line begins with the name of a key or block, not with {line.words[0]}"
            self._findings.mistake(line.place(), text)
        else:
            yield from self._close_outdented(line)
            yield from self._entry(line, following)

    def _put(self, *labels: tuple[str, Word], lost: bool = False) -> Iterator[Label]:
        if not (lost or self._top.lost):
            yield from (Label.of(kind, word) for kind, word in labels)
            yield Label.of("_END_OF_LINE", labels[-1][1])

    # The ends of blocks

    def _is_end(self, line: Line) -> bool:
        fold, top = line.fold, self._top
        if top.kind is Kind.FREE and len(line.words) > 1:
            return False
        if fold in ("end", "subend"):
            return True
        known = top.scope is not None and fold in top.scope.spelling
        named = fold.removeprefix("end")
        return (
            not known
            and named != fold
            and (named == top.name.casefold() or named in self._meanings.engines)
        )

    def _end(self, line: Line) -> Iterator[Label]:
        word = line.name
        named = "" if line.fold in ("end", "subend") else line.fold.removeprefix("end")
        if named and any(named == frame.name.casefold() for frame in reversed(self._open)):
            while self._top.name.casefold() != named:
                yield from self._close_unclosed()
        frame = self._top
        if frame.parent is None:
            self._findings.mistake(word.place, f"one {word.text} too many: no block is open here")
            return
        if named not in ("", frame.name.casefold()) or (not named and frame.kind is Kind.ENGINE):
            opened = f"{frame.path} of line {frame.place.line}"
            self._findings.mistake(word.place, f"{opened} closes with {frame.end}, not {word.text}")
        if len(line.words) > 1:
            self._findings.mistake(line.place(1), f"nothing may stand behind {word.text}")
        self._mark_thief(frame, word.place.column)
        for doubt in frame.doubts:
            self._findings.mistake(*doubt)
        yield from self._close(word.place)

    def _close(self, place: Place) -> Iterator[Label]:
        frame = self._top
        kind = "END_ENGINE" if frame.kind is Kind.ENGINE else "END"
        yield from self._put((kind, Word(frame.end, place)))
        self._open.pop()

    def _close_unclosed(self) -> Iterator[Label]:
        if not self._top.guessed:
            self._findings.mistake(*self._top.unclosed())
        yield from self._close(self._top.place)

    def _mark_thief(self, frame: Frame, column: int) -> None:
        parent = frame.parent
        if parent is not None and parent.place.column == column != frame.place.column:
            parent.thief = parent.thief or frame

    def _close_outdented(self, line: Line) -> Iterator[Label]:
        """Close blocks whose End is missing, by the names known around them and the indentation."""
        column = line.place().column
        while self._top.guessed and column <= self._top.place.column:
            yield from self._close_unclosed()
        depth = len(self._open) - 1
        while not self._open[depth].knows(line.fold) and self._open[depth].may_end_before(column):
            if depth == 0:
                return
            depth -= 1
        if self._open[depth].knows(line.fold):
            while len(self._open) > depth + 1:
                yield from self._close_unclosed()

    # What stands between them

    def _entry(self, line: Line, following: Line | None) -> Iterator[Label]:
        top = self._top
        if top.indented is None:
            top.indented = line.place().column > top.place.column
        found = self._meanings.of(line, following, top)
        top.seen.add(found.name.casefold())
        self._check_quotes(line, found.name)
        if found.kind is Kind.KEY:
            yield from self._key(line, found)
        elif found.kind is not Kind.ENGINE and line.is_compact():
            yield from self._compact(line, found)
        else:
            yield from self._block(line, found)

    def _check_quotes(self, line: Line, name: str = "") -> None:
        if line.words[-1].type == "OPEN_QUOTE":
            path = self._top.inside(name) if name else self._top.path
            text = f"{path}: the quote {line.words[-1][0]} is never closed on its line"
            self._findings.mistake(line.place(-1), text)

    def _key(self, line: Line, found: Meaning) -> Iterator[Label]:
        labels = [(found.kind.value, Word(found.name, line.place()))]
        first = 1
        if len(line.words) > 1 and line.words[1].type == "EQUALS":
            text = f"{self._top.inside(found.name)} takes its value behind a blank, without ="
            self._findings.mistake(line.place(1), text)
            first = 2
        if len(line.words) > first:
            labels += _value(line.value(first))
        yield from self._put(*labels, lost=found.lost)

    def _block(self, line: Line, found: Meaning) -> Iterator[Label]:
        top, scope, header, kind = self._top, found.scope, line.header(), ""
        if found.kind is Kind.ENGINE:
            scope, header = self._meanings.engine(found.name, line, top)
            kind = header.text.split()[0] if scope is not None and header is not None else ""
        labels = [(found.kind.value, Word(found.name, line.place()))]
        if header is not None:
            labels.append(("HEADER", header))
        yield from self._put(*labels, lost=found.lost)
        self._open.append(
            Frame(
                found.name,
                line.place(),
                scope,
                found.kind,
                parent=top,
                lost=top.lost or found.lost,
                guessed=found.kind is Kind.BLOCK and scope is None,
                has_header=header is not None,
                type=kind,
            )
        )

    def _compact(self, line: Line, found: Meaning) -> Iterator[Label]:
        name = Word(found.name, line.place())
        frame = Frame(found.name, line.place(), found.scope, found.kind, parent=self._top)
        if found.kind is Kind.FREE:
            text = f"{frame.path} takes lines of its own below it, and End behind them"
            self._findings.mistake(line.place(1), text)
            return
        labels = [("BLOCK", name)]
        for key, value in self._pairs(line, frame):
            labels += [("KEY", key), ("_EQUALS", key), *_value(value)]
        yield from self._put(*labels, ("END", Word("End", name.place)), lost=found.lost)

    def _pairs(self, line: Line, frame: Frame) -> Iterator[tuple[Word, Value]]:
        """Iterate over the keys of a one-line block and their values."""
        first = 1
        while first < len(line.words) and not line.is_end(first):
            if line.types(first, first + 2) != ["WORD", "EQUALS"] or not line.has_value(first + 1):
                text = f"{frame.path} on one line takes Key=value, a value with blanks in quotes"
                self._findings.mistake(line.place(first), text)
                return
            last = line.joined(first + 2)
            key = Word(str(line.words[first]), line.place(first))
            if (name := self._key_name(key, frame)) is not None:
                yield Word(name, key.place), unwrapped(line.value(first + 2, last))
            first = last + 1

    def _key_name(self, key: Word, frame: Frame) -> str | None:
        """Return the printed name of a key in a one-line block, or None and a mistake."""
        if frame.scope is None:
            return key.text
        found = meaning(frame.scope, key.text, as_key=True)
        if found is None:
            found = self._meanings.unknown(key, frame)
        elif found.kind is not Kind.KEY:
            text = f"{frame.inside(found.name)} is a block: it cannot stand on the line of another"
            self._findings.mistake(key.place, text)
        return found.name if found.kind is Kind.KEY and not found.lost else None


def _value(value: Value) -> list[tuple[str, Word]]:
    labels = [("QUOTED_TEXT" if value.quoted else "TEXT", value.text)]
    return [*labels, ("UNIT", value.unit)] if value.unit else labels
