"""A job in a process of its own, which outlives the one that started it."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from paramsrun.errors import ParamsrunError, RunError, UsageError
from paramsrun.evaluators.thread_variables import THREADS_OF

_BEGIN = (
    "import json, sys; sent = json.load(sys.stdin); sys.path[:] = sent.pop('path'); "
    "from paramsrun.params_job import run_sent; run_sent(**sent)"
)


class Apart:
    """The process of a job that was sent to it; what it complains of is kept.

    It knows the module search path and the current folder of this process, and nothing else of it,
    so that a script needs no ``if __name__ == "__main__"``.
    """

    def __init__(self, name: str, text: str, folder: Path) -> None:
        self._complaint = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._told = ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN],
            env={**os.environ, **dict.fromkeys(THREADS_OF, "1")},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._complaint,
            text=True,
        )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:  # it tells why it is gone
            json.dump({"name": name, "text": text, "folder": str(folder), "path": sys.path}, pipe)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether it goes on."""
        if self._process.poll() is None:
            return True
        if not self._complaint.closed:
            self._complaint.seek(0)
            self._told = self._complaint.read().strip()
            self._complaint.close()
        return False

    def failure(self) -> ParamsrunError | None:
        """Return the error that ended it, once it has ended."""
        if self.is_alive() or self._process.returncode == 0:
            return None
        kind = UsageError if self._process.returncode == UsageError.exit_code else RunError
        return kind(self._told or f"its process ended with {self._process.returncode}")
