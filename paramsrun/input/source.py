"""Where input text comes from: files and strings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from paramsrun.errors import Findings, Place
from paramsrun.regular import opened

_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\udc80-\udcff]")


@dataclass(frozen=True)
class Source:
    """A text and the place of its first character.

    The place serves text that stands within another file, such as a literal block in YAML: its
    line and column are added to those found in the text. Files named in the text are looked for
    beside ``at.file``.
    """

    text: str
    at: Place = field(default=Place("<text>", 1, 1))

    def __post_init__(self) -> None:
        text = self.text.replace("\r\n", "\n").replace("\r", "\n")
        object.__setattr__(self, "text", text)

    def place(self, line: int, column: int) -> Place:
        """Return the place of a line and column of this text, both counted from 1."""
        return Place(self.at.file, self.at.line + line - 1, self.at.column + column - 1)


def read_source(
    path: Path | str, findings: Findings, named_at: Place | None = None
) -> Source | None:
    """Return the text of a file, or None and a mistake.

    A file that cannot be opened is reported at `named_at`, where it was asked for; one that is
    named there may not be a pipe or a device, which might never end.
    """
    name = str(path)
    try:
        data = _bytes(Path(path), named_at is not None)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        findings.mistake(named_at or Place(name), f"cannot read the file {name!r}: {reason}")
        return None
    source = Source(data.decode("utf-8-sig", "surrogateescape"), Place(name, 1, 1))
    offending = _NO_TEXT.search(source.text)
    if offending is None:
        return source
    before = source.text[: offending.start()]
    place = source.place(before.count("\n") + 1, len(before) - before.rfind("\n"))
    byte = ord(offending[0]) & 0xFF
    findings.mistake(place, f"byte 0x{byte:02X} is not text; save the file as UTF-8 or ASCII text")
    return None


def _bytes(path: Path, is_named: bool) -> bytes:
    if not is_named:
        return path.read_bytes()
    with opened(path) as file:
        return file.read()
