"""NamingFormat: the names of checkpoints."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from paramsrun.errors import nearest

SUFFIX = ".tar.gz"
MAX_BYTES = 200
"""File systems take 255; the suffix and what sets two names apart need some."""
_TIMES = {
    "date": "%Y%m%d",
    "year": "%Y",
    "yr": "%y",
    "month": "%m",
    "day": "%d",
    "time": "%H%M%S",
    "hour": "%H",
    "min": "%M",
    "sec": "%S",
}
_KEYS = (*_TIMES, "count")
_KEY = re.compile(r"%\(([^)]*)\)")


@dataclass(frozen=True)
class NamingFormat:
    """A NamingFormat that was found good; ValueError says in a sentence why it is not."""

    text: str

    def __post_init__(self) -> None:
        for word in _KEY.findall(self.text):
            if word not in _KEYS:
                known = ", ".join(f"%({key})" for key in _KEYS)
                raise ValueError(
                    f"NamingFormat knows no %({word}), only {known}{nearest(word, _KEYS)}"
                )
        if "%(" in _KEY.sub("", self.text):
            raise ValueError(
                f"NamingFormat {self.text} opens a key with %( and does not close it with )"
            )
        self._check(self.text, _KEY.sub("00000000", self.text))

    @property
    def counts(self) -> bool:
        """Whether the names hold the number of the checkpoint."""
        return "%(count)" in self.text

    def name(self, at: datetime, count: int) -> str:
        """Return the name of a checkpoint, without `SUFFIX`."""

        def value(match: re.Match[str]) -> str:
            key = match[1]
            return f"{count:03d}" if key == "count" else at.strftime(_TIMES[key])

        return _KEY.sub(value, self.text)

    def free_name(self, at: datetime, count: int, is_taken: Callable[[str], bool]) -> str:
        """Return the first name that is not taken.

        A count goes on to the next number; names without one end in _001, _002 ...
        """
        name, n = self.name(at, count), 0
        while is_taken(name):
            if self.counts:
                count += 1
                name = self.name(at, count)
            else:
                n += 1
                name = f"{self.name(at, count)}_{n:03d}"
        return name

    @staticmethod
    def _check(text: str, example: str) -> None:
        """Raise ValueError where the names would be no plain file names."""
        if not example.strip():
            raise ValueError("NamingFormat is empty: give a name such as chkpt_%(count)")
        if any(c in "/\\" for c in example):
            raise ValueError(
                f"NamingFormat {text} holds a slash: it names files, and CheckpointingDirectory "
                "their folder"
            )
        if example.startswith((".", "-")):
            raise ValueError(
                f"NamingFormat {text} begins with {example[0]}: begin it with a letter, a digit "
                "or %("
            )
        if not example.isprintable() or " " in example:
            raise ValueError(f"NamingFormat {text!r} holds blanks or control characters")
        if len(example.encode("utf-8", "backslashreplace")) > MAX_BYTES:
            raise ValueError(f"NamingFormat gives names of more than {MAX_BYTES} bytes")
