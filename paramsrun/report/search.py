"""The trials of a search as journals have them, those of several processes put together."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import UsageError
from paramsrun.manager.events import Context, Eval, Run
from paramsrun.manager.state import RunState
from paramsrun.problem.space import Dimension, Space
from paramsrun.results.folder import journal_of, name_of
from paramsrun.results.reader import folded

Truths: TypeAlias = NDArray[np.bool_]
ARRAY = "OrthogonalArray"


@dataclass(frozen=True)
class Search:
    """The k trials of one or several runs, in the order in which they were done."""

    space: Space
    """The n_params parameters, none left out."""
    runs: tuple[str, ...]
    """The names of the runs."""
    run: NDArray[np.int64]
    """(k,) places in `runs`."""
    x: Matrix
    """(k, n_params) in real units; choices are positions among them."""
    fx: Vector
    """(k,) losses; inf where one failed or was pruned."""
    is_pruned: Truths
    """(k,) which were ended on their way, as too far behind."""
    is_row: Truths
    """(k,) which are rows of an orthogonal array."""
    is_by_array: bool
    """Whether all are of searches by orthogonal arrays."""


@dataclass
class _Trials:
    """The trials of one run while they are read, a column for each thing."""

    at: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds since a certain moment, the same for all runs."""
    n: "array[int]" = field(default_factory=lambda: array("q"))
    o: "array[int]" = field(default_factory=lambda: array("q"))
    b: "array[int]" = field(default_factory=lambda: array("q"))
    t: "array[float]" = field(default_factory=lambda: array("d"))
    fx: "array[float]" = field(default_factory=lambda: array("d"))
    pruned: "array[int]" = field(default_factory=lambda: array("b"))
    x: "array[float]" = field(default_factory=lambda: array("d"))
    """As each optimizer sees it, one trial after the other."""

    def add(self, event: Eval, at: float) -> None:
        """Take a trial."""
        self.at.append(at)
        for column in ("n", "o", "b", "t", "fx", "pruned"):
            getattr(self, column).append(getattr(event, column))
        self.x.extend(event.x.tolist())


def read(folders: Sequence[Path], optimizers: Collection[int] = ()) -> Search:
    """Return the trials of running or ended runs, of these optimizers or of all.

    The initial evaluation is none, nor is one whose loss cannot be compared with later ones. What
    a run and its resume share counts once.

    Raises
    ------
    UsageError
        Where a folder is no results folder, the runs have other parameters, or there is no trial.
    RunError
        Where a journal is damaged.
    """
    states = [RunState() for _ in folders]
    trials = [_trials(*one) for one in zip(folders, states, strict=True)]
    _check_alike(folders, states)
    known: set[tuple[object, ...]] = set()
    parts = []
    for k, (one, state) in enumerate(zip(trials, states, strict=True)):
        rows = _shown(one, state, optimizers)
        if len(folders) > 1:
            rows = [i for i in rows if _is_new(one, i, state, known)]
        parts.append(_part(one, rows, state, k))
    at, run, n, x, fx, is_pruned, is_row, is_by_array = map(
        np.concatenate, zip(*parts, strict=True)
    )
    if not len(at):
        where = " and ".join(map(str, folders))
        raise UsageError(f"There is nothing to draw: no trial to be shown is in {where}")
    order = np.lexsort((n, run, at))
    return Search(
        space_of(_begun(states[0], folders[0])),
        _names(folders),
        run[order],
        x[order],
        fx[order],
        is_pruned[order],
        is_row[order],
        bool(is_by_array.all()),
    )


def _names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of runs, or their paths where names are the same."""
    names = tuple(name_of(folder) for folder in folders)
    return names if len(set(names)) == len(names) else tuple(map(str, folders))


def _shown(trials: _Trials, state: RunState, optimizers: Collection[int]) -> list[int]:
    """Return the places of the trials to be shown."""
    return [
        i
        for i, (n, o) in enumerate(zip(trials.n, trials.o, strict=True))
        if n >= state.comparable_from and (not optimizers or o in optimizers)
    ]


def _is_new(trials: _Trials, i: int, state: RunState, known: set[tuple[object, ...]]) -> bool:
    """Return whether a trial is in no run so far, and note it."""
    assert state.run is not None
    name = (state.run.utc, state.run.seed, trials.n[i], trials.o[i], trials.t[i], trials.fx[i])
    is_new = name not in known
    known.add(name)
    return is_new


def _part(trials: _Trials, rows: list[int], state: RunState, k: int) -> tuple[NDArray[Any], ...]:
    """Return columns of some trials: time, run, number, point, loss, pruned, and about arrays."""
    assert state.run is not None
    x = np.array(trials.x).reshape(-1, len(state.run.names))[rows]
    o = np.array(trials.o, dtype=np.int64)[rows]
    by_array = np.zeros(len(rows), dtype=np.bool_)
    for one in np.unique(o).tolist():
        x[o == one] = state.scaling_of(one).recorded(x[o == one])
        by_array[o == one] = state.optimizers[one].start.type == ARRAY
    return (
        np.array(trials.at)[rows],
        np.full(len(rows), k),
        np.array(trials.n, dtype=np.int64)[rows],
        x,
        np.array(trials.fx)[rows],
        np.array(trials.pruned, dtype=np.bool_)[rows],
        by_array & (np.array(trials.b, dtype=np.int64)[rows] == 0),
        by_array,
    )


def space_of(begun: Run) -> Space:
    """Return all parameters of a run."""
    ranges = zip(begun.names, begun.ranges.tolist(), strict=True)
    return begun.space or tuple(Dimension(name, *limits) for name, limits in ranges)


def _trials(folder: Path, state: RunState) -> _Trials:
    """Return what a journal has, folding it into a state that is new."""
    trials = _Trials()
    shift = 0.0
    for event in folded(journal_of(folder), state):
        if type(event) is Run or type(event) is Context:
            shift = _moment(event.utc) - event.t
        elif type(event) is Eval and event.o:
            trials.add(event, shift + event.t)
    return trials


def _moment(utc: str) -> float:
    try:
        return datetime.fromisoformat(utc).timestamp()
    except ValueError:
        return 0.0


def _begun(state: RunState, folder: Path) -> Run:
    if state.run is None:
        raise UsageError(f"{folder}: its journal is empty")
    return state.run


def _check_alike(folders: Sequence[Path], states: Sequence[RunState]) -> None:
    """Raise UsageError unless all runs have the same parameters."""
    first, *others = (_begun(state, at) for state, at in zip(states, folders, strict=True))
    for folder, other in zip(folders[1:], others, strict=True):
        if space_of(other) != space_of(first):
            raise UsageError(
                f"{folder} has other parameters, or other ranges of them, than {folders[0]}: "
                "a search is drawn of runs that share theirs"
            )
