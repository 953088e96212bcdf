"""Whether the disk takes what evaluations write; where it does not, no loss is the point's own."""

import errno
from contextlib import suppress
from pathlib import Path

from paramsrun.errors import NoRoom

PROBE_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = (*_FULL, errno.EROFS, errno.EACCES, errno.EPERM)


def check(error: OSError) -> None:
    """Raise NoRoom if an error says that the disk takes no more."""
    if error.errno in _NO_ROOM:
        raise NoRoom(
            f"Programs cannot be run, since their folders cannot be written: {error}\n"
            "Make room, and go on by --resume auto"
        ) from error


def probe(folder: Path) -> None:
    """Raise NoRoom where a folder takes no more: what failed in it may have failed from that."""
    file = folder / ".room"
    try:
        file.write_bytes(bytes(PROBE_BYTES))
    except OSError as error:
        if error.errno in _FULL:  # what a program made read-only is its own affair
            check(error)
    finally:
        with suppress(OSError):
            file.unlink()
