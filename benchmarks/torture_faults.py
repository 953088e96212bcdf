"""Faults within a job: what it does to its files is counted, and the n-th time is the one."""

import errno
import io
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

OF_PATHS = ("open", "mkdir", "rename", "replace", "link", "unlink", "truncate")
OF_FILES = ("write", "pwrite", "ftruncate", "fsync", "sendfile")
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
KILL, ONCE, ON = "SIGKILL", "fails", "all fail from then on"


class TripWire:
    """Ends this process, or lets it fail, at the n-th change to files below some folder.

    Parameters
    ----------
    place
        From 0 to 1: of a write that is cut, how much is written; of another change, whether it is
        made before the process ends.
    """

    def __init__(self, root: Path, nth: int, act: str, place: float) -> None:
        self._root = str(root.absolute())
        self._left = nth
        self._act = act
        self._place = place

    def install(self) -> None:
        """Put it in the way of this process; of no other."""
        for name in OF_PATHS:
            setattr(os, name, self._guarded(getattr(os, name), self._is_change))
        for name in OF_FILES:
            setattr(os, name, self._guarded(getattr(os, name), self._is_own_file))
        opened = self._guarded(io.open, self._is_text_change)
        io.open = opened  # type: ignore[assignment]
        self._guard_appended()

    def _guard_appended(self) -> None:
        """Guard what is written by a class of C's."""
        from paramsrun.results import files

        wire = self

        class Guarded(files.FileIO):
            def write(self, data: Any, /) -> int:
                write = super().write
                if wire._is_due():
                    return int(wire._trip(lambda _, part: write(part), self.fileno(), data))
                return write(data)

        files.FileIO = Guarded  # type: ignore[misc]

    def _guarded(self, inner: Callable[..., Any], counts: Callable[..., bool]) -> Any:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if counts(*args, **kwargs) and self._is_due():
                return self._trip(inner, *args, **kwargs)
            return inner(*args, **kwargs)

        return guarded

    def _is_due(self) -> bool:
        self._left -= 1
        return self._left == 0 or (self._left < 0 and self._act == ON)

    def _trip(self, inner: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._act != KILL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        data = args[1] if len(args) > 1 else None
        if isinstance(data, bytes | memoryview):
            inner(args[0], bytes(data)[: int(self._place * len(data))], *args[2:])
        elif self._place > 0.5:
            inner(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    def _is_change(self, path: Any, *args: Any, **kwargs: Any) -> bool:
        if args and isinstance(args[0], int) and not args[0] & CHANGES and "mode" not in kwargs:
            return False  # opened to be read
        return any(self._is_below(one) for one in (path, *args))

    def _is_text_change(self, path: Any, mode: str = "r", *_: Any, **__: Any) -> bool:
        return mode.strip("rbt") != "" and self._is_below(path)

    def _is_below(self, path: Any) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self._root)

    def _is_own_file(self, file: int, *_: Any, **__: Any) -> bool:
        return file > 2 and stat.S_ISREG(os.fstat(file).st_mode)
