"""The class to write an optimizer of your own with: `BaseOptimizer`.

Its interface is that of GloMPO 3 (Freitas Gustavo & Verstraelen 2022,
doi:10.1186/s13321-022-00581-z): an optimizer written for it runs here once its import line is
``from paramsrun import BaseOptimizer, MinimizeResult``.
"""

import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.plugins.plain_state import NotPlain, decode, encode, is_plain
from paramsrun.optimizers.plugins.signals import Message, Signal

INF = float("inf")


class Function(Protocol):
    """What `BaseOptimizer.minimize` minimises. It may be called from several threads at once."""

    def __call__(self, x: Vector) -> float:
        """Return the loss at x (n_params,), in the space and within the bounds of `minimize`.

        It is inf where the loss cannot be computed, outside the bounds too, and never nan. Raises
        ValueError where x is not n_params finite numbers.
        """

    def detailed_call(self, x: Vector) -> tuple[Any, ...]:
        """Return the loss at x as the first of a tuple.

        With the key ``LogDetailed Yes`` the second is the residuals (n_residuals,), whose squares
        add up to the loss (for rmse to its square); None for a point that failed.
        """


@dataclass
class MinimizeResult:
    """What `BaseOptimizer.minimize` returns."""

    success: bool = False
    """Whether the optimization was successful."""
    x: Vector | None = None
    """(n_params,) the optimized parameters."""
    fx: float = INF
    """The loss at x."""
    stats: dict[str, Any] | None = None
    """Statistics of the optimization."""
    origin: dict[str, Any] | None = None
    """The configuration of the optimizer."""


class UnknownNames(TypeError):
    """Names among the settings of a class that neither it nor its bases take."""

    def __init__(self, cls: type, names: tuple[str, ...]) -> None:
        told = ", ".join(names)
        super().__init__(
            f"{cls.__qualname__} has no keyword argument {told}: a constructor that takes **kwargs "
            "passes on to BaseOptimizer what it does not use itself"
        )
        self.names = names


class BaseOptimizer(ABC):
    """An optimizer of your own: write `minimize` and `callstop`, and name the class in the input.

    ::

        Optimizer
           Type Plugin
           Plugin
              Class mymodule:MyOptimizer
              Settings          # keyword arguments of the class
                 step 0.1
              End
              CallSettings      # keyword arguments of minimize
                 n 500
              End
           End
        End

    The loop of `minimize` should call `check_messages` and ``self._pause_signal.wait()`` in each
    iteration, and end soon once `callstop` was called. Random numbers come from `rng`; then a run
    that was cut goes on as if it had not been. A constructor of your own takes keywords, and passes
    those that begin with an underscore, and ``**kwargs``, on to this one first.

    The class is constructed once more before the run begins, so that wrong arguments are told with
    their place in the input: let a constructor take note of its arguments, and open files, pools
    and connections in `minimize`.

    Parameters
    ----------
    _opt_id, _signal_pipe, _results_queue, _pause_flag, _is_log_detailed, _workers, _backend
        Given by the run.
    kwargs
        Names that no constructor has taken on the way here: there must be none left.

    Raises
    ------
    UnknownNames
        Where there are.
    """

    needscaler: ClassVar[Literal["linear", "std", "none"] | None] = None
    """The space it has to see the parameters in: each range as [0, 1] (linear), as [-1, 1] (std),
    or in real units (none); None for any."""

    def __init__(
        self,
        _opt_id: int | None = None,
        _signal_pipe: Any = None,
        _results_queue: Any = None,
        _pause_flag: threading.Event | None = None,
        _is_log_detailed: bool = False,
        _workers: int = 1,
        _backend: Literal["processes", "threads"] = "threads",
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise UnknownNames(type(self), tuple(kwargs))
        self._opt_id = _opt_id
        self._signal_pipe = _signal_pipe
        self._results_queue = _results_queue
        self._pause_signal = _pause_flag if _pause_flag is not None else _set_flag()
        self._backend = _backend
        self._is_restart = False
        self.is_log_detailed = _is_log_detailed
        """Whether the residuals of each evaluation are logged (key LogDetailed): they are in the
        journal, beside its loss, also where `detailed_call` is not used."""
        self.workers = _workers
        """How many threads may call the function at once (key Workers)."""
        self.incumbent: dict[str, Any] = {"x": None, "fx": INF}
        """``x`` (n_params,) and ``fx`` of the lowest loss so far, an injected one among them."""
        self.logger = logging.getLogger(f"paramsrun.optimizers.opt{_opt_id}")
        """For messages on its state."""
        self.rng: np.random.Generator = _BIRTH.get() or np.random.default_rng()
        """The random numbers of this optimizer, the same in each run with the same RandomSeed."""

    @property
    def is_restart(self) -> bool:
        """Whether it was made by `checkpoint_load`."""
        return self._is_restart

    @property
    def opt_id(self) -> int | None:
        """Its number in the run, from 1; None outside one."""
        return self._opt_id

    @abstractmethod
    def minimize(
        self, function: Function, x0: Vector, bounds: Matrix, **call_settings: Any
    ) -> MinimizeResult:
        """Minimise function from x0 (n_params,) within bounds (n_params, 2); the arrays are yours.

        The space is that of `needscaler`. Returning ends the optimizer as converged, an exception
        as failed.
        """

    @abstractmethod
    def callstop(self, reason: str) -> None:
        """Let `minimize` end soon; called by `check_messages`, so in its thread."""

    def check_messages(self) -> list[int]:
        """Obey the signals that came from the run, and return their keys.

        They are 0 (save the state), 1 (stop), 2 (pause), 3 (go on) and 4 (inject).
        """
        keys: list[int] = []
        while self._signal_pipe is not None and self._signal_pipe.poll():
            key, *content = self._signal_pipe.recv()
            self._obey(Signal(key), content)
            keys.append(int(key))
        return keys

    def message_manager(self, key: int, message: str | None = None) -> None:
        """Tell the run: 0 it has converged, 1 it pauses, 9 a text for the log."""
        if self._signal_pipe is not None:
            self._signal_pipe.send((key, message))

    def inject(self, x: Vector, fx: float) -> None:
        """Take a better point from elsewhere as the incumbent."""
        if fx < self.incumbent["fx"]:
            self.incumbent = {"x": x, "fx": fx}

    def checkpoint_save(
        self,
        path: str | Path,
        force: set[str] | None = None,
        block: set[str] | None = None,
    ) -> None:
        """Write the state to a file, for `checkpoint_load`; called by `check_messages`.

        Without an own version of it, or of `checkpoint_load`, it is never called: the optimizer is
        restored by running it again on its recorded losses. This one writes all attributes that
        are plain values, arrays, or random generators of numpy.

        Parameters
        ----------
        force
            Attributes that must be written: TypeError where one cannot be.
        block
            Attributes that are not written.
        """
        force, block = set(force or ()), set(block or ()) | _GIVEN
        state = {}
        for name, value in vars(self).items():
            if name in force or (name not in block and is_plain(value)):
                try:
                    encode({name: value})
                except NotPlain as error:
                    raise TypeError(f"the attribute {name} cannot be saved: {error}") from None
                state[name] = value
        if missing := force - state.keys():
            raise TypeError(f"there is no attribute {', '.join(sorted(missing))} to save")
        Path(path).write_text(encode(state), encoding="utf-8")

    @classmethod
    def checkpoint_load(cls, path: str | Path, **kwargs: Any) -> Self:
        """Return an optimizer with the state that `checkpoint_save` wrote.

        kwargs are those of the constructor. ValueError where the file holds no state.
        """
        optimizer = cls(**kwargs)
        vars(optimizer).update(decode(Path(path).read_text(encoding="utf-8")))
        optimizer._is_restart = True
        return optimizer

    def _obey(self, signal: Signal, content: list[Any]) -> None:
        if signal is Signal.SAVE:
            self._save(content[0])
        elif signal is Signal.STOP:
            self.callstop(content[0])
        elif signal is Signal.PAUSE:
            self.message_manager(Message.PAUSED)
        elif signal is Signal.INJECT:
            self.inject(*content)

    def _save(self, path: str) -> None:
        try:
            self.checkpoint_save(path)
        except Exception as error:
            _discard(Path(path))
            text = f"Its state could not be saved: {type(error).__name__}: {error}"
            self.message_manager(Message.TEXT, text)


def _discard(path: Path) -> None:
    """Remove a file; where the folder keeps it, leave it empty."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            os.truncate(path, 0)


_BIRTH: ContextVar[np.random.Generator | None] = ContextVar("_BIRTH", default=None)
_GIVEN = {
    "_backend",
    "_is_restart",
    "_opt_id",
    "_pause_signal",
    "_results_queue",
    "_signal_pipe",
    "is_log_detailed",
    "logger",
    "workers",
}
"""What the run gives an optimizer anew."""


@contextmanager
def born_with(rng: np.random.Generator) -> Iterator[None]:
    """Let optimizers that are constructed here and now have this generator."""
    token = _BIRTH.set(rng)
    try:
        yield
    finally:
        _BIRTH.reset(token)


def keeps_state(cls: type[BaseOptimizer]) -> bool:
    """Return whether a class saves its state in a way of its own."""
    own_load: Any = cls.checkpoint_load
    load: Any = BaseOptimizer.checkpoint_load
    own_save = cls.checkpoint_save is not BaseOptimizer.checkpoint_save
    return own_save or own_load.__func__ is not load.__func__


def _set_flag() -> threading.Event:
    flag = threading.Event()
    flag.set()
    return flag
