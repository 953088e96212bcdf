"""Writing the text files that others read, and reading files piece by piece."""

import fcntl
import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from paramsrun.regular import opened

MAX_FILES = 65_536
CHUNK = 1 << 20
"""So many bytes of a file are read or copied at a time."""


def allow_many_files() -> None:
    """Let this process open as many files as the system lets it: each living optimizer has some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def replace(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.tmp")
    write_new(fresh, text)
    os.replace(fresh, path)


def write_new(path: Path, text: str) -> None:
    """Write a file that nobody reads before it is whole."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with opened(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other jobs from changing a folder meanwhile, where the file system can do that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Appended:
    """A text file that grows; nothing is held back, so that closing it cannot fail."""

    def __init__(self, path: Path, mode: str = "a") -> None:
        self._file = FileIO(path, mode)

    def write(self, text: str) -> None:
        """Hand a text to the operating system."""
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[self._file.write(data) :]

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self._file.close()


class Lines:
    """A text file of lines under a header; lines are held back until `flush`."""

    def __init__(self, path: Path, header: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = Appended(path, "w")
        self._held = [header]
        try:
            self.flush()
        except OSError:
            self._file.close()
            raise

    def add(self, line: str) -> None:
        """Take a line."""
        self._held.append(line)

    def flush(self) -> None:
        """Hand all lines to the operating system."""
        if self._held:
            self._held.append("")
            text = "\n".join(self._held)
            self._held.clear()
            self._file.write(text)

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            self._file.close()


def loss_row(n: int, fx: float, t: float) -> str:
    """Return a row of running_loss.txt: evaluation, loss, its log10, seconds."""
    return f"{n:06d}  {shown(fx)} {log10(fx):.3f} {t:.2f}"


def shown(fx: float) -> str:
    """Return a number with six decimals, or shortest exact where those lose over 1e-6 of it."""
    if abs(fx) >= 0.5:
        return f"{fx:.6f}"
    six = f"{fx:.6f}"
    return six if abs(float(six) - fx) <= 1e-6 * abs(fx) else repr(float(fx))


def log10(fx: float) -> float:
    """Return log10, -inf at 0 and nan below."""
    if fx > 0:
        return math.log10(fx)
    return -math.inf if fx == 0 else math.nan
