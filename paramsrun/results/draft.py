"""A file without a name until it is whole, so that nothing remains of it if the process dies."""

import os
from contextlib import suppress
from pathlib import Path

from paramsrun.results.files import CHUNK

_OPEN_FILES = "/proc/self/fd"


class Draft:
    """A new file in a folder. Where a file system needs a name for it, that is a hidden one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hidden: Path | None = None
        try:
            if not os.path.isdir(_OPEN_FILES):
                raise NotImplementedError
            self._file = os.open(folder, os.O_RDWR | os.O_TMPFILE, 0o666)
        except (AttributeError, NotImplementedError, OSError):
            self._hidden = folder / f".{os.getpid()}.tmp"
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            self._file = os.open(self._hidden, flags, 0o666)

    def write(self, data: bytes, at: int) -> int:
        """Write all of data at a place; return where it ends."""
        left = memoryview(data)
        while left:
            n = os.pwrite(self._file, left, at)
            left, at = left[n:], at + n
        return at

    def copy_from(self, other: "Draft", n_bytes: int) -> None:
        """Write the first bytes of another file."""
        at = 0
        while at < n_bytes:
            chunk = os.pread(other._file, min(CHUNK, n_bytes - at), at)
            if not chunk:
                raise OSError("what was packed is gone from the disk")
            at = self.write(chunk, at)

    def sync(self) -> None:
        """Wait until all is on the disk."""
        os.fsync(self._file)

    def cut(self, n_bytes: int) -> None:
        """Leave out what is behind so many bytes."""
        os.ftruncate(self._file, n_bytes)

    def publish(self, path: Path) -> None:
        """Give the file its name; FileExistsError where another has that."""
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            if self._hidden is None:
                # Only with a folder's handle does Python ask for the link to be followed.
                os.link(f"{_OPEN_FILES}/{self._file}", path, src_dir_fd=folder)
            else:
                _rename(self._hidden, path)
                self._hidden = None
            with suppress(OSError):  # not every file system can do that for folders
                os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the file; without a name it is gone."""
        os.close(self._file)
        if self._hidden is not None:
            self._hidden.unlink(missing_ok=True)


def _rename(source: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(f"{target} was made by another job meanwhile")
    os.rename(source, target)
