"""A folder for a while."""

import shutil
import tempfile
import weakref
from pathlib import Path


class TemporaryFolder:
    """A new folder that is gone with `close`, or with Python; left where the disk keeps it.

    Python's own `tempfile.TemporaryDirectory` ends in a RecursionError there, though it is told to
    ignore errors (Python 3.11).
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="paramsrun-"))
        self._delete = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete it with all that is in it; may be called again."""
        self._delete()
