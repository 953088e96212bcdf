"""What a YAML document is made of: values that know their places, and what they mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from paramsrun.errors import Place, most_like
from paramsrun.input.source import Source
from paramsrun.settings.number_advice import number_advice

_NULLS = ("", "~", "null", "none")
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it is written."""

    text: str
    place: Place
    plain: bool
    """Whether it stands without quotes and is no block of lines."""
    content: Place
    """Where its first character stands: the line below ``|`` for a literal block."""
    end: Place
    """Behind its last character."""

    @property
    def is_null(self) -> bool:
        """Whether it stands for nothing: empty, ``~``, ``null`` or ``None``."""
        return self.plain and self.text.casefold() in _NULLS

    @property
    def source(self) -> Source:
        """Its text for a parser of its own, each line at its place in this file."""
        return Source(self.text, self.content)


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping, or a document."""

    entries: Mapping[str, "Node"]
    places: Mapping[str, Place]
    """Of the keys."""
    place: Place

    def get(self, name: str) -> "Node | None":
        """Return the value of a key, or None where it is not there or stands for nothing."""
        node = self.entries.get(name)
        return None if isinstance(node, Scalar) and node.is_null else node

    def place_of(self, name: str) -> Place:
        """Return where a key stands, or the document if it is not there."""
        return self.places.get(name, self.place)

    def missing(self, name: str, known: Iterable[str], why: str) -> tuple[Place, str]:
        """Return the mistake of a key left out, at the unknown key that may be meant for it."""
        like = most_like(name, [key for key in self.places if key not in known])
        if like is None:
            return self.place_of(name), f"{name} is missing: {why}"
        return self.places[like], f"{like}: no such key; did you mean {name}, which is missing?"


Node: TypeAlias = Scalar | Listing | Fields


def plain_value(node: Node) -> Any:
    """Return metadata as Python data: numbers, truths, texts, lists and mappings."""
    if isinstance(node, Listing):
        return [plain_value(item) for item in node.items]
    if isinstance(node, Fields):
        return {name: plain_value(value) for name, value in node.entries.items()}
    if not node.plain:
        return node.text
    if node.is_null:
        return None
    if node.text.casefold() in _TRUTHS:
        return _TRUTHS[node.text.casefold()]
    return _number(node.text)


def truth(node: Node) -> bool | None:
    """Return the truth that a value states, or None if it states none."""
    return _TRUTHS.get(node.text.casefold()) if isinstance(node, Scalar) else None


def number(node: Node) -> float | None:
    """Return the number that a value is, or None if it is none. YAML 1.1 would not see 1e-5."""
    if not isinstance(node, Scalar) or not node.plain:
        return None
    value = _number(node.text)
    return None if isinstance(value, str) else float(value)


def instead(node: Node) -> str:
    """Return what stands where a number was wanted, for a message, with what to do."""
    if not isinstance(node, Scalar):
        return ""
    if not node.plain and not isinstance(_number(node.text), str):
        return f", not {node.text!r}: write it without quotes"
    return f", not {node.text!r}{number_advice(node.text)}"


def _number(text: str) -> int | float | str:
    if "_" in text:
        return text
    for kind in (int, float):
        try:
            value = kind(text)
            float(value)
        except (ValueError, OverflowError):
            continue
        return value
    return text
