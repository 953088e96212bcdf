"""The lock of a results folder: which driver is alive, and keeping its traces fresh."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from paramsrun.errors import RunError
from paramsrun.regular import opened
from paramsrun.results.files import replace

NAME = "run.lock"
TOUCH_S = 10.0
STALE_S = 60.0
SYNC_S = 1.0
MAX_BYTES = 4096
"""A lock has less; what lies in its place could have any number."""


def owner() -> dict[str, Any]:
    """Return who this process is: host, process id and its start time."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "began": _began(os.getpid())}


def alive(folder: Path) -> dict[str, Any] | None:
    """Return the owner of a folder's lock if its driver lives, else None.

    On this host the process decides; from another host, whether the lock was touched in the last
    60 s.
    """
    path = folder / NAME
    try:
        with opened(path) as file:
            read = json.loads(file.read(MAX_BYTES))
            touched = os.fstat(file.fileno()).st_mtime
        held: dict[str, Any] = {"host": str(read["host"]), "pid": int(read["pid"])}
        held |= {"load": read["load"]} if "load" in read else {}
        if held["host"] != socket.gethostname():
            return held if time.time() - touched < STALE_S else None
        began = _began(held["pid"])
        return held if began is not None and began == read["began"] else None
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None  # no lock, or not one of ours


def _began(pid: int) -> str | None:
    """Return when a process of this host began, in clock ticks since boot, or None if it is gone.

    Where there is no /proc the answer is ``unknown`` for every living process.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        return "unknown" if _exists(pid) else None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]  # a zombie is gone, whoever has yet to notice


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Keeper:
    """Holds the lock of a folder while a run lives, touches it and syncs the journal each second.

    Its thread ends with `close`.

    Parameters
    ----------
    load
        What the run does at the moment, for those who read the lock; written where that is new.
    """

    def __init__(
        self,
        folder: Path,
        sync: Callable[[], None],
        load: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self._path = folder / NAME
        self._sync = sync
        self._load = load
        self._written: dict[str, Any] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper")

    def __enter__(self) -> "Keeper":
        try:
            replace(self._path, json.dumps(owner()) + "\n")
        except OSError as error:
            raise RunError(f"The lock {self._path} cannot be written: {error}") from error
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        held = alive(self._path.parent)
        if held is not None and held["pid"] != os.getpid():
            return  # the folder was moved away, and another run has its name
        with suppress(OSError):  # a lock that stays behind is stale once this process is gone
            self._path.unlink()

    def _keep(self) -> None:
        since_touch = 0.0
        while not self._closing.wait(SYNC_S):
            since_touch += SYNC_S
            try:
                self._sync()
                self._write_load()
                if since_touch >= TOUCH_S:
                    os.utime(self._path)
                    since_touch = 0.0
            except (OSError, RunError):
                continue  # the next append meets the same disk and ends the run with its error

    def _write_load(self) -> None:
        load = {} if self._load is None else self._load()
        if load != self._written:
            replace(self._path, json.dumps({**owner(), "load": load}) + "\n")
            self._written = load
