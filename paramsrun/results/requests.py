"""What users ask of a running job by files in its results folder: STOP_n, EXIT and CHKPT."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from paramsrun.manager.interruption import Request
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.results.log import Log

EXIT = "EXIT"
CHECKPOINT = "CHKPT"
LOOK_S = 0.2
"""The folder is looked at no more often than this."""
_STOP = re.compile(r"STOP_([0-9]+)")
_SIMILAR = re.compile(r"(stop|exit|chkpt|checkpoint)(?![a-z])", re.IGNORECASE)
_KINDS = ("stop", "checkpoint", "exit")
"""In the order in which requests that are found together are met."""


def stop_file(o: int) -> str:
    """Return the name of the file that stops an optimizer."""
    return f"STOP_{o}"


class Requests:
    """Returns, at each call, what was asked since; each file is removed as it is read.

    Every session has a results folder of its own, new when it begins: a file that is there at the
    first call was made for this session, too, and one that a run did not live to see asks nothing
    of the run that goes on with it elsewhere.

    Parameters
    ----------
    optimizers
        Those of the run by number, as `RunState` keeps them.
    clock
        Seconds since any fixed moment.
    """

    def __init__(
        self,
        folder: Path,
        log: Log,
        optimizers: Mapping[int, OptimizerState],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._folder = folder
        self._log = log
        self._optimizers = optimizers
        self._clock = clock
        self._look_at = -float("inf")
        self._settled: set[str] = set()
        """Names that are passed over: hints were given, or they were acted on and stay there."""
        self._is_blind = False

    def __call__(self) -> Sequence[Request]:
        """Return what was asked since the last call; almost free until the next look is due."""
        now = self._clock()
        if now < self._look_at:
            return ()
        self._look_at = now + LOOK_S
        return self._found()

    def _found(self) -> Sequence[Request]:
        there = self._similar()
        if there is None:
            return ()
        self._settled &= there.keys()
        found = {
            (_KINDS.index(request.kind), request.o): request
            for name in sorted(there.keys() - self._settled)
            if (request := self._read(name, there[name])) is not None
        }
        return [found[key] for key in sorted(found)]

    def _similar(self) -> dict[str, bool] | None:
        """Return the names that are or resemble requests, and whether they are files."""
        try:
            with os.scandir(self._folder) as entries:
                there = {
                    entry.name: not entry.is_dir(follow_symlinks=False)
                    for entry in entries
                    if _SIMILAR.match(entry.name)
                }
        except OSError as error:
            if not self._is_blind:
                self._log.entry(
                    f"Warning: {self._folder} cannot be searched for the files STOP_n, {EXIT} and "
                    f"{CHECKPOINT}: {error}"
                )
            self._is_blind = True
            return None
        self._is_blind = False
        return there

    def _read(self, name: str, is_file: bool) -> Request | None:
        request = _meant(name) if is_file else None
        if request is None:
            self._hint(name)
            return None
        if not self._remove(name):
            return None
        if request.kind == "stop":
            return self._stop(request)
        if request.kind == "checkpoint":
            self._log.entry(f"Asked for a checkpoint (paramsrun checkpoint, or a file {name})")
        return request

    def _hint(self, name: str) -> None:
        self._settled.add(name)
        self._log.entry(
            f"Hint: {name} asks for nothing and is left alone. A file STOP_3 stops optimizer 3, "
            f"{EXIT} ends the run, {CHECKPOINT} makes a checkpoint"
        )

    def _remove(self, name: str) -> bool:
        """Remove a file as far as that goes; return whether it is to be acted on."""
        try:
            os.unlink(self._folder / name)
        except FileNotFoundError:  # whoever made it changed their mind
            return False
        except OSError as error:
            self._settled.add(name)
            self._log.entry(
                f"Warning: {name} cannot be removed ({error}): it is acted on this once, and "
                "passed over as long as it stays there"
            )
        return True

    def _stop(self, request: Request) -> Request | None:
        optimizer = self._optimizers.get(request.o)
        if optimizer is None:
            self._log.entry(f"{request.file}: there is no optimizer {request.o}")
        elif optimizer.end is not None:
            self._log.entry(f"{request.file}: optimizer {request.o} has ended already")
        else:
            return request
        return None


def _meant(name: str) -> Request | None:
    """Return what a file of this name asks for."""
    if name == EXIT:
        return Request("exit", name)
    if name == CHECKPOINT:
        return Request("checkpoint", name)
    stop = _STOP.fullmatch(name)
    return Request("stop", name, int(stop[1])) if stop else None
