"""The losses of a run as its journal has them: one curve for each optimizer."""

import math
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.manager.events import (
    BY_HAND,
    Checkpoint,
    Context,
    End,
    Eval,
    Event,
    Exit,
    Start,
)
from paramsrun.manager.state import RunState
from paramsrun.results.folder import journal_of, name_of
from paramsrun.results.reader import folded

Counts: TypeAlias = NDArray[np.int64]
"""Numbers of evaluations, one axis."""

HIGHEST = 1e200
"""What is higher stands for infinity, and no axis could hold it."""


class Ending(NamedTuple):
    """How the curve of an optimizer ends."""

    how: str
    """``converged``, ``stopped``, ``asked for``, ``failed`` or ``job exit``."""
    n: int
    """The optimizer's last evaluation, or the run's before that end where it has none."""


@dataclass(frozen=True)
class Curve:
    """The evaluations of one optimizer, in the order of the run."""

    o: int
    n: Counts
    """Their places in the run."""
    fx: Vector
    """Their losses; nan for all that are not finite, or further from 0 than `HIGHEST`."""
    ending: Ending | None
    """None while the optimizer lives, and where the run was cut short."""

    @property
    def end_fx(self) -> float:
        """The last finite loss; nan if there is none."""
        finite = np.flatnonzero(np.isfinite(self.fx))
        return float(self.fx[finite[-1]]) if finite.size else math.nan


@dataclass(frozen=True)
class Losses:
    """All that a loss figure shows of one run."""

    name: str
    curves: tuple[Curve, ...]
    checkpoints: tuple[int, ...]
    """The evaluations of the run when each was made."""
    resumes: tuple[int, ...]
    """The evaluations of the run when each session but the first began."""

    def of(self, optimizers: Collection[int]) -> "Losses":
        """Return what there is of some optimizers; none means of all."""
        if not optimizers:
            return self
        return replace(self, curves=tuple(c for c in self.curves if c.o in optimizers))


def read(folder: Path) -> Losses:
    """Return the losses of a running or ended run, every evaluation of them.

    UsageError if the folder is no results folder; RunError where its journal is damaged.
    """
    events = folded(journal_of(folder), RunState())
    return losses(name_of(folder), events)


def losses(name: str, events: Iterable[Event]) -> Losses:
    """Return the losses that the events of a run tell of."""
    run = _Run()
    for event in events:
        run.apply(event)
    curves = (growing.curve() for _, growing in sorted(run.curves.items()))
    return Losses(name, tuple(curves), tuple(run.checkpoints), tuple(run.resumes))


@dataclass(slots=True)
class _Growing:
    """A curve that is being read."""

    o: int
    n_at_start: int
    n: "array[int]" = field(default_factory=lambda: array("q"))
    fx: "array[float]" = field(default_factory=lambda: array("d"))
    ending: Ending | None = None

    def end(self, how: str) -> None:
        self.ending = Ending(how, self.n[-1] if self.n else self.n_at_start)

    def curve(self) -> Curve:
        fx = np.array(self.fx, dtype=np.float64)
        fx[~(np.abs(fx) <= HIGHEST)] = np.nan
        return Curve(self.o, np.array(self.n, dtype=np.int64), fx, self.ending)


@dataclass(slots=True)
class _Run:
    """A run that is being read."""

    n: int = 0
    curves: dict[int, _Growing] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)
    resumes: list[int] = field(default_factory=list)
    at_exit: tuple[int, ...] = ()

    def apply(self, event: Event) -> None:
        if type(event) is Eval:
            self._evaluated(event)
        elif type(event) is Start:
            self.curves[event.o] = _Growing(event.o, self.n)
        elif type(event) is End:
            by_hand = event.how == "stopped" and event.reason.startswith(BY_HAND)
            self.curves[event.o].end("asked for" if by_hand else event.how)
        elif type(event) is Checkpoint:
            self.checkpoints.append(event.n)
        elif type(event) is Exit:
            self._exited(event)
        elif type(event) is Context:
            self._resumed()

    def _evaluated(self, event: Eval) -> None:
        if event.o == 0:
            return
        curve = self.curves[event.o]
        curve.n.append(event.n)
        curve.fx.append(event.fx)
        if curve.ending is not None:  # it was in flight
            curve.ending = Ending(curve.ending.how, event.n)
        self.n = event.n

    def _exited(self, event: Exit) -> None:
        self.at_exit = event.living
        for o in event.living:
            self.curves[o].end("job exit")

    def _resumed(self) -> None:
        """Let those that were alive at the exit live on."""
        self.resumes.append(self.n)
        for o in self.at_exit:
            self.curves[o].ending = None
        self.at_exit = ()
