"""The results tree: a listener that writes the text files of a run while it goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from paramsrun.manager.events import End, Eval, Event, Exit, Start
from paramsrun.manager.state import OptimizerState, RunState
from paramsrun.problem.contract import Evaluation, SetEvaluation
from paramsrun.problem.problem import Problem
from paramsrun.problem.scaling import Scaling
from paramsrun.results.files import replace
from paramsrun.results.set_log import SetLog
from paramsrun.results.snapshot import Reports, Snapshot
from paramsrun.results.summary import summary
from paramsrun.settings.data_set import DataSet, LoggingInterval, logging_of, named
from paramsrun.settings.job import JobSettings


class Set(NamedTuple):
    """An objective as the results tree sees it."""

    name: str
    """``training_set`` or ``validation_set``."""
    reports: Reports
    intervals: LoggingInterval


class ResultsTree:
    """Writes ``optimization/`` and summary.txt of a results folder.

    A training row is due at every General-th own evaluation of an optimizer, at its own new lowest
    loss and whenever the validation set was evaluated. The global files hold the rows of all.
    """

    def __init__(
        self, folder: Path, problem: Problem, scaling: Scaling, settings: JobSettings
    ) -> None:
        self._folder = folder
        self._scaling = scaling
        self._training, *rest = sets(problem, settings)
        self._validation = rest[0] if rest else None
        of = self._training.intervals
        self._every = sorted({of.general, of.parameters, of.history})
        self._n_unflushed = 0
        self._all = self._open("")
        self._own: dict[int, tuple[SetLog, SetLog | None]] = {}

    def on(self, event: Event, state: RunState, evaluation: Evaluation | None) -> None:
        """Write what an event changes."""
        if type(event) is Eval:
            assert evaluation is not None
            if event.o == 0:
                self._initial(event, evaluation)
            elif event.o in self._own:
                self._evaluated(event, state.optimizers[event.o], evaluation)
            self._flush_when_due()
        elif type(event) is Start:
            self._started(event)
        elif type(event) is End:
            self._ended(event.o, f"{event.how}\n{event.reason}\n", event.t)
        elif type(event) is Exit:
            self._exited(event, state)

    def _open(self, folder: str) -> tuple[SetLog, SetLog | None]:
        at = self._folder / "optimization" / folder

        def log(of: Set) -> SetLog:
            return SetLog(at / f"{of.name}_results", of.name, of.reports)

        return log(self._training), log(self._validation) if self._validation else None

    def _started(self, event: Start) -> None:
        folder = f"optimizer_{event.o:03d}"
        self._own[event.o] = self._open(folder)
        algorithm = event.settings.get("Algorithm")
        line = f"{event.type} {algorithm}" if algorithm else event.type
        replace(self._folder / "optimization" / folder / "opt_type.txt", line + "\n")

    def _initial(self, event: Eval, evaluation: Evaluation) -> None:
        values = self._scaling.real(event.x)
        for log, result in zip(
            self._all, (evaluation.training, evaluation.validation), strict=True
        ):
            if log is not None and result is not None:
                log.initial(Snapshot(event.n, values, result), event.t)

    def _evaluated(self, event: Eval, optimizer: OptimizerState, evaluation: Evaluation) -> None:
        lowest = optimizer.best.n == event.n
        n_own = optimizer.n_evaluations
        if not (lowest or event.val is not None or any(n_own % n == 0 for n in self._every)):
            return
        values = None
        for of, result, logs in self._sets(event.o, evaluation):
            logged = lowest or event.val is not None or n_own % of.intervals.general == 0
            parameters = n_own % of.intervals.parameters == 0
            history = n_own % of.intervals.history == 0
            if not (logged or parameters or history):
                continue
            values = self._scaling.real(event.x) if values is None else values
            snapshot = Snapshot(event.n, values, result)
            for log in logs:
                if logged:
                    log.log(snapshot, event.t)
                if parameters:
                    log.parameters_row(snapshot)
                if history:
                    log.keep(snapshot)

    def _sets(
        self, o: int, evaluation: Evaluation
    ) -> Iterator[tuple[Set, SetEvaluation, tuple[SetLog, ...]]]:
        """Yield each set that was evaluated, its result and where it is logged."""
        both = (self._all, self._own[o])
        yield self._training, evaluation.training, tuple(logs[0] for logs in both)
        if self._validation is not None and evaluation.validation is not None:
            logs = tuple(log for _, log in both if log is not None)
            yield self._validation, evaluation.validation, logs

    def _flush_when_due(self) -> None:
        self._n_unflushed += 1
        if self._n_unflushed >= self._training.intervals.flush:
            self.flush()

    def flush(self) -> None:
        """Flush every running file."""
        self._n_unflushed = 0
        for logs in (self._all, *self._own.values()):
            for log in logs:
                if log is not None:
                    log.flush()

    def _ended(self, o: int, condition: str, t: float) -> None:
        folder = self._folder / "optimization" / f"optimizer_{o:03d}"
        replace(folder / "end_condition.txt", condition)
        self._close(self._own.pop(o), t)

    def _exited(self, event: Exit, state: RunState) -> None:
        for o in event.living:
            self._ended(o, f"job exit\n{event.reason}\n", event.t)
        self._close(self._all, event.t)
        replace(
            self._folder / "summary.txt",
            summary(state),
        )

    @staticmethod
    def _close(logs: tuple[SetLog, SetLog | None], t: float) -> None:
        for log in logs:
            if log is not None:
                log.close(t)


def sets(problem: Problem, settings: JobSettings) -> Iterator[Set]:
    """Yield the training set and, if there is one, the validation set, with their intervals."""
    objectives = {"training_set": problem.training, "validation_set": problem.validation}
    blocks = {data_set.name: data_set for data_set in named(settings.data_set)}
    for name, objective in objectives.items():
        if objective is not None:
            block = blocks.get(name, DataSet())
            intervals = logging_of(block, settings.logging_interval)
            yield Set(name, Reports(problem.parameters, objective), intervals)
