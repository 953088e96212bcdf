"""The driver's end of the socket to a worker; nothing here ever blocks."""

import pickle
import selectors
import socket
from collections import deque
from typing import Any

from paramsrun.evaluators.messages import LENGTH

_AT_ONCE = 1 << 16


class Channel:
    """Sends bytes and receives whole messages, as far as each goes without waiting.

    A message that its sender did not live to complete is never seen.

    Parameters
    ----------
    owner
        What the selector tells when something arrived or room for the rest of a message came.
    """

    def __init__(
        self, connection: socket.socket, selector: selectors.BaseSelector, owner: object
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._selector = selector
        self._owner = owner
        self._arrived = bytearray()
        self._leaving: deque[memoryview] = deque()
        self._events = selectors.EVENT_READ
        self.is_open = True
        """Whether the other end still holds its socket."""
        selector.register(connection, self._events, owner)

    def send(self, data: bytes) -> None:
        """Send, now or as soon as there is room (see `flush`)."""
        self._leaving.append(memoryview(data))
        if len(self._leaving) == 1:
            self.flush()

    def flush(self) -> None:
        """Send more of what is left, if anything is."""
        if not self._leaving:
            return
        try:
            while self._leaving:
                rest = self._leaving[0][self._connection.send(self._leaving[0]) :]
                if rest:
                    self._leaving[0] = rest
                else:
                    self._leaving.popleft()
        except BlockingIOError:
            self._watch(selectors.EVENT_READ | selectors.EVENT_WRITE)
            return
        except OSError:  # the other end is gone; reading will tell
            self._leaving.clear()
        self._watch(selectors.EVENT_READ)

    def receive(self) -> list[Any]:
        """Return the messages that are complete by now."""
        try:
            while data := self._connection.recv(_AT_ONCE):
                self._arrived += data
                if len(data) < _AT_ONCE:
                    break
            else:
                self.is_open = False
        except BlockingIOError:
            pass
        except OSError:
            self.is_open = False
        return self._complete()

    def close(self) -> None:
        """Close this end; may be called again."""
        if self._connection.fileno() >= 0:
            self._selector.unregister(self._connection)
            self._connection.close()

    def _complete(self) -> list[Any]:
        messages = []
        at, n = 0, len(self._arrived)
        while n - at >= LENGTH.size:
            begin = at + LENGTH.size
            end = begin + LENGTH.unpack_from(self._arrived, at)[0]
            if end > n:
                break
            messages.append(pickle.loads(self._arrived[begin:end]))
            at = end
        del self._arrived[:at]
        return messages

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._selector.modify(self._connection, events, self._owner)
