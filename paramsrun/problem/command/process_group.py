"""Running one program at a time so that nothing of it is left, however it or this process ends."""

import os
import select
import signal
import subprocess
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from time import monotonic

from paramsrun.problem.command.names import STDERR, STDOUT

_SHELL = "/bin/sh"
_GUARD = 'trap "" HUP; read x; kill -9 "-$1"'
_LINGER_S = 5.0
_LOOK_S = 0.1
_SLICE_S = 0.5
"""A wait lasts no longer at a time: a signal that comes to another thread, or just before the wait,
does not end it, and is heard only afterwards."""


class ProcessGroup:
    """A process group for programs, made once and used for one program after the other.

    Its first member ended at once and is not waited for: as long as it is not, the system keeps the
    group's number, so that programs can join it and what is left of them can be killed by it.
    A guard outside of the group waits for the end of this process, by a pipe that only this process
    holds, and then kills the group. A program that begins a session of its own escapes.
    """

    def __init__(self) -> None:
        with _uninterrupted():
            first = subprocess.Popen([_SHELL, "-c", ":"], stdin=subprocess.DEVNULL, process_group=0)
            self._guard = subprocess.Popen(
                [_SHELL, "-c", _GUARD, "sh", str(first.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                process_group=0,
            )
            self._number = first.pid
            self._home = os.getpid()
            weakref.finalize(self, _end, self._home, first, self._guard)

    @property
    def is_usable(self) -> bool:
        """Whether programs of this process can be run in it."""
        if os.getpid() != self._home or self._guard.poll() is not None:
            return False
        try:
            os.killpg(self._number, 0)
        except OSError:
            return False
        return True

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[bytes, bytes],
        timeout_s: float | None = None,
        unwanted: Callable[[], bool] | None = None,
    ) -> int | None:
        """Run a program in a folder; return its exit code, below 0 for a signal's number.

        None is for one that took longer than timeout_s, or that became unwanted: that is asked now
        and then while it runs. What it prints goes into files in the
        folder. All that it started is killed when it ends. Raises OSError where it cannot be
        started.
        """
        process: subprocess.Popen[bytes] | None = None
        with (folder / STDOUT).open("wb") as out, (folder / STDERR).open("wb") as err:
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=folder,
                    env=environment,
                    process_group=self._number,
                )
                if unwanted is not None:
                    return _watched(process, timeout_s, unwanted)
                return _waited(process, timeout_s)
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._number, signal.SIGKILL)
                if process is not None and process.returncode is None:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LINGER_S)


def _watched(
    process: "subprocess.Popen[bytes]", timeout_s: float | None, unwanted: Callable[[], bool]
) -> int | None:
    """Return the exit code of a process, or None where time was up or it became unwanted."""
    end = monotonic() + (inf if timeout_s is None else timeout_s)
    while (left := end - monotonic()) > 0.0:
        code = _waited(process, min(left, _LOOK_S))
        if code is not None or unwanted():
            return code
    return None


def _waited(process: "subprocess.Popen[bytes]", timeout_s: float | None) -> int | None:
    """Return the exit code of a process, or None where it has not ended in that time."""
    end = monotonic() + (inf if timeout_s is None else timeout_s)
    with _end_of(process) as ended_within:
        while (left := end - monotonic()) > 0.0:
            if ended_within(min(left, _SLICE_S)):
                break
    return process.poll()


@contextmanager
def _end_of(process: "subprocess.Popen[bytes]") -> Iterator[Callable[[float], bool]]:
    """Give what waits so many seconds for the end of a process, and tells whether it came."""

    def looked(seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode is not None

    try:
        handle = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # older systems: waiting looks again and again
        handle = -1
    if handle < 0:
        yield looked
        return
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        yield lambda seconds: bool(poll.poll(seconds * 1e3))
    finally:
        os.close(handle)


def _end(home: int, first: "subprocess.Popen[bytes]", guard: "subprocess.Popen[bytes]") -> None:
    """Let the guard end, and then the group's number be used again."""
    if os.getpid() != home:
        return
    assert guard.stdin is not None
    guard.stdin.close()
    try:
        guard.wait(_LINGER_S)
    except subprocess.TimeoutExpired:  # another process holds its pipe
        guard.kill()
        guard.wait()
    first.wait()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off signals that would break out of what is done meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
