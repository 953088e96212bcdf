"""Sees what the interpreter does during an attempt: programs, code, files, connections."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PROGRAMS = {"os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "subprocess.Popen"}
_LOADS = {"pickle.find_class", "socket.connect", "ctypes.dlopen"}
_CHANGES = {
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FREE = ("/dev/", "/proc/")


class Watch:
    """Notes executions, and files that are read or changed where they should not be."""

    def __init__(self, root: Path, programs: bool, own_code: bool) -> None:
        self._root = os.path.realpath(root)
        self._free = tuple(os.path.join(self._root, name) + "/" for name in ("work", "tmp"))
        self._outside = os.path.join(self._root, "outside") + "/"
        self._programs = programs
        self._own_code = own_code
        self.executed: list[str] = []
        self.touched: list[str] = []

    def see(self, event: str, args: tuple[Any, ...]) -> None:
        """Take an event of `sys.addaudithook`."""
        if event == "open":
            self._opened(*args)
        elif event == "exec":
            self._ran(args[0])
        elif event in _LOADS or (event in _PROGRAMS and not self._is_free(args)):
            self.executed.append(f"{event} {args!r:.200}")
        elif event in _CHANGES:
            for k in _CHANGES[event]:
                self._changed(event, args[k])

    def _is_free(self, args: tuple[Any, ...]) -> bool:
        """Return whether a program may be started; matplotlib looks for fonts by one."""
        return self._programs or args[:1] == ("fc-list",)

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file that is open already
        real = os.path.realpath(os.fsdecode(path))
        writes = isinstance(flags, int) and bool(flags & _WRITES)
        if writes or (isinstance(mode, str) and set("wax+") & set(mode)):
            is_own = isinstance(flags, int) and bool(flags & os.O_NOFOLLOW)
            self._changed("made" if is_own else "written", path)
        elif real.startswith(self._outside):
            self.touched.append(f"read {real}")

    def _changed(self, how: str, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        folder, name = os.path.split(os.path.abspath(text))
        follows = how in ("written", "os.truncate", "os.chmod", "sqlite3.connect")
        real = os.path.realpath(text) if follows else os.path.join(os.path.realpath(folder), name)
        if not f"{real}/".startswith((*self._free, *_FREE)):
            self.touched.append(f"{how} {real}")

    def _ran(self, code: Any) -> None:
        name = getattr(code, "co_filename", "")
        if (name.startswith(self._root) and not self._own_code) or (
            name.startswith("<") and "canary" in repr(code.co_consts)
        ):
            self.executed.append(f"exec of {name}")


_watches: list[Watch] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for one in tuple(_watches):
        one.see(event, args)


_is_hooked: list[bool] = []


@contextmanager
def watching(root: Path, programs: bool = False, own_code: bool = False) -> Iterator[Watch]:
    """Watch this process meanwhile."""
    if not _is_hooked:
        sys.addaudithook(_hook)  # there is no way to remove one
        _is_hooked.append(True)
    watch = Watch(root, programs, own_code)
    _watches.append(watch)
    try:
        yield watch
    finally:
        _watches.remove(watch)
