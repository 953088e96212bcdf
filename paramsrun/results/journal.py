"""The journal on disk: one event a line, in segments that are only ever appended to."""

import base64
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, get_args

import numpy as np
import orjson

from paramsrun.errors import RunError
from paramsrun.manager.events import KINDS, End, Eval, Event, Exit, Run, Start
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Dimension
from paramsrun.regular import opened
from paramsrun.results.files import CHUNK, chunks

FORMAT = 1
SEGMENT_EVENTS = 5000
SEGMENT_BYTES = 16 << 20
"""A segment is full with so many events, or with so many bytes: lines with residuals are long."""
MAX_LINE = 1 << 28
"""Bytes of a line that is read; residuals of 25 million numbers take less."""
_NAMES = {cls: name for name, cls in KINDS.items()}
_Check: TypeAlias = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_positive(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _are(check: _Check) -> _Check:
    return lambda value: type(value) is list and all(map(check, value))


def _is_map_of_texts(value: Any) -> bool:
    return type(value) is dict and all(map(_is_text, value.values()))


_MAY_BE: dict[str, _Check] = {
    "t": _is_time,
    **dict.fromkeys(("n", "o", "b", "i", "in_flight", "seed"), _is_count),
    **dict.fromkeys(("block", "parameter_vectors"), _is_positive),
    **dict.fromkeys(
        ("type", "reason", "evaluator", "why", "name", "settings", "objective", "utc"), _is_text
    ),
    **dict.fromkeys(("names", "changes"), _are(_is_text)),
    "living": _are(_is_positive),
    "r": _is_text,
    "versions": lambda value: type(value) is dict,
    "code": _is_map_of_texts,
    **dict.fromkeys(("comparable", "pruned"), lambda value: type(value) is bool),
    "scaler": get_args(Kind).__contains__,
    "stream": lambda value: _are(_is_count)(value) and len(value) == 4,
}
_MAY_BE_OF: dict[type[Event], dict[str, _Check]] = {
    Start: {"settings": lambda value: type(value) is dict},
    End: {"how": ("converged", "stopped", "failed").__contains__},
    Exit: {"how": ("conditions", "exhausted", "signal", "request", "error").__contains__},
}
_CHECKS: dict[type[Event], tuple[tuple[str, _Check], ...]] = {
    cls: tuple((k, v) for k, v in (_MAY_BE | _MAY_BE_OF.get(cls, {})).items() if k in cls._fields)
    for cls in _NAMES
}
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("x", "x0", "lower", "upper", "ranges"), lambda v: np.asarray(v, dtype=np.float64)
    ),
    **dict.fromkeys(("stream", "living", "names", "changes"), tuple),
    **dict.fromkeys(("fx", "val"), float),
    "space": lambda dimensions: tuple(map(Dimension.from_record, dimensions)),
    "r": lambda text: np.frombuffer(base64.b64decode(text, validate=True), "<f8"),
}


def encode(event: Event) -> bytes:
    """Return an event as one JSON line; floats are exact, inf and nan become strings."""
    if type(event) is Eval:
        return _encode_eval(event)
    fields = {k: _plain(v) for k, v in event._asdict().items() if k != "space" or v}
    return orjson.dumps({"e": _NAMES[type(event)], **fields}, option=_OPTIONS)


def _encode_eval(event: Eval) -> bytes:
    n, o, b, i, x, fx, t, why, val, pruned, r = event
    line = {"e": "eval", "n": n, "o": o, "b": b, "i": i, "x": x, "fx": fx, "t": t}
    if not math.isfinite(fx):
        line["fx"] = repr(float(fx))
    if why is not None:
        line["why"] = _text(why)
    if val is not None:
        line["val"] = _plain(val)
    if pruned:
        line["pruned"] = True
    if r is not None:
        line["r"] = base64.b64encode(r.astype("<f8").tobytes()).decode()
    return orjson.dumps(line, option=_OPTIONS)


def decode(line: bytes) -> Event:
    """Return the event of a journal line; ValueError, KeyError or TypeError if it is none."""
    fields = orjson.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("it is no event")
    cls = KINDS[fields.pop("e")]
    if cls is Run and fields["format"] != FORMAT:
        raise RunError(_foreign(fields))
    for name, may_be in _CHECKS[cls]:
        if name in fields and not may_be(fields[name]):
            raise ValueError(f"{name} cannot be {fields[name]!r:.40}")
    return cls(**{k: _FROM_JSON[k](v) if k in _FROM_JSON else v for k, v in fields.items()})


def _foreign(run: dict[str, Any]) -> str:
    versions = run.get("versions")
    maker = versions.get("paramsrun", "?") if isinstance(versions, dict) else "?"
    return (
        f"it has journal format {run['format']!s:.40}, written by paramsrun {maker!s:.40}, and "
        f"this paramsrun reads format {FORMAT}: use the paramsrun that wrote it, or a newer one"
    )


def _text(text: str) -> str:
    """Return a text without what UTF-8 cannot hold, such as the bytes of a file name."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Dimension):
        return _plain(value.record)
    if isinstance(value, Mapping):
        return {_text(key): _plain(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


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
        line = _encode_eval(event) if type(event) is Eval else encode(event)
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


def decoded(line: bytes, path: Path, number: int) -> Event:
    """Return the event of a line of a file; RunError, with file and line, if it is none."""
    try:
        return decode(line)
    except RunError as error:
        raise RunError(f"{path}:{number}: {error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}:{number}: damaged journal line ({error!s:.200})") from None


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
