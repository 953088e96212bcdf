"""The results tree: a listener that writes the text files of a run while it goes on."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

from paramsrun.errors import RunError
from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit, Start
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation, SetEvaluation
from paramsrun.problem.problem import Problem
from paramsrun.results.files import replace
from paramsrun.results.folder import optimizer_folder
from paramsrun.results.set_log import SetLog
from paramsrun.results.snapshot import Reports, Snapshot
from paramsrun.results.summary import summary, type_of
from paramsrun.settings.data_set import DataSet, LoggingInterval, logging_of, named
from paramsrun.settings.job import JobSettings

BETWEEN_S = 1.0
"""best/ and latest/ are written no more often than this, but at the end."""
AT_ONCE = 10
"""So many optimizers have theirs written then; where there are more, they take turns."""


class Set(NamedTuple):
    """An objective as the results tree sees it."""

    name: str
    """``training_set`` or ``validation_set``."""
    reports: Reports
    intervals: LoggingInterval


class ResultsTree:
    """Writes ``optimization/`` and summary.txt of a results folder.

    A training row is due at every General-th own evaluation of an optimizer, at its own new lowest
    loss and whenever the validation set was evaluated. The global files hold the rows of all, those
    of an optimizer stopped meanwhile too; its own files end where it did.
    """

    def __init__(self, folder: Path, problem: Problem, settings: JobSettings) -> None:
        self._folder = folder
        self._training, *rest = sets(problem, settings)
        self._validation = rest[0] if rest else None
        self._training_intervals = astuple(self._training.intervals)
        self._n_unflushed = 0
        self._refreshed_t = -BETWEEN_S
        self._failed = False
        self._own: dict[int, tuple[SetLog, SetLog | None]] = {}
        self._turns: deque[int] = deque()
        """The living optimizers, the one next whose best/ and latest/ waited longest."""
        try:
            self._all = self._open("")
        except OSError as error:
            raise self._unwritten(error) from error

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Write what an event changes; RunError where the disk does not take it."""
        if self._failed:
            return
        try:
            if type(event) is Eval:
                assert evaluation is not None
                self._evaluated(event, state, evaluation)
            else:
                self._heard(event, state)
        except OSError as error:
            self._failed = True
            self.close()
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> RunError:
        return RunError(f"The results in {self._folder} cannot be written: {error}")

    def _evaluated(self, event: Eval, state: RunState, evaluation: Evaluation) -> None:
        optimizer = state.optimizers.get(event.o)
        if optimizer is None:
            self._initial(event, state, evaluation)
        elif optimizer.best.n == event.n or event.val is not None or self._is_due(optimizer):
            scaling = state.scaling_of(event.o)
            for of, result, logs in self._sets(event.o, evaluation):
                snapshot = Snapshot(event.n, event.x, scaling, result)
                self._log(of, snapshot, logs, event, optimizer)
        self._n_unflushed += 1
        if event.t - self._refreshed_t >= BETWEEN_S:
            self._refreshed_t = event.t
            self._refresh_some()
        elif self._n_unflushed >= self._training_intervals[3]:
            self.flush()

    def _is_due(self, optimizer: OptimizerState) -> bool:
        """Return whether one of the intervals has come round."""
        n_own = optimizer.n_evaluations
        general, parameters, history, _ = self._training_intervals
        return not (n_own % general and n_own % parameters and n_own % history)

    def _heard(self, event: Event, state: RunState) -> None:
        if type(event) is Start:
            self._started(event)
        elif type(event) is End:
            self._ended(event.o, f"{event.how}\n{event.reason}\n")
        elif type(event) is Context:
            self._resumed(state)
        elif type(event) is Checkpoint:
            self.refresh()
        elif type(event) is Exit:
            self._exited(event, state)

    def _open(self, folder: str) -> tuple[SetLog, SetLog | None]:
        at = self._folder / "optimization" / folder

        def log(of: Set) -> SetLog:
            return SetLog(at / f"{of.name}_results", of.name, of.reports)

        return log(self._training), log(self._validation) if self._validation else None

    def _started(self, event: Start) -> None:
        folder = optimizer_folder(event.o)
        self._own[event.o] = self._open(folder)
        self._turns.append(event.o)
        path = self._folder / "optimization" / folder / "opt_type.txt"
        replace(path, type_of(event) + "\n")

    def _resumed(self, state: RunState) -> None:
        """Open the folders of those that live on; the best so far stays the best."""
        self._restore(self._all, state, state)
        for o in sorted(state.living):
            optimizer = state.optimizers[o]
            self._started(optimizer.start)
            self._restore(self._own[o], optimizer, state)

    @staticmethod
    def _restore(
        logs: tuple[SetLog, SetLog | None], of: RunState | OptimizerState, state: RunState
    ) -> None:
        """Let logs begin with what a journal knows of the best: its predictions are not in it."""
        for log, best in zip(logs, (of.best, of.best_validation), strict=True):
            if log is not None and best.x is not None:
                scaling = state.scaling_of(best.o)
                log.restore(Snapshot(best.n, best.x, scaling, SetEvaluation(best.fx)))

    def _initial(self, event: Eval, state: RunState, evaluation: Evaluation) -> None:
        scaling = state.scaling_of(event.o)
        for log, result in zip(
            self._all, (evaluation.training, evaluation.validation), strict=True
        ):
            if log is not None and result is not None:
                log.initial(Snapshot(event.n, event.x, scaling, result), event.t)

    @staticmethod
    def _log(
        of: Set,
        snapshot: Snapshot,
        logs: Sequence[SetLog],
        event: Eval,
        optimizer: OptimizerState,
    ) -> None:
        """Log an evaluation in files that hold it, those of all at last."""
        n_own, lowest = optimizer.n_evaluations, optimizer.best.n == event.n
        if lowest or event.val is not None or n_own % of.intervals.general == 0:
            entry = logs[0].entry(snapshot, event.t)
            for log in logs:
                log.log(entry)
        if n_own % of.intervals.parameters == 0:
            for log in logs:
                log.parameters_row(snapshot)
        if n_own % of.intervals.history == 0:
            logs[0].keep(snapshot, beside=logs[1:])

    def _sets(
        self, o: int, evaluation: Evaluation
    ) -> Iterator[tuple[Set, SetEvaluation, Sequence[SetLog]]]:
        """Yield each set that was evaluated, its result and where it is logged."""
        logs = [of for of in (self._own.get(o), self._all) if of is not None]
        yield self._training, evaluation.training, [training for training, _ in logs]
        if self._validation is not None and evaluation.validation is not None:
            own = [validation for _, validation in logs if validation is not None]
            yield self._validation, evaluation.validation, own

    def flush(self) -> None:
        """Flush every running file."""
        self._n_unflushed = 0
        for log in self._logs(self._own):
            log.flush()

    def _refresh_some(self) -> None:
        """Do as `refresh` for the run and for those whose turn it is; flush every running file."""
        turns = [self._turns[k] for k in range(min(AT_ONCE, len(self._turns)))]
        self._turns.rotate(-len(turns))
        self._write_pending(turns)

    def refresh(self) -> None:
        """Write latest/ and best/ of all as they stand, and flush every running file."""
        self._write_pending(self._own)

    def close(self) -> None:
        """Write what is held back as far as the disk takes it, and close all files."""
        for log in self._logs(self._own):
            with suppress(OSError):  # it is told where it first happens, see `on`
                log.close()

    def _write_pending(self, optimizers: Iterable[int]) -> None:
        for log in self._logs(optimizers):
            log.write_pending()
        self.flush()

    def _logs(self, optimizers: Iterable[int]) -> Iterator[SetLog]:
        """Yield those of the run and of some optimizers."""
        for logs in (self._all, *(self._own[o] for o in optimizers)):
            yield from (log for log in logs if log is not None)

    def _ended(self, o: int, condition: str) -> None:
        folder = self._folder / "optimization" / optimizer_folder(o)
        replace(folder / "end_condition.txt", condition)
        for log in self._own[o]:
            if log is not None:
                log.close()
        del self._own[o]
        self._turns.remove(o)

    def _exited(self, event: Exit, state: RunState) -> None:
        for o in event.living:
            self._ended(o, f"job exit\n{event.reason}\n")
        for log in self._all:
            if log is not None:
                log.close()
        replace(self._folder / "summary.txt", summary(state))


def sets(problem: Problem, settings: JobSettings) -> Iterator[Set]:
    """Yield the training set and, if there is one, the validation set, with their intervals."""
    objectives = {"training_set": problem.training, "validation_set": problem.validation}
    blocks = {data_set.name: data_set for data_set in named(settings.data_set)}
    for name, objective in objectives.items():
        if objective is not None:
            block = blocks.get(name, DataSet())
            intervals = logging_of(block, settings.logging_interval)
            yield Set(name, Reports(problem.parameters, objective), intervals)
