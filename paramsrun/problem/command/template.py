"""Input files with places that parameter values take: ``{{lr}}`` or ``{{lr:.3e}}``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from paramsrun.errors import Findings, Place, nearest

Values: TypeAlias = Mapping[str, float | int | str | bool]

_HOLE = re.compile(r"(\\?)\{\{([^{}\n]*)\}\}")
_TOO_WIDE = re.compile(r"\d{4}")


class Hole(NamedTuple):
    """A place that the value of a parameter takes."""

    name: str
    form: str
    """As Python's `format` takes it; empty for the exact value."""


@dataclass(frozen=True)
class Template:
    """A text file with holes; bytes that are no UTF-8 stay as they are."""

    name: str
    """Of the file that it becomes."""
    parts: tuple[str | Hole, ...]

    def filled(self, values: Values) -> bytes:
        """Return the file's content with values in its holes."""
        parts = (shown(values[p.name], p.form) if isinstance(p, Hole) else p for p in self.parts)
        return "".join(parts).encode("utf-8", "surrogateescape")


def shown(value: float | int | str | bool, form: str = "") -> str:
    """Return a value as text: numbers exact, truth as true or false."""
    if form:
        return format(value, form)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def read_template(path: Path, examples: Values | None, findings: Findings) -> Template:
    """Return the template in a file; a hole that no parameter fills is a mistake.

    examples are values of all parameters, or None where they are not known.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        findings.mistake(Place(str(path)), f"the template cannot be read: {error.strerror}")
        return Template(path.name, ())
    parts: list[str | Hole] = []
    end = 0
    for match in _HOLE.finditer(text):
        parts.append(text[end : match.start()])
        if match[1]:
            parts.append(match[0][1:])
        else:
            parts.append(_hole(match, path, examples, findings))
        end = match.end()
    return Template(path.name, (*parts, text[end:]))


def _hole(
    match: re.Match[str], path: Path, examples: Values | None, findings: Findings
) -> str | Hole:
    inside = match[2].strip()
    if examples is None:
        return ""
    name, form = inside, ""
    if inside not in examples:
        name, _, form = inside.rpartition(":")
        name = name.strip()
    place = _place(match, path)
    if name not in examples:
        given = name or inside
        text = f"{match[0]}: there is no parameter {given}" if given else f"{match[0]} is empty"
        hint = nearest(given, examples)
        findings.mistake(place, f"{text}{hint} (braces that are to stay are written \\{{{{...}}}})")
        return ""
    try:
        if _TOO_WIDE.search(form):
            raise ValueError("it is wider than 999 characters")
        shown(examples[name], form)
    except (ValueError, TypeError) as error:
        findings.mistake(place, f"{match[0]} is no format for {examples[name]!r}: {error}")
    return Hole(name, form)


def _place(match: re.Match[str], path: Path) -> Place:
    before = match.string[: match.start()]
    return Place(str(path), before.count("\n") + 1, len(before) - before.rfind("\n"))
