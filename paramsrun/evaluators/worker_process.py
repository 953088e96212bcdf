"""A worker as its driver sees it: a process, what it was given, and how it ended."""

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paramsrun.evaluators.channel import Channel
from paramsrun.evaluators.contract import Task
from paramsrun.evaluators.thread_variables import THREADS_OF

_BEGIN = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from paramsrun.evaluators.worker import serve; serve(int(sys.argv[1]))"
)
_LINGER_S = 1.0


@dataclass(slots=True)
class Attempt:
    """A task, and how many workers have died over it."""

    task: Task
    deaths: int = 0


class WorkerProcess:
    """A new Python that knows the driver's module search path and nothing else of it.

    It leads a process group of its own, so that a Ctrl-C at the terminal does not reach it, and
    what its evaluations start ends with it. Raises OSError where the system allows no further
    process.

    Parameters
    ----------
    selector
        Tells of this object when a message arrived.
    threads
        Of its linear algebra; -1 leaves that to the environment.
    now
        When it was started.
    path
        Folders in which it looks for modules after all others.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        threads: int,
        now: float,
        path: Sequence[str] = (),
    ) -> None:
        here, there = socket.socketpair()
        with there:
            try:
                self._process = _start(there.fileno(), threads, path)
            except BaseException:
                here.close()
                raise
        self.channel = Channel(here, selector, self)
        self.tasks: deque[Attempt] = deque()
        """What it was given and has not sent back; it computes the first."""
        self.is_ready = False
        self.n_done = 0
        self.since = now
        """When it began with what it does, as far as the driver knows."""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Return whether the process is there no more."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it and all that it started, whatever they do."""
        self.channel.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = _LINGER_S) -> str | None:
        """Return how it ended, in words; None if it has not in that time."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        assert self._process.stdin is not None
        self._process.stdin.close()
        return _how(code)


def _start(number: int, threads: int, path: Sequence[str]) -> "subprocess.Popen[Any]":
    environment = dict(os.environ)
    if threads > 0:
        environment.update(dict.fromkeys(THREADS_OF, str(threads)))
    return subprocess.Popen(
        [sys.executable, "-c", _BEGIN, str(number), *sys.path, *path],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(number,),
        env=environment,
        process_group=0,
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as when the machine runs out of memory" if -code == signal.SIGKILL else ""
    return f"was killed by {name}{hint}"
