"""YAML streams of documents whose every value knows its place. Nothing is constructed from tags."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from paramsrun.errors import Findings, Place
from paramsrun.input.source import Source, read_source
from paramsrun.problem.nodes import Fields, Listing, Node, Scalar

MAX_DEPTH = 30
"""Nesting beyond this is refused, so that no text can exhaust the stack."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True)
class Stream:
    """The documents of a file."""

    source: Source
    header: Fields | None
    entries: tuple[Fields, ...]

    @property
    def dtype(self) -> str | None:
        """What the header says the file holds."""
        node = self.header.get("dtype") if self.header else None
        return node.text if isinstance(node, Scalar) else None


def read_stream(path: Path, findings: Findings, named_at: Place | None = None) -> Stream | None:
    """Return the documents of a YAML file; None, and a mistake, where it is none.

    A file that cannot be read is reported at named_at. The first document is the header if it has
    the key dtype.
    """
    source = read_source(path, findings, named_at)
    return None if source is None else parse_stream(source, findings)


def parse_stream(source: Source, findings: Findings) -> Stream | None:
    """Return the documents of a YAML text; None, and a mistake, where it is none."""
    n_before = len(findings.mistakes)
    try:
        nodes = list(_Reader(source, findings).documents())
    except yaml.MarkedYAMLError as error:
        _report(error, source, findings)
        return None
    except yaml.YAMLError as error:
        findings.mistake(Place(source.at.file), f"this is no YAML: {error}")
        return None
    except _Refused as refused:
        findings.mistake(*refused.args)
        return None
    documents = [node for node in nodes if isinstance(node, Fields)]
    for node in nodes:
        if not isinstance(node, Fields) and not (isinstance(node, Scalar) and node.is_null):
            findings.mistake(node.place, "a document is made of lines `key: value`")
    if len(findings.mistakes) > n_before:
        return None
    if documents and "dtype" in documents[0].entries:
        return Stream(source, documents[0], tuple(documents[1:]))
    return Stream(source, None, tuple(documents))


def spliced(source: Source, edits: Iterable[tuple[Place, Place, str]]) -> str:
    """Return the text of a file with the parts between two places written anew."""
    starts = [0, *(found.end() for found in _LINE_BREAK.finditer(source.text))]

    def offset(place: Place) -> int:
        return starts[place.line - source.at.line] + place.column - 1

    text = source.text
    for begin, end, new in sorted(edits, reverse=True):
        text = text[: offset(begin)] + new + text[offset(end) :]
    return text


class _Refused(Exception):
    """Something that is YAML, but is not read here: its place and the mistake."""


class _Reader:
    """Builds nodes from the parser's events."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._lines = _LINE_BREAK.split(source.text)
        self._findings = findings
        self._forgotten: set[Place] = set()
        self._events: Iterator[Any] = yaml.parse(source.text, Loader=_LOADER)

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                yield self._node(next(self._events), 0)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(
                place, f"aliases are not read; write the value in place of *{event.anchor}"
            )
        if event.tag is not None:
            raise _Refused(place, f"tags are not read; leave out {event.tag}")
        if depth > MAX_DEPTH:
            raise _Refused(place, f"more than {MAX_DEPTH} levels of nesting are not read")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Listing(tuple(self._items(depth)), place)
        return self._fields(place, depth)

    def _scalar(self, event: Any, place: Place) -> Scalar:
        content = place
        if event.style == "|":
            content = self._first_line(event)
        elif event.style in ("'", '"'):
            content = self._source.place(event.start_mark.line + 1, event.start_mark.column + 2)
        return Scalar(event.value, place, not event.style, content, self._place(event.end_mark))

    def _first_line(self, event: Any) -> Place:
        """Return where a literal block begins, its indentation taken off."""
        line, texts = event.start_mark.line + 1, event.value.split("\n")
        for raw, text in zip(self._lines[line : line + len(texts)], texts, strict=False):
            if text.strip():
                return self._source.place(line + 1, raw.find(text) + 1)
        return self._source.place(line + 1, 1)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _fields(self, place: Place, depth: int) -> Fields:
        entries: dict[str, Node] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                raise _Refused(key.place, "a key must be a single word")
            if key.text in entries:
                self._twice(key, places, depth)
                continue
            entries[key.text], places[key.text] = value, key.place
        return Fields(entries, places, place)

    def _twice(self, key: Scalar, places: Mapping[str, Place], depth: int) -> None:
        """Note a key that is there already; where that is the first one, a line --- was forgotten.

        What follows that one is twice there as well, and is told once with it.
        """
        first = next(iter(places))
        text = f"{key.text} is given twice, first on line {places[key.text].line}"
        if depth == 0 and key.text == first:
            self._findings.mistake(key.place, f"{text}; keep one, or begin the next entry with ---")
            self._forgotten.add(places[first])
        elif depth or places[first] not in self._forgotten:
            self._findings.mistake(key.place, f"{text}; keep one")

    def _place(self, mark: Any) -> Place:
        return self._source.place(mark.line + 1, mark.column + 1)


def _report(error: yaml.MarkedYAMLError, source: Source, findings: Findings) -> None:
    from paramsrun.problem.yaml_advice import advice  # most files need none

    told = advice(error, _LINE_BREAK.split(source.text))
    if told is not None:
        text = f"the YAML is broken here: {told.text}"
        findings.mistake(source.place(told.line, told.column), text)
        return
    mark = error.problem_mark or error.context_mark
    place = source.place(mark.line + 1, mark.column + 1) if mark else Place(source.at.file)
    context = f" {error.context}" if error.context else ""
    findings.mistake(place, f"the YAML is broken here: {error.problem}{context}")
