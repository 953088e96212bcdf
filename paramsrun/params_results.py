"""The results of a job for Python: arrays and values of a results folder, running or ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.errors import Findings, RunError, UsageError, nearest
from paramsrun.manager.events import Checkpoint, Context
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.problem.data_set import Entry, read_data_set
from paramsrun.problem.documents import read_stream
from paramsrun.problem.expression_parser import parse_array
from paramsrun.problem.parameters import ParameterInterface, read_parameters
from paramsrun.problem.space import Value
from paramsrun.results import journal
from paramsrun.results.evaluations import Counts, Evaluations, columns_of, evaluations
from paramsrun.results.folder import INPUTS, JOURNAL, optimizer_folder
from paramsrun.results.reader import read
from paramsrun.results.summary import ending, type_of
from paramsrun.settings.naming import SUFFIX
from paramsrun.settings.read_job import read_job

SOURCES = ("best", "latest", "initial")
SETS = ("training_set", "validation_set")


class OptimizerResult(NamedTuple):
    """What one optimizer did."""

    number: int
    """From 1, in the order of their starts."""
    type: str
    """Such as ``CMAES`` or ``Scipy Nelder-Mead``."""
    evaluations: int
    """Its own."""
    best: float
    """Its lowest loss; inf where none was finite."""
    parameters: dict[str, Value] | None
    """Those of its lowest loss by name, in real units; None where none was finite. Integers are
    ints, choices what the parameter interface has."""
    end: str | None
    """``converged``, ``stopped``, ``failed``, ``job exit``; None while it lives."""
    reason: str | None
    """Why it ended; None while it lives."""


class Prediction(NamedTuple):
    """An entry of a data set, and what the model gives for it."""

    reference: NDArray[np.float64]
    """In `unit`; a number is an array without axes."""
    prediction: NDArray[np.float64]
    """Of the reference's shape, in `unit`."""
    weight: NDArray[np.float64]
    """A number or of the reference's shape."""
    sigma: float
    """In `unit`."""
    unit: str
    contribution: float
    """Its term in the sum of the loss, divided by the number of entries for mae and rmse."""


class ParAMSResults:
    """What is in a results folder.

    Whatever it returns is read from the disk, so it serves any process, while the job runs and
    after. Losses, parameters and times are those of the journal, exact to the last bit.

    Every method raises UsageError where the folder is no results folder (yet) or has nothing of
    what is asked for, and RunError where its journal is damaged. Where they are arguments,

    * source is ``best`` (the lowest loss), ``latest`` (the last that was logged) or ``initial``
      (the starting values; not there under SkipX0 Yes or after a resume);
    * data_set is ``training_set`` or ``validation_set``;
    * optimizer is the number of one, from 1; None means the whole run.

    While a job runs, ``best`` and ``latest`` are up to a second old.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        """The results folder."""
        self._table: tuple[tuple[str, int], Evaluations] | None = None
        self._state: tuple[tuple[str, int], RunState] | None = None

    def __repr__(self) -> str:
        return f"ParAMSResults({str(self.path)!r})"

    def get_checkpoints(self) -> list[Path]:
        """Return the checkpoints of this job that are kept, the earliest first."""
        self._read()
        control = read_job(self.path / INPUTS / "params.in", Findings())[0].checkpoint_control
        folder = self.path / control.checkpointing_directory
        paths = (folder / f"{name}{SUFFIX}" for name in self._checkpoint_names())
        return [path for path in paths if path.is_file()]

    def get_running_loss(
        self,
        local: bool = False,
        data_set: str = "training_set",
        optimizer: int | None = None,
    ) -> tuple[Counts, Vector]:
        """Return evaluation numbers (k,) and losses (k,): the rows of running_loss.txt.

        The rows are those that were logged (``LoggingInterval%General 1`` logs all; `to_dataframe`
        has all of any run), of all optimizers in the order of the run. Their losses are exact; inf
        where an evaluation failed. The initial evaluation is number 0.

        local gives the numbers among each optimizer's own evaluations, from 1, in place of those in
        the whole run.
        """
        rows = self._logged("running_loss.txt", data_set, optimizer)
        loss = rows.loss if data_set == "training_set" else rows.validation
        return rows.own if local else rows.n, loss

    def get_running_active_parameters(
        self, data_set: str = "training_set", optimizer: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return ``evaluation`` (k,) and the values (k,) of each active parameter by its name.

        The rows are those of running_active_parameters.txt; the values are exact, in real units.
        Integers have dtype int64; choices are numbers or bools where all of them are, and else
        objects.
        """
        rows = self._logged("running_active_parameters.txt", data_set, optimizer)
        values = zip(columns_of(rows.names), rows.values, strict=True)
        return {"evaluation": rows.n, **dict(values)}

    def get_running_stats(
        self, data_set: str = "training_set", optimizer: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return ``evaluation`` (k,), and ``<extractor>_mae`` and ``<extractor>_rmse`` (k,).

        They are the rows of running_stats.txt, to ten digits: deviations from the reference values
        whatever the weights and sigmas, in the entries' unit.
        """
        header, rows = self._rows("running_stats.txt", data_set, optimizer)
        with _undamaged(self._set(data_set, optimizer) / "running_stats.txt"):
            columns = {
                name: np.array([row[k] for row in rows], dtype=np.float64)
                for k, name in enumerate(header[1:], 1)
            }
            return {"evaluation": _numbers(rows), **columns}

    def get_loss(
        self,
        source: str = "best",
        data_set: str = "training_set",
        optimizer: int | None = None,
    ) -> float:
        """Return the loss."""
        path = self._snapshot(source, data_set, optimizer, "loss.txt")
        with _undamaged(path):
            return float(path.read_text())

    def get_parameter_interface(
        self, source: str = "best", optimizer: int | None = None
    ) -> ParameterInterface:
        """Return all parameters, in file order.

        ``x0`` (n_active,) holds the values of the active ones, ``active_names`` their names and
        ``bounds`` (n_active, 2) their ranges, in real units. The lowest loss is that of the
        training set.
        """
        path = self._snapshot(source, "training_set", optimizer, "parameter_interface.yaml")
        findings = Findings()
        stream = read_stream(path, findings)
        parameters = None if stream is None else read_parameters(stream, findings)
        findings.check()
        assert parameters is not None
        return parameters

    def get_data_set_predictions(
        self,
        source: str = "best",
        data_set: str = "training_set",
        optimizer: int | None = None,
    ) -> dict[str, Prediction]:
        """Return what the model gives for each entry that was used, by its expression.

        After a resume there are none of a best that was found before.
        """
        path = self._snapshot(source, data_set, optimizer, "data_set_predictions.yaml")
        findings = Findings()
        stream = read_stream(path, findings)
        entries = () if stream is None else read_data_set(data_set, stream, findings).entries
        found = {entry.expression: _prediction(entry, findings) for entry in entries}
        findings.check()
        if None in found.values():
            raise UsageError(
                f"{path} has no predictions: that evaluation failed, or was made before a resume "
                "and the results of that session have them"
            )
        return {expression: one for expression, one in found.items() if one is not None}

    def get_optimizers(self) -> list[OptimizerResult]:
        """Return what each optimizer did, in the order of their starts."""
        state = self._read()
        return [_result(optimizer, state) for optimizer in state.optimizers.values()]

    def get_end_reason(self) -> str | None:
        """Return why the run ended, such as the exit conditions with their values.

        None while it runs, and where it was killed.
        """
        ended = self._read().exit
        return None if ended is None else ended.reason

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame of every evaluation, logged or not, in the order of the run.

        Its columns: ``evaluation`` (in the run; 0 is the initial one), ``optimizer``,
        ``optimizer_evaluation`` (among the optimizer's own), ``time_seconds``,
        ``training_set_loss`` (inf where one failed), ``validation_set_loss`` (nan where none was
        due), ``reason`` (of a failure), and the active parameters by name, in real units.
        """
        try:
            import pandas  # no dependency of this program
        except ModuleNotFoundError:
            raise UsageError(
                "to_dataframe needs pandas, which is not installed: pip install pandas"
            ) from None
        return pandas.DataFrame(self._evaluations().table())

    def _read(self) -> RunState:
        signature = self._signature()
        if self._state is None or self._state[0] != signature:
            self._state = signature, read(self.path).state
        return self._state[1]

    def _evaluations(self) -> Evaluations:
        signature = self._signature()
        if self._table is None or self._table[0] != signature:
            self._table = signature, evaluations(self.path)
        return self._table[1]

    def _signature(self) -> tuple[str, int]:
        """Return what changes whenever the journal grows."""
        paths = journal.segments(self.path / JOURNAL)
        return (paths[-1].name, paths[-1].stat().st_size) if paths else ("", 0)

    def _checkpoint_names(self) -> list[str]:
        """Return the names of all checkpoints made since the run began or was last resumed."""
        names: list[str] = []
        for event in journal.read(self.path / JOURNAL):
            if type(event) is Checkpoint:
                names.append(event.name)
            elif type(event) is Context:
                names.clear()
        return names

    def _logged(self, file: str, data_set: str, optimizer: int | None) -> Evaluations:
        """Return the evaluations that a running file has rows of."""
        _, rows = self._rows(file, data_set, optimizer)
        with _undamaged(self._set(data_set, optimizer) / file):
            numbers = _numbers(rows)
        return self._evaluations().at(numbers)

    def _rows(
        self, file: str, data_set: str, optimizer: int | None
    ) -> tuple[list[str], list[list[str]]]:
        """Return header and rows of a running file; a last row that is being written is not one."""
        path = self._set(data_set, optimizer) / file
        if not path.is_file():  # no row was due yet
            return ["evaluation"], []
        *lines, _ = path.read_text().split("\n")
        header, *rows = (line.split() for line in lines or ["evaluation"])
        return header, rows

    def _set(self, data_set: str, optimizer: int | None) -> Path:
        _check_among(data_set, SETS, "data_set")
        folder = self.path / "optimization"
        if optimizer is not None:
            folder /= optimizer_folder(optimizer)
        found = folder / f"{data_set}_results"
        if not found.is_dir():
            self._read()  # tells it where this is no results folder at all
            why = "the job has no such data set"
            if optimizer is not None:
                why += f", or optimizer {optimizer} did not live in this session"
            raise UsageError(f"There is no {found}: {why}")
        return found

    def _snapshot(self, source: str, data_set: str, optimizer: int | None, file: str) -> Path:
        _check_among(source, SOURCES, "source")
        path = self._set(data_set, optimizer) / source / file
        if not path.is_file():
            raise UsageError(f"There is no {path} (yet)")
        return path


def _check_among(given: str, known: tuple[str, ...], what: str) -> None:
    if given not in known:
        raise UsageError(
            f"{what} must be {', '.join(known[:-1])} or {known[-1]}, not {given!r}"
            f"{nearest(str(given), known)}"
        )


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Tell what a file holds that is none of what the program writes there."""
    try:
        yield
    except (ValueError, IndexError, OverflowError) as error:
        raise RunError(f"{path} is damaged: {error!s:.200}") from None


def _numbers(rows: list[list[str]]) -> Counts:
    return np.array([int(row[0]) for row in rows], dtype=np.int64)


def _prediction(entry: Entry, findings: Findings) -> Prediction | None:
    given = entry.metadata.get("Prediction")
    if given is None:
        return None
    if isinstance(given, str):
        given = parse_array(given, entry.place, findings)
    return Prediction(
        entry.reference,
        np.array(given, dtype=np.float64),
        entry.weight,
        entry.sigma,
        entry.unit,
        float(entry.metadata["Loss contribution"]),
    )


def _result(optimizer: OptimizerState, state: RunState) -> OptimizerResult:
    start, best, end = optimizer.start, optimizer.best, ending(optimizer, state)
    assert state.run is not None
    parameters = None
    if best.x is not None:
        values = state.scaling_of(start.o).typed(best.x)
        parameters = dict(zip(state.run.names, values, strict=True))
    return OptimizerResult(
        start.o,
        type_of(start),
        optimizer.n_evaluations,
        best.fx,
        parameters,
        None if end is None else end.how,
        None if end is None else end.reason,
    )
