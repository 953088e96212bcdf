"""A function that lives here and is called from other processes, through a socket.

Points, losses and residuals go over it as the bytes of their numbers; nothing is unpickled here.
"""

import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.optimizers.plugins.exchange import Answer
from paramsrun.temporary import TemporaryFolder

Details = tuple[float] | tuple[float, Vector | None]
"""The loss, and the residuals (n_residuals,) where the run logs them."""
_ERROR, _LOSS, _RESIDUALS = b"E", b"L", b"R"
"""What an answer begins with."""


def details(answer: Answer, is_detailed: bool) -> Details:
    """Return an answer as `detailed_call` gives it."""
    return (answer.fx, answer.residuals) if is_detailed else (answer.fx,)


class Server:
    """Answers calls from other processes, each connection in a thread of its own."""

    def __init__(self, function: Callable[[Vector], Answer], is_detailed: bool = False) -> None:
        self._function = function
        self._folder = TemporaryFolder()
        self._key = secrets.token_bytes(32)
        address = str(self._folder.path / "function")
        self._listener = Listener(address, "AF_UNIX", authkey=self._key)
        self.client = RemoteFunction(address, self._key, is_detailed)
        """What is sent to the other processes."""
        threading.Thread(target=self._accept, name="function", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()
        with suppress(OSError, EOFError), Client(self.client.address, authkey=self._key):
            pass
        self._folder.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except Exception:  # closed, or a stranger without the key
                if not Path(self.client.address).exists():
                    return
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError):
            while True:
                x = np.frombuffer(connection.recv_bytes())
                try:
                    answer = self._function(x)
                except BaseException as error:  # the caller's process is told
                    connection.send_bytes(_ERROR + str(error).encode(errors="replace"))
                    return
                connection.send_bytes(_packed(answer))


class RemoteFunction:
    """The function as another process sees it."""

    def __init__(self, address: str, key: bytes, is_detailed: bool = False) -> None:
        self.address = address
        self.key = key
        self._is_detailed = is_detailed
        self._local = _Local()

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteFunction, (self.address, self.key, self._is_detailed)

    def __call__(self, x: Vector) -> float:
        """Return the loss at x; RuntimeError where the optimizer was ended."""
        return self._answer(x).fx

    def detailed_call(self, x: Vector) -> Details:
        """Return the loss at x, and its residuals where they are logged."""
        return details(self._answer(x), self._is_detailed)

    def _answer(self, x: Vector) -> Answer:
        try:
            connection = self._connection()
            connection.send_bytes(np.ascontiguousarray(x, dtype=np.float64).tobytes())
            answer = connection.recv_bytes()
        except (OSError, EOFError) as error:
            raise RuntimeError("the optimizer was ended") from error
        return _unpacked(answer)

    def _connection(self) -> Connection:
        """Return a connection of this thread of this process."""
        if self._local.pid != os.getpid():
            self._local.connection = Client(self.address, authkey=self.key)
            self._local.pid = os.getpid()
        return self._local.connection


def _packed(answer: Answer) -> bytes:
    fx = np.array([answer.fx])
    if answer.residuals is None:
        return _LOSS + fx.tobytes()
    return _RESIDUALS + np.concatenate([fx, answer.residuals]).tobytes()


def _unpacked(sent: bytes) -> Answer:
    kind, rest = sent[:1], sent[1:]
    if kind == _ERROR:
        raise RuntimeError(rest.decode(errors="replace"))
    numbers = np.frombuffer(rest)
    return Answer(float(numbers[0]), numbers[1:].copy() if kind == _RESIDUALS else None)


class _Local(threading.local):
    pid = 0
    connection: Connection
