"""The journal on disk: one event a line, in segments that are only ever appended to."""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from paramsrun.errors import RunError
from paramsrun.manager.events import Eval, Event
from paramsrun.regular import opened
from paramsrun.results.event_lines import decoded, encode, encode_eval
from paramsrun.results.files import CHUNK, chunks

SEGMENT_EVENTS = 5000
SEGMENT_BYTES = 16 << 20
"""A segment is full with so many events, or with so many bytes: lines with residuals are long."""
MAX_LINE = 1 << 28
"""Bytes of a line that is read; residuals of 25 million numbers take less."""


class Journal:
    """Appends events to the segments of a folder, behind those that are there.

    A line is handed to the operating system before `append` returns, so it survives SIGKILL;
    `sync` makes it survive a power loss too. on_full is called with each segment that is full.
    """

    def __init__(self, folder: Path, on_full: Callable[[Path], None] = lambda _: None) -> None:
        self._folder = folder
        self._on_full = on_full
        self._file: int | None = None
        self._full: deque[int] = deque()
        """Files of full segments that are yet to be synced and closed."""
        self._dirty = False
        self._refused = ""
        folder.mkdir(parents=True, exist_ok=True)
        self._number, self._n_events, self._n_bytes = _open_end(folder)
        """Of the segment to append to: its number, and what it holds."""

    def append(self, event: Event) -> None:
        """Write an event; RunError where the disk takes it no more."""
        line = encode_eval(event) if type(event) is Eval else encode(event)
        if self._refused:
            raise RunError(self._refused)
        if len(line) >= MAX_LINE:
            raise RunError(f"The journal takes no line of {len(line)} bytes: too many residuals")
        try:
            if self._file is None or self._n_events == 0:
                self._open_segment()
            assert self._file is not None
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            # A line behind a torn one would make it unreadable.
            self._refused = self._told(error)
            raise RunError(self._refused) from error
        self._n_events += 1
        self._n_bytes += len(line)
        self._dirty = True
        if self._n_events >= SEGMENT_EVENTS or self._n_bytes >= SEGMENT_BYTES:
            path = self._folder / segment_name(self._number)
            self._number, self._n_events, self._n_bytes = self._number + 1, 0, 0
            self._on_full(path)

    def sync(self) -> None:
        """Wait until all that was appended is on the disk; may be called from another thread.

        RunError where that fails, or where the journal is no longer there: no event is taken then.
        """
        try:
            while self._full:
                full = self._full.popleft()
                os.fsync(full)
                os.close(full)
            if self._dirty and self._file is not None:
                self._dirty = False
                os.fsync(self._file)
            is_there = self._file is None or os.fstat(self._file).st_nlink
        except OSError as error:
            raise RunError(self._told(error)) from error
        if not is_there:
            gone = f"The journal in {self._folder} was deleted while the job ran"
            self._refused = f"{gone}: nothing that happens is kept any more"
            raise RunError(self._refused)

    def _told(self, error: OSError) -> str:
        path = self._folder / segment_name(self._number)
        return (
            f"The journal {path} cannot be written: {error.strerror or error}. Make room, and go "
            "on with --resume auto"
        )

    def close(self) -> None:
        """Sync and close."""
        try:
            self.sync()
        finally:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open_segment(self) -> None:
        path = self._folder / segment_name(self._number)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        if self._file is not None:
            self._full.append(self._file)
        self._file = fresh


def begin(first: Event, folder: Path) -> None:
    """Make a journal with its first event."""
    journal = Journal(folder)
    journal.append(first)
    journal.close()


def copy(source: Path, target: Path) -> None:
    """Let a journal begin with all events of another: closed segments are shared where they can be.

    A line of the source that was cut off is left out.
    """
    *closed, last = segments(source)
    for path in closed:
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copyfile(path, target / path.name)
    copied = shutil.copyfile(last, target / last.name)
    os.truncate(copied, copied.stat().st_size - n_torn(last))


def segments(folder: Path) -> list[Path]:
    """Return the segments of a journal, in order."""
    return sorted(folder.glob("[0-9]*.jsonl"))


def is_full(path: Path) -> bool:
    """Return whether a segment takes no further event."""
    return path.stat().st_size >= SEGMENT_BYTES or _n_lines(path) >= SEGMENT_EVENTS


def _open_end(folder: Path) -> tuple[int, int, int]:
    """Return the number of the segment that takes the next event, and its events and bytes."""
    paths = segments(folder)
    if not paths or is_full(paths[-1]):
        return len(paths) + 1, 0, 0
    return len(paths), _n_lines(paths[-1]), paths[-1].stat().st_size


def place(folder: Path, k: int) -> str:
    """Return file and line of a journal's k-th event, from 0."""
    *closed, path = segments(folder)
    for one in closed:
        n = _n_lines(one)
        if k < n:
            path = one
            break
        k -= n
    return f"{path}:{k + 1}"


def n_torn(path: Path) -> int:
    """Return how many bytes stand behind the last whole line of a segment."""
    n = 0
    for chunk in chunks(path):
        n = len(chunk) - 1 - end if (end := chunk.rfind(b"\n")) >= 0 else n + len(chunk)
    return n


def _n_lines(path: Path) -> int:
    return sum(chunk.count(b"\n") for chunk in chunks(path))


def segment_name(number: int) -> str:
    """Return the file of a journal's n-th segment, from 1."""
    return f"{number:06d}.jsonl"


class Torn(NamedTuple):
    """A last line that was cut off as it was written; it is left out on reading."""

    path: Path
    n_bytes: int


def read(folder: Path) -> Iterator[Event | Torn]:
    """Yield the events of a journal in order; a torn last line comes as a Torn.

    Raises RunError, with file and line, where a line in the middle is damaged.
    """
    paths = segments(folder)
    for position, path in enumerate(paths):
        if path.name != segment_name(position + 1):
            raise RunError(
                f"{folder / segment_name(position + 1)} is missing, a part of the journal"
            )
        last = position == len(paths) - 1
        with opened(path, CHUNK) as file:
            lines = iter(partial(file.readline, MAX_LINE), b"")
            for number, line in enumerate(lines, 1):
                if line.endswith(b"\n"):
                    yield decoded(line, path, number)
                elif len(line) == MAX_LINE:
                    raise RunError(f"{path}:{number}: the line is longer than {MAX_LINE} bytes")
                elif last:
                    yield Torn(path, len(line))
                    return  # a job that runs may have written the rest of it meanwhile
                else:
                    raise RunError(f"{path}:{number}: the journal breaks off inside a line")
