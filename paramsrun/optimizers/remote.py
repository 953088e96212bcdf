"""A function that lives here and is called from other processes, through a socket.

Points and losses go over it as the bytes of their numbers; nothing is unpickled here.
"""

import os
import secrets
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from paramsrun.arrays import Vector

_LOSS = struct.Struct("d")


class Server:
    """Answers calls from other processes, each connection in a thread of its own."""

    def __init__(self, function: Callable[[Vector], float]) -> None:
        self._function = function
        self._folder = TemporaryDirectory(prefix="paramsrun-", ignore_cleanup_errors=True)
        self._key = secrets.token_bytes(32)
        address = str(Path(self._folder.name) / "function")
        self._listener = Listener(address, "AF_UNIX", authkey=self._key)
        self.client = RemoteFunction(address, self._key)
        """What is sent to the other processes."""
        threading.Thread(target=self._accept, name="function", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()
        with suppress(OSError, EOFError), Client(self.client.address, authkey=self._key):
            pass
        self._folder.cleanup()

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
                    fx = self._function(x)
                except BaseException as error:  # the caller's process is told
                    connection.send_bytes(str(error).encode())
                    return
                connection.send_bytes(_LOSS.pack(fx))


class RemoteFunction:
    """The function as another process sees it."""

    def __init__(self, address: str, key: bytes) -> None:
        self.address = address
        self.key = key
        self._local = _Local()

    def __getstate__(self) -> tuple[str, bytes]:
        return self.address, self.key

    def __setstate__(self, state: tuple[str, bytes]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __call__(self, x: Vector) -> float:
        """Return the loss at x; RuntimeError where the optimizer was ended."""
        try:
            connection = self._connection()
            connection.send_bytes(np.ascontiguousarray(x, dtype=np.float64).tobytes())
            answer = connection.recv_bytes()
        except (OSError, EOFError) as error:
            raise RuntimeError("the optimizer was ended") from error
        if len(answer) != _LOSS.size:
            raise RuntimeError(answer.decode(errors="replace"))
        fx: float = _LOSS.unpack(answer)[0]
        return fx

    def detailed_call(self, x: Vector) -> tuple[float, ...]:
        """Return the loss at x as the first of a tuple."""
        return (self(x),)

    def _connection(self) -> Connection:
        """Return a connection of this thread of this process."""
        if self._local.pid != os.getpid():
            self._local.connection = Client(self.address, authkey=self.key)
            self._local.pid = os.getpid()
        return self._local.connection


class _Local(threading.local):
    pid = 0
    connection: Connection
