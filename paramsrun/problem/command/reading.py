"""The loss of a program that ended well: out of what it printed or of a file that it wrote."""

import json
import mmap
import os
import re
import stat
from collections import deque
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from paramsrun.problem.command.names import STDOUT

_TAIL = 1 << 16
_MOST_JSON = 1 << 26
_SHOWN = 200
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I)


class NoLoss(Exception):
    """Why a program gave no loss, in words for the user."""


@dataclass(frozen=True)
class Reading:
    """Where the loss is, in the folder of a program: its last line, unless key or pattern say else.

    Of several matches of the pattern the last counts, and of a match its first group.
    """

    file: str | None = None
    """None for what the program printed."""
    key: str | None = None
    """Names in JSON, one within the other, with dots between: ``metrics.loss``."""
    pattern: str | None = None

    def loss(self, folder: Path) -> float:
        """Return the loss; NoLoss where there is none."""
        path = folder / (self.file or STDOUT)
        _check_file(path, self.file)
        try:
            found = self._found(path)
        except OSError as error:
            raise NoLoss(f"{self._what} cannot be read: {error.strerror}") from None
        if not isfinite(found):
            raise NoLoss(f"the loss is {found}")
        return found

    @property
    def _what(self) -> str:
        return "its output" if self.file is None else f"the file {self.file}"

    def _found(self, path: Path) -> float:
        if self.key is not None:
            return self._by_key(path, self.key)
        if self.pattern is not None:
            return self._by_pattern(path, self.pattern)
        line = last_line(path)
        if not line:
            raise NoLoss(f"{self._what} is empty")
        return _number(line, f"the last line of {self._what}")

    def _by_pattern(self, path: Path, pattern: str) -> float:
        found = _last_match(pattern.encode(), path)
        if found is not None:
            return _number(_shown(found), f"what LossPattern found in {self._what}")
        raise NoLoss(f"nothing in {self._what} matches LossPattern {pattern}")

    def _by_key(self, path: Path, key: str) -> float:
        if self.file is None:
            text: str | bytes = last_line(path, most=_TAIL)
        else:
            if path.stat().st_size > _MOST_JSON:
                raise NoLoss(f"{self._what} is larger than 64 MB")
            text = path.read_bytes()
        where = self._what if self.file is not None else f"the last line of {self._what}"
        try:
            value = _at(json.loads(text), key)
        except (ValueError, RecursionError) as error:
            raise NoLoss(f"{where} is no JSON: {error}") from None
        except LookupError:
            raise NoLoss(f"{where} holds no {key}") from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NoLoss(f"{key} in {where} is no number but {_shown(json.dumps(value).encode())}")
        try:
            return float(value)
        except OverflowError:
            raise NoLoss(f"{key} in {where} is too large a number") from None


def last_line(path: Path, most: int = _SHOWN) -> str:
    """Return the last line of a file that is not blank, if it is near its end; else nothing."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        lines = [line for line in re.split(rb"[\r\n]", file.read(_TAIL)) if line.strip(b" \t\0")]
    return _shown(lines[-1], most) if lines else ""


def _last_match(pattern: bytes, path: Path) -> bytes | None:
    """Return what the last match of a pattern says, without having the file in memory."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return None  # nothing cannot be mapped
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            matches = deque(re.finditer(pattern, data, re.MULTILINE), maxlen=1)
            text = [m[1 if m.re.groups else 0] for m in matches]
            return text[0] if text else None


def _shown(data: bytes, most: int = _SHOWN) -> str:
    """Return bytes as a line of text, cut off where it is long."""
    text = data.decode("utf-8", "replace").strip()
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= most else f"{text[:most]}..."


def _number(text: str, what: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise NoLoss(f"{what} is no number: {text}")
    try:
        return float(text)
    except ValueError:  # Fortran's 1.0D-3
        return float(text.lower().replace("d", "e"))


def _at(node: Any, key: str) -> Any:
    """Return what stands in nested mappings and lists under a key; LookupError if nothing does.

    Names that hold dots themselves are found, too.
    """
    words = key.split(".")
    for n in range(len(words), 0, -1):
        name, rest = ".".join(words[:n]), ".".join(words[n:])
        if isinstance(node, dict) and name in node:
            below = node[name]
        elif isinstance(node, list) and name.isascii() and name.isdecimal():
            below = node[int(name)]
        else:
            continue
        return _at(below, rest) if rest else below
    raise LookupError(key)


def _check_file(path: Path, given: str | None) -> None:
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        raise NoLoss(f"it wrote no file {given or STDOUT}") from None
    if not is_file:
        raise NoLoss(f"{given or STDOUT} is no regular file")
