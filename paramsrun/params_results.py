"""The results of a job for Python: arrays and values of a results folder, running or ended."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.errors import Findings, RunError, UsageError
from paramsrun.input import Source
from paramsrun.manager.events import Checkpoint, Context
from paramsrun.manager.optimizer_state import Best, OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.problem.data_set import Entry, read_data_set
from paramsrun.problem.documents import read_stream
from paramsrun.problem.expression_parser import parse_array
from paramsrun.problem.parameters import ParameterInterface, interface_in, interface_of
from paramsrun.problem.space import Value
from paramsrun.results import journal
from paramsrun.results.evaluations import Counts, Evaluations, columns_of, evaluations
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.logged_files import SETS, LoggedFiles, check_among
from paramsrun.results.reader import read
from paramsrun.results.summary import ending, type_of
from paramsrun.settings.naming import SUFFIX
from paramsrun.settings.read_job import read_job


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
    """Its term in the sum of the loss, divided by the number of entries for mae and rmse; for rmse
    they add up to the square of the loss."""


class ParAMSResults:
    """What is in a results folder.

    Whatever it returns is read from the disk, so it serves any process, while the job runs and
    after. Losses, parameters and times are those of the journal, exact to the last bit.

    Every method raises UsageError where the folder is no results folder (yet) or has nothing of
    what is asked for, RunError where its journal is damaged, and InputError where a stored input
    is. Where they are arguments,

    * source is ``best`` (the lowest loss), ``latest`` (the last that this session logged) or
      ``initial`` (the starting values, which belong to no optimizer; their loss is that of the
      data sets that the run began with);
    * data_set is ``training_set`` or ``validation_set``;
    * optimizer is the number of one, from 1; None means the whole run.

    Files lag behind the journal, while a job runs and where it was killed: the rows of
    `get_running_loss` and what goes with it, ``latest``, and all predictions. They are written once
    a second, as an evaluation ends.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        """The results folder."""
        self._files = LoggedFiles(self.path)
        self._table: tuple[tuple[str, int], Evaluations] | None = None
        self._state: tuple[tuple[str, int], RunState] | None = None

    def __repr__(self) -> str:
        return f"ParAMSResults({str(self.path)!r})"

    def get_checkpoints(self) -> list[Path]:
        """Return the checkpoints of this job that are kept, the earliest first."""
        self._read()
        settings, _ = read_job(self.path / INPUTS / "params.in", findings := Findings())
        findings.check()
        control = settings.checkpoint_control
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
        rows = self._files.rows("running_stats.txt", data_set, optimizer)
        return {"evaluation": rows.numbers, **rows.columns}

    def get_loss(
        self,
        source: str = "best",
        data_set: str = "training_set",
        optimizer: int | None = None,
    ) -> float:
        """Return the loss."""
        check_among(data_set, SETS, "data_set")
        if source == "best":
            return self._best(data_set, optimizer).fx
        if source == "initial":
            return self._initial(data_set, optimizer)
        return self._files.loss(source, data_set, optimizer)

    def get_parameter_interface(
        self, source: str = "best", optimizer: int | None = None
    ) -> ParameterInterface:
        """Return all parameters, in file order.

        ``x0`` (n_active,) holds the values of the active ones, ``active_names`` their names and
        ``bounds`` (n_active, 2) their ranges, in real units. The lowest loss is that of the
        training set.
        """
        if source == "best":
            best, stored = self._best("training_set", optimizer), self._stored_interface()
            assert best.x is not None
            real = self._read().scaling_of(best.o).recorded(best.x)
            return interface_of(Source(stored.text(real), stored.source.at), Findings())
        if source == "initial":
            _check_of_all(optimizer)
            return self._stored_interface()
        file = "parameter_interface.yaml"
        return interface_in(self._files.snapshot(source, "training_set", optimizer, file))

    def get_data_set_predictions(
        self,
        source: str = "best",
        data_set: str = "training_set",
        optimizer: int | None = None,
    ) -> dict[str, Prediction]:
        """Return what the model gives for each entry that was used, by its expression.

        After a resume there are none of a best that was found before, nor of the initial values.
        """
        path = self._files.snapshot(source, data_set, optimizer, "data_set_predictions.yaml")
        findings = Findings()
        stream = read_stream(path, findings)
        entries = () if stream is None else read_data_set(data_set, stream, findings).entries
        found = {entry.expression: _prediction(entry, findings) for entry in entries}
        findings.check()
        if None in found.values():
            raise UsageError(
                f"{path} has no predictions: that evaluation failed, or was made before a resume "
                "and the results of that session may have them"
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

    def _best(self, data_set: str, optimizer: int | None) -> Best:
        """Return the lowest loss of a data set."""
        state = self._read()
        of = state if optimizer is None else state.optimizers.get(optimizer)
        if of is None:
            raise UsageError(f"There is no optimizer {optimizer} in {self.path}")
        best = of.best if data_set == "training_set" else of.best_validation
        if best.x is None:
            self._check_is_there(data_set)
            raise UsageError(f"No loss of the {data_set} in {self.path} is finite (yet)")
        return best

    def _check_is_there(self, data_set: str) -> None:
        context = self._read().context
        if data_set != "training_set" and context is not None and not context.validation:
            raise UsageError(f"There is no {data_set} in {self.path}")

    def _stored_interface(self) -> ParameterInterface:
        """Return the parameter interface with the starting values."""
        run = self._read().run
        settings, _ = read_job(self.path / INPUTS / "params.in", findings := Findings())
        findings.check()
        path = self.path / INPUTS / settings.parameter_interface
        found = interface_in(path)
        if run is not None and found.active_names != run.names:
            raise RunError(f"{path} was changed: its active parameters are not those of the run")
        return found

    def _initial(self, data_set: str, optimizer: int | None) -> float:
        """Return the loss of the starting values."""
        _check_of_all(optimizer)
        initial = self._read().initial
        fx = None if initial is None else initial.fx
        if initial is not None and data_set != "training_set":
            fx = initial.val
        if fx is None:
            raise UsageError(f"There is no initial loss of the {data_set} in {self.path}")
        return fx

    def _logged(self, file: str, data_set: str, optimizer: int | None) -> Evaluations:
        """Return the evaluations that a running file has rows of."""
        return self._evaluations().at(self._files.rows(file, data_set, optimizer).numbers)

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


def _check_of_all(optimizer: int | None) -> None:
    if optimizer is not None:
        raise UsageError("The initial values belong to no optimizer: leave out optimizer")


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
