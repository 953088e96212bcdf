"""Opening files where someone may have put a pipe or a device in their place."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

NO_FILE = "it is no file but a pipe or a device"


def opened(path: Path, buffering: int = 1 << 13) -> BinaryIO:
    """Open a file to read its bytes; OSError where it is none, at once and without reading it."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, NO_FILE, str(path))
        return open(handle, "rb", buffering)
    except BaseException:
        os.close(handle)
        raise
