"""A user's optimizer at work: its class constructed, its method minimize run in a thread."""

import inspect
import logging
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended, Saved
from paramsrun.optimizers.plugins.base_optimizer import BaseOptimizer, born_with, keeps_state
from paramsrun.optimizers.plugins.echoes import Echoes
from paramsrun.optimizers.plugins.exchange import Answer
from paramsrun.optimizers.plugins.function import PlayedFunction
from paramsrun.optimizers.plugins.signals import Message, Signal, SignalPipe, Unheard
from paramsrun.optimizers.plugins.threads import ThreadedProposer
from paramsrun.optimizers.reasons import one_line
from paramsrun.temporary import TemporaryFolder

SAVE_S = 1.0
"""A class that writes its own state does so at most this often."""
LEISURE_S = 0.2
"""In tests a batch waits so long to become full."""
_SHARE = 20
"""Nor does it spend more than this part of its time with it."""

_log = logging.getLogger("paramsrun.optimizers")


class Played(ThreadedProposer):
    """Runs the class that a plugin names.

    Parameters
    ----------
    saved
        What the class wrote of itself, to go on from there.
    at_leisure
        Let it write its state after each batch, and batches be full, however long that takes.
    """

    def __init__(
        self,
        plugin: Any,
        bounds: Matrix,
        x0: Vector,
        rng: np.random.Generator,
        saved: Saved | None = None,
        at_leisure: bool = False,
    ) -> None:
        pause_s = 0.0 if at_leisure else SAVE_S
        self._play = _Play(plugin, bounds.copy(), x0.copy(), rng, saved, pause_s)
        ranges = bounds[:, 1] - bounds[:, 0]
        moment_s = LEISURE_S if at_leisure else None
        super().__init__(
            self._play, ranges, plugin.workers, plugin.patience, moment_s, plugin.log_detailed
        )

    @property
    def saved(self) -> Saved | None:
        """The latest state that the class wrote itself, if it does and has."""
        return self._play.saved

    def close(self) -> None:
        """Ask the class to end, and let go of it."""
        super().close()
        self._play.let_go()


class _Play:
    """What happens to the optimizer, as `ThreadedProposer` tells it."""

    def __init__(
        self,
        plugin: Any,
        bounds: Matrix,
        x0: Vector,
        rng: np.random.Generator,
        saved: Saved | None,
        pause_s: float,
    ) -> None:
        self._plugin = plugin
        self._start = x0, bounds
        self._rng = rng
        self._n_told = 0 if saved is None else saved.n_told
        self._pipe = SignalPipe()
        self._optimizer: BaseOptimizer | None = None
        self._echoes = Echoes(_logger(rng))
        self._farewell: str | None = None
        self._path: Path | None = None
        """Where it writes its state, if it has a way of its own to do that."""
        self._requested: float | None = None
        """When it was last asked for its state, until it has written it."""
        self._not_before = 0.0
        self._pause_s = pause_s
        self._stack = ExitStack()
        """Closes what it holds while it runs."""
        self.saved = saved

    def run(self, evaluate: Callable[[Vector], Answer]) -> Ended:
        """Construct the optimizer and let it minimise."""
        try:
            with ExitStack() as stack:
                self._stack = stack
                if _number(self._rng) is not None:
                    stack.enter_context(self._echoes.held_back())
                state = None if self.saved is None else self.saved.state
                optimizer = constructed(self._plugin, self._rng, self._pipe, state)
                self._optimizer = optimizer
                if keeps_state(type(optimizer)):
                    self._path = self._state_file(stack)
                detailed = self._plugin.log_detailed
                function = stack.enter_context(PlayedFunction(evaluate, detailed))
                settings = self._plugin.call_settings
                result = optimizer.minimize(function, *self._start, **settings)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            _log.debug("An optimizer failed", exc_info=error)
            return Ended("failed", one_line(f"{type(error).__name__}: {error}{_where(error)}"))
        said = [text for key, text in tuple(self._pipe.sent) if key == Message.CONVERGED]
        farewell = said[-1] or "converged" if said else self._farewell
        success = getattr(result, "success", None)
        return Ended("converged", one_line(farewell or f"minimize returned ({success=})"))

    def _state_file(self, stack: ExitStack) -> Path | None:
        """Return where it writes its state; None, which is told, where there is no room for it."""
        try:
            folder = TemporaryFolder()
        except OSError as error:
            _logger(self._rng).warning("Its state is not saved: %s", error)
            return None
        return stack.enter_context(folder) / "state"

    def telling(self, x: Matrix, fx: Vector, again: bool) -> None:
        """Let it know its best point, and ask for its state where that is due."""
        self._n_told += 1
        self._echoes.tell(again)
        optimizer = self._optimizer
        assert optimizer is not None
        i = int(fx.argmin()) if len(fx) > 1 else 0
        if not fx[i] >= _fx_of(optimizer.incumbent):
            optimizer.incumbent = {"x": x[i].copy(), "fx": float(fx[i])}
        if self._path is not None and self._requested is None:
            self._request_state()

    def told(self, again: bool) -> None:
        """Hear what it says, and take the state that it wrote."""
        self._echoes.tell(again)
        if self._pipe.sent:
            self._hear(again)
        if self._requested is not None and self._pipe.is_read:
            self._take_state()

    def offer(self, x: Vector, fx: float) -> None:
        """Send it a point."""
        self._pipe.put(int(Signal.INJECT), x, fx)

    def stop(self) -> None:
        """Send it the signal to stop."""
        self._pipe.put(int(Signal.STOP), "stopped by the run")

    def let_go(self) -> None:
        """Release what it holds, where its thread does not end and so does not do it."""
        self._stack.close()

    def _hear(self, again: bool) -> None:
        while self._pipe.sent:
            key, text = self._pipe.sent.popleft()
            if key == Message.CONVERGED:
                self._farewell = text or "converged"
            elif key == Message.TEXT and text and not again:
                _logger(self._rng).info("%s", text)

    def _request_state(self) -> None:
        now = monotonic()
        if now >= self._not_before:
            self._requested = now
            self._pipe.put(int(Signal.PAUSE))
            self._pipe.put(int(Signal.SAVE), str(self._path))
            self._pipe.put(int(Signal.GO_ON))

    def _take_state(self) -> None:
        assert self._requested is not None
        assert self._path is not None
        took, self._requested = monotonic() - self._requested, None
        if self._pause_s > 0.0:
            self._not_before = monotonic() + max(self._pause_s, _SHARE * took)
        if self._path.is_file() and self._path.stat().st_size:
            self.saved = Saved(self._n_told, self._path.read_bytes())


def constructed(
    plugin: Any,
    rng: np.random.Generator,
    pipe: SignalPipe | None = None,
    state: bytes | None = None,
) -> BaseOptimizer:
    """Return the optimizer of a plugin, loaded from its own state if there is one."""
    cls = plugin.load()
    given = {
        "_opt_id": _number(rng),
        "_signal_pipe": pipe or SignalPipe(),
        "_results_queue": Unheard(),
        "_workers": plugin.workers,
        "_is_log_detailed": plugin.log_detailed,
    }
    known = inspect.signature(cls).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
    passed = {name: value for name, value in given.items() if takes_all or name in known}
    with born_with(rng):
        if state is None:
            optimizer = cls(**passed, **plugin.settings)
        else:
            optimizer = _loaded(cls, state, passed | dict(plugin.settings))
    if not isinstance(optimizer, BaseOptimizer) or "_pause_signal" not in vars(optimizer):
        raise TypeError("its constructor must call super().__init__() first")
    optimizer._signal_pipe = given["_signal_pipe"]
    optimizer._opt_id = _number(rng)
    if "_workers" not in passed:
        optimizer.workers = plugin.workers
    if "_is_log_detailed" not in passed:
        optimizer.is_log_detailed = plugin.log_detailed
    return optimizer


def _loaded(cls: Any, state: bytes, arguments: dict[str, Any]) -> Any:
    with TemporaryFolder() as folder:
        path = folder / "state"
        path.write_bytes(state)
        optimizer = cls.checkpoint_load(str(path), **arguments)
    optimizer._is_restart = True
    return optimizer


def _logger(rng: np.random.Generator) -> logging.Logger:
    return logging.getLogger(f"{_log.name}.opt{_number(rng)}")


def _number(rng: np.random.Generator) -> int | None:
    """Return the number of the optimizer to which a stream of the run belongs (`Stream`)."""
    key: tuple[int, ...] = getattr(rng.bit_generator.seed_seq, "spawn_key", ())
    return key[1] if len(key) == 3 else None


def _fx_of(incumbent: Any) -> float:
    """Return the loss of an incumbent; inf where the user's code made something else of it."""
    try:
        return float(incumbent["fx"])
    except (TypeError, KeyError, ValueError):
        return np.inf


def _where(error: BaseException) -> str:
    """Return the innermost line of the user's that raised, in brackets."""
    here = str(Path(__file__).parent)
    tb = traceback.extract_tb(error.__traceback__)
    frames = [f for f in tb if not f.filename.startswith(here)]
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})"
