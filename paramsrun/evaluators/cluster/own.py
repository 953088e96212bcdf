"""A cluster of one's own on this machine: a scheduler and workers, each a process."""

import os
import select
import signal
import subprocess
import sys
from time import monotonic
from typing import Any

from paramsrun.errors import RunError
from paramsrun.evaluators.cluster.security import Certificates
from paramsrun.temporary import TemporaryFolder

_BEGIN = (
    "import sys; arguments = sys.argv[1:]; n = arguments.index('--'); "
    "sys.path[:] = arguments[n + 1:]; "
    "from paramsrun.evaluators.cluster.own_parts import main; main(*arguments[:n])"
)
START_LIMIT_S = 120.0
MAX_ENDS = 5


class OwnCluster:
    """Started here and ended here; it ends with this process, too, however that ends.

    Parameters
    ----------
    retries
        How often dask tries a chunk again after its worker was lost.

    Raises
    ------
    RunError
        Where it does not start.
    """

    def __init__(self, workers: int, retries: int, certificates: Certificates | None) -> None:
        files = (
            ()
            if certificates is None
            else (certificates.authority, certificates.certificate, certificates.key)
        )
        self._files = tuple(str(file.absolute()) for file in files)
        self._folder = TemporaryFolder()
        self._n_ends = 0
        self._workers: list[subprocess.Popen[Any]] = []
        self._scheduler = _start("scheduler", str(retries), *self._files, answers=True)
        try:
            self.address = self._read_address()
            self._workers = [self._worker() for _ in range(workers)]
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """The processes: the scheduler, then the workers."""
        return [self._scheduler.pid, *(worker.pid for worker in self._workers)]

    def tend(self) -> None:
        """Start a worker in place of each that ended; RunError where they keep ending."""
        for k, worker in enumerate(self._workers):
            if (code := worker.poll()) is None:
                continue
            _end(worker)
            self._n_ends += 1
            if self._n_ends > MAX_ENDS:
                raise RunError(
                    f"The workers of the cluster on this machine keep ending (Evaluator): "
                    f"the last of {self._n_ends} ended with {code}"
                )
            self._workers[k] = self._worker()

    def worked(self) -> None:
        """Note that workers work."""
        self._n_ends = 0

    def close(self) -> None:
        """End all of it at once; may be called again."""
        for process in (*self._workers, self._scheduler):
            _end(process)
        self._folder.close()

    def _worker(self) -> "subprocess.Popen[Any]":
        return _start("worker", self.address, str(self._folder.path), *self._files)

    def _read_address(self) -> str:
        """Return what the scheduler tells on its standard output."""
        assert self._scheduler.stdout is not None
        told, until = b"", monotonic() + START_LIMIT_S
        while not told.endswith(b"\n"):
            ready = select.select([self._scheduler.stdout], [], [], max(0.0, until - monotonic()))
            data = os.read(self._scheduler.stdout.fileno(), 4096) if ready[0] else b""
            if not data:
                raise RunError(
                    "A dask scheduler cannot be started on this machine (Evaluator); "
                    "`dask scheduler --host 127.0.0.1` tells why"
                )
            told += data
        return told.decode().strip()


def _start(part: str, *arguments: str, answers: bool = False) -> "subprocess.Popen[Any]":
    """Start a part that ends when its standard input does, which is when this process ends."""
    return subprocess.Popen(
        [sys.executable, "-c", _BEGIN, part, *arguments, "--", *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if answers else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def _end(process: "subprocess.Popen[Any]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for end in (process.stdin, process.stdout):
        if end is not None:
            end.close()
