"""Every evaluation of a run as columns, exactly as its journal has them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import UsageError
from paramsrun.manager.events import Eval
from paramsrun.manager.state import RunState
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Dimension, Space
from paramsrun.results.folder import journal_of
from paramsrun.results.reader import folded

Counts: TypeAlias = NDArray[np.int64]
"""Numbers of evaluations or optimizers, one axis."""

ROWS = 5000
HEAD = (
    "evaluation",
    "optimizer",
    "optimizer_evaluation",
    "time_seconds",
    "training_set_loss",
    "validation_set_loss",
    "reason",
)
"""The columns of `Evaluations.table` but the parameters."""


class Evaluations(NamedTuple):
    """Evaluations of a run in its order; all columns have the length k."""

    names: tuple[str, ...]
    """The n_params active parameters."""
    n: Counts
    """(k,) numbers in the run; 0 is the initial evaluation."""
    optimizer: Counts
    """(k,) who asked; 0 for the initial evaluation."""
    own: Counts
    """(k,) numbers among the optimizer's own, from 1; 0 for the initial evaluation."""
    t: Vector
    """(k,) seconds of the run, through restarts."""
    loss: Vector
    """(k,) training losses; inf where one failed."""
    validation: Vector
    """(k,) validation losses; nan where none was due."""
    why: tuple[str | None, ...]
    """(k,) the reasons of those that failed."""
    x: Matrix
    """(k, n_params) the active parameters in real units; choices are positions among them."""
    space: Space = ()
    """The parameters' values, where not all are floats on a linear scale."""

    @property
    def values(self) -> list[NDArray[Any]]:
        """Of each parameter (k,) its values: floats, int64, and choices by `column`."""
        if not self.space:
            return list(self.x.T)
        return [column(d, x) for d, x in zip(self.space, self.x.T, strict=True)]

    def table(self) -> dict[str, Sequence[Any]]:
        """Return all columns by name: those of `HEAD`, then the parameters."""
        head = (
            self.n,
            self.optimizer,
            self.own,
            self.t,
            self.loss,
            self.validation,
            tuple(why or "" for why in self.why),
        )
        columns: Any = zip((*HEAD, *columns_of(self.names)), (*head, *self.values), strict=True)
        return dict(columns)

    def at(self, numbers: Counts) -> "Evaluations":
        """Return those with these numbers, in this order; what is not there is left out."""
        order = np.argsort(self.n, kind="stable")
        places = np.searchsorted(self.n, numbers, sorter=order)
        places = order[np.minimum(places, len(order) - 1)] if len(order) else places[:0]
        rows = places[self.n[places] == numbers[: len(places)]]
        return Evaluations(
            self.names,
            self.n[rows],
            self.optimizer[rows],
            self.own[rows],
            self.t[rows],
            self.loss[rows],
            self.validation[rows],
            tuple(self.why[row] for row in rows.tolist()),
            self.x[rows],
            self.space,
        )


def column(dimension: Dimension, x: Vector) -> NDArray[Any]:
    """Return the values of one parameter: numbers or bools where all are such, or else objects.

    Choices are objects, too, where a number is outside the range.
    """
    if dimension.type == "float":
        return x
    if dimension.type == "integer":
        return x.astype(np.int64) if np.isfinite(x).all() else x
    inside = bool(((x >= dimension.lower) & (x <= dimension.upper)).all())
    found = np.empty(len(x), dtype=object)
    found[:] = [dimension.typed(one) for one in x.tolist()]
    return found.astype(_dtype(dimension)) if inside else found


def _dtype(dimension: Dimension) -> type:
    kinds = {type(choice) for choice in dimension.choices}
    if len(kinds) == 1:
        return {int: np.int64, bool: np.bool_, float: np.float64}.get(kinds.pop(), object)
    return np.float64 if kinds == {int, float} else object


def columns_of(names: Sequence[str]) -> list[str]:
    """Return the columns of parameters: their names, told apart from those of `HEAD`."""
    return [f"{name} (parameter)" if name in HEAD else name for name in names]


class _Told(NamedTuple):
    event: Eval
    own: int
    kind: Kind
    """The space of x."""


def evaluations(folder: Path) -> Evaluations:
    """Return all evaluations of a running or ended run.

    Raises UsageError if the folder is no results folder, RunError where its journal is damaged.
    """
    state = RunState()
    return _joined(list(_chunks(folder, state)), state)


def chunks(folder: Path) -> Iterator[Evaluations]:
    """Yield all evaluations, some thousand at a time; raises what `evaluations` does.

    The first comes as soon as the run has begun, with no evaluation if there is none.
    """
    state, none = RunState(), True
    for chunk in _chunks(folder, state):
        none = False
        yield chunk
    if none:
        yield _columns([], state)


def _chunks(folder: Path, state: RunState) -> Iterator[Evaluations]:
    stream = _told(journal_of(folder), state)
    while told := list(islice(stream, ROWS)):
        yield _columns(told, state)
    if state.run is None:
        raise UsageError(f"{folder}: its journal is empty")


def _told(at: Path, state: RunState) -> Iterator[_Told]:
    for event in folded(at, state):
        if type(event) is Eval:
            own = state.optimizers[event.o].n_evaluations if event.o else 0
            without = event if event.r is None else event._replace(r=None)  # they may be large
            yield _Told(without, own, state.scaling_of(event.o).kind)


def _columns(told: Sequence[_Told], state: RunState) -> Evaluations:
    assert state.run is not None
    events = [one.event for one in told]
    return Evaluations(
        state.run.names,
        np.array([e.n for e in events], dtype=np.int64),
        np.array([e.o for e in events], dtype=np.int64),
        np.array([one.own for one in told], dtype=np.int64),
        np.array([e.t for e in events], dtype=np.float64),
        np.array([e.fx for e in events], dtype=np.float64),
        np.array([np.nan if e.val is None else e.val for e in events], dtype=np.float64),
        tuple(e.why for e in events),
        _real(told, state),
        state.run.space,
    )


def _real(told: Sequence[_Told], state: RunState) -> Matrix:
    """Return the points in real units."""
    assert state.run is not None
    x = np.array([one.event.x for one in told]).reshape(-1, len(state.run.names))
    kinds = np.array([one.kind for one in told])
    for kind in set(kinds.tolist()):
        rows = kinds == kind
        x[rows] = state.scalings[kind].recorded(x[rows])
    return x


def _joined(parts: Sequence[Evaluations], state: RunState) -> Evaluations:
    if not parts:
        return _columns([], state)
    return Evaluations(
        parts[0].names,
        np.concatenate([part.n for part in parts]),
        np.concatenate([part.optimizer for part in parts]),
        np.concatenate([part.own for part in parts]),
        np.concatenate([part.t for part in parts]),
        np.concatenate([part.loss for part in parts]),
        np.concatenate([part.validation for part in parts]),
        tuple(why for part in parts for why in part.why),
        np.concatenate([part.x for part in parts]),
        parts[0].space,
    )
