"""Obstacles of the system's: a disk that is small and full, folders that take nothing new."""

import array
import ctypes
import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 1 << 18, 2
GET_FLAGS, SET_FLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10
DISK_MB = 48
BALLAST = "ballast"


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library; OSError where it fails."""
    c = ctypes.CDLL(None, use_errno=True)
    if getattr(c, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def leave_mounts() -> str:
    """Keep what this process will mount from all others; return why it cannot mount, or nothing."""
    try:
        _call("unshare", CLONE_NEWNS)
        _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    except (OSError, AttributeError) as error:
        return str(error)
    return ""


class SmallDisk:
    """A file system of its own, in memory, that can be filled but for some bytes."""

    def __init__(self, at: Path) -> None:
        at.mkdir()
        _call("mount", b"tmpfs", os.fsencode(at), b"tmpfs", 0, f"size={DISK_MB}m".encode())
        self.path = at

    def fill(self, n_left: int) -> None:
        """Leave room for so many bytes, rounded down to pages."""
        room = os.statvfs(self.path)
        ballast = os.open(self.path / BALLAST, os.O_WRONLY | os.O_CREAT)
        try:
            n_bytes = room.f_bavail * room.f_frsize - n_left
            if n_bytes > 0:
                with suppress(OSError):  # a job may take some of it meanwhile
                    os.posix_fallocate(ballast, 0, n_bytes)
        finally:
            os.close(ballast)

    def free(self) -> None:
        """Let it have room again."""
        (self.path / BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            _call("umount2", os.fsencode(self.path), MNT_DETACH)


def close_folder(folder: Path, is_closed: bool) -> None:
    """Let no name in a folder be made, changed or removed any more, or let that again.

    The superuser is kept from it by an attribute of the folder, others by its mode.
    """
    if os.geteuid() != 0:
        folder.chmod(0o555 if is_closed else 0o755)
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        flags = array.array("L", [0])
        fcntl.ioctl(handle, GET_FLAGS, flags)
        flags[0] = flags[0] | IMMUTABLE if is_closed else flags[0] & ~IMMUTABLE
        fcntl.ioctl(handle, SET_FLAGS, flags)
    finally:
        os.close(handle)


def why_not_closed(folder: Path) -> str:
    """Return why folders below this one cannot be made read-only, or nothing."""
    trial = folder / "trial"
    trial.mkdir()
    try:
        close_folder(trial, True)
    except OSError as error:
        return str(error)
    try:
        (trial / "file").touch()
        return "a read-only folder takes files all the same"
    except OSError as error:
        return "" if error.errno in (errno.EPERM, errno.EACCES) else str(error)
    finally:
        close_folder(trial, False)
