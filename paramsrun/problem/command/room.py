"""Whether the disk takes what evaluations write; where it does not, no loss is the point's own."""

import errno
from contextlib import suppress
from pathlib import Path

from paramsrun.errors import NoRoom

PROBE_BYTES = 1 << 20
_NO_ROOM = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
)


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
        if error.errno != errno.EACCES:  # a program may take away its own right to write
            check(error)
    finally:
        with suppress(OSError):
            file.unlink()
