"""The function as an optimizer of the user's calls it: from threads, and from other processes."""

import os
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from paramsrun.arrays import Vector
from paramsrun.optimizers.plugins.exchange import Answer
from paramsrun.optimizers.plugins.remote import Details, RemoteFunction, Server, details


class PlayedFunction:
    """Lays points down for the run, within a ``with`` block.

    Pickled, it is a `RemoteFunction`. A forked process that inherits it calls it as such, too: so
    its server is started before a fork.

    Parameters
    ----------
    is_detailed
        Whether the run tells residuals, for `detailed_call`.
    """

    def __init__(self, evaluate: Callable[[Vector], Answer], is_detailed: bool) -> None:
        self._evaluate = evaluate
        self._is_detailed = is_detailed
        self._home = os.getpid()
        self._server: Server | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> "PlayedFunction":
        _ALIVE.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() != self._home:
            return
        _ALIVE.discard(self)
        if self._server is not None:
            self._server.close()

    def __call__(self, x: Vector) -> float:
        """Return the loss at x (n_params,)."""
        return self._evaluate(x).fx if os.getpid() == self._home else self.remote(x)

    def detailed_call(self, x: Vector) -> Details:
        """Return the loss at x, and its residuals where they are logged."""
        if os.getpid() != self._home:
            return self.remote.detailed_call(x)
        return details(self._evaluate(x), self._is_detailed)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.remote.__reduce__()

    @property
    def remote(self) -> RemoteFunction:
        """What calls this function from another process."""
        if self._server is None:
            with self._starting:
                self._server = self._server or Server(self._evaluate, self._is_detailed)
        return self._server.client


_ALIVE: "WeakSet[PlayedFunction]" = WeakSet()
"""Those that a forked process may inherit."""


def _serve_forks() -> None:
    for function in [*_ALIVE]:
        function.remote  # noqa: B018  starts its server


os.register_at_fork(before=_serve_forks)
