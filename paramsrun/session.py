"""One session of a run: its manager, and all that listens to it."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from paramsrun.evaluators.choice import evaluator_of
from paramsrun.evaluators.contract import Evaluator
from paramsrun.evaluators.cores import cores
from paramsrun.loading import Loaded, code_of
from paramsrun.manager.events import Context, Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.history import History, Listener
from paramsrun.manager.interruption import Signals
from paramsrun.manager.loop import Manager
from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.stop_rule import StopRule
from paramsrun.optimizers.plugins import leftovers  # noqa: F401  for the end, see `_load_ahead`
from paramsrun.optimizers.plugins.threads import ThreadedProposer
from paramsrun.problem.black_box import HasFolder, RunsUserCode
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import uncommon
from paramsrun.problem.user_code import is_call
from paramsrun.results import folder as results_folder
from paramsrun.results.checkpoint import Checkpoints
from paramsrun.results.event_lines import FORMAT
from paramsrun.results.files import allow_many_files
from paramsrun.results.journal import Journal
from paramsrun.results.lock import Keeper
from paramsrun.results.log import Log, RunLog
from paramsrun.results.manifest import utc_now
from paramsrun.results.messages import heard
from paramsrun.results.progress import Progress
from paramsrun.results.pulse import Pulse
from paramsrun.results.requests import Requests
from paramsrun.results.saver import Saver
from paramsrun.results.tree import ResultsTree

VERSIONS_OF = ("paramsrun", "numpy", "scipy", "cma")
SCALERS: Mapping[str, Kind | None] = {
    "Linear": "linear",
    "Std": "std",
    "None": "none",
    "Optimizers": None,
}


class Session:
    """Wires the manager of a run to its results folder, which is there already.

    Parameters
    ----------
    stack
        Closes all that is opened here.
    echo
        Shows a line of the log to the user.
    live
        Whether to show a progress line, too.
    """

    def __init__(
        self,
        loaded: Loaded,
        folder: Path,
        stack: ExitStack,
        echo: Callable[[str], None],
        live: bool,
    ) -> None:
        allow_many_files()
        self._loaded = loaded
        self._folder = folder
        self._stack = stack
        self._rule = ExitRule.of(loaded.settings)
        self._listeners: list[Listener] = []
        self._evaluator: Evaluator | None = None
        if live:
            progress = stack.enter_context(Progress(self._rule))
            self._listeners.append(progress)
            echo = progress.echo
        self._log = Log(folder / "job.log", echo)
        stack.callback(self._log.close)
        stack.enter_context(heard(self._log))
        self._greet()
        _load_ahead(loaded.settings.optimizer)
        self.signals = Signals(self._is_computing)
        self.manager = self._manager()

    def _is_computing(self) -> bool:
        evaluator = self._evaluator
        interruptible = evaluator is not None and evaluator.interruptible
        return interruptible or ThreadedProposer.is_waiting

    def _greet(self) -> None:
        name, seed = self._loaded.name, self._loaded.seed
        self._log.entry(f"paramsrun {versions()['paramsrun']}: job {name}, RandomSeed {seed}")
        training = self._loaded.problem.training
        if isinstance(training, RunsUserCode) and training.command_line is not None:
            self._log.entry(f"Command of yours, run for each evaluation: {training.command_line}")
        for name, where in code_of(self._loaded).items():
            path, _, digest = where.rpartition(" ")
            file = f"{path} (SHA-256 {digest[:12]}...)" if path else "a module without source"
            self._log.entry(f"Code of yours: {name} in {file}")
        for warning in self._loaded.warnings:
            self._log.entry(f"Warning: {warning}")

    def _manager(self) -> Manager:
        loaded, settings, state = self._loaded, self._loaded.settings, self._loaded.state
        control = settings.checkpoint_control
        checkpoints = Checkpoints(self._folder, control, versions())
        self._stack.callback(checkpoints.close)
        at = self._folder / results_folder.JOURNAL
        journal = Journal(at, checkpoints.segment_full)
        self._stack.callback(journal.close)
        pulse = Pulse(lambda: self._evaluator, state)
        self._stack.enter_context(Keeper(self._folder, journal.sync, pulse))
        if isinstance(loaded.problem.training, HasFolder):
            inputs = self._folder / results_folder.INPUTS
            stored = {path: inputs / name for name, path in loaded.files.items()}
            loaded.problem.training.work_in(self._folder, stored)
            self._stack.callback(loaded.problem.training.clear_up)
        tree = ResultsTree(self._folder, loaded.problem, settings)
        self._stack.callback(tree.close)
        self._evaluator = evaluator_of(
            loaded.problem,
            settings.evaluator,
            settings.parallel_levels,
            state.evaluator,
            lambda evaluator, why: self.manager.move(evaluator, why),
            loaded.user_code[0],
        )
        self._stack.callback(self._evaluator.close)
        return Manager(
            History(state, journal.append, [tree, RunLog(self._log), *self._listeners]),
            spawner(loaded),
            self._rule,
            self._evaluator,
            stop_rule(loaded),
            Saver(checkpoints, self._log, control.raise_fail),
            self.signals.reason,
            Requests(self._folder, self._log, state.optimizers),
            settings.share_best_evaluation_between_optimizers,
            loaded.problem.training.squares,
        )


def _load_ahead(optimizers: Iterable[object]) -> None:
    """Import what optimizers will need of this package, which may be replaced under a long run."""
    for optimizer in optimizers:
        for module in getattr(optimizer, "modules", ()):
            import_module(module)


def spawner(loaded: Loaded) -> Spawner:
    """Return what starts the optimizers."""
    settings, parameters = loaded.settings, loaded.problem.parameters
    how = Spawning(
        seed=loaded.seed,
        slots=settings.parallel_levels.optimizations,
        in_flight=parameter_vectors(loaded),
        scaler=SCALERS[settings.scaler],
        generator=settings.generator,
        selector=settings.optimizer_selector,
        control=settings.control_optimizer_spawning,
        user_code=loaded.user_code,
        space=parameters.space,
    )
    return Spawner(settings.optimizer, parameters.bounds, parameters.x0, how)


def stop_rule(loaded: Loaded) -> StopRule:
    """Return when optimizers are stopped."""
    settings = loaded.settings
    return StopRule(
        settings.stopper,
        settings.stopper_boolean_combination,
        loaded.seed,
        settings.check_stopper_interval,
        spares_best=not settings.apply_stoppers_to_best_optimizer,
    )


def parameter_vectors(loaded: Loaded) -> int:
    """Return how many candidates of one optimizer may be in flight.

    Where the input leaves it open, a resumed run goes on with what it had.
    """
    given = loaded.settings.parallel_levels.parameter_vectors
    before = loaded.state.context
    return given or (cores() if before is None else before.parameter_vectors)


def first_event(loaded: Loaded) -> Run:
    """Return the event with which a new run begins."""
    parameters = loaded.problem.parameters
    return Run(
        FORMAT,
        versions(),
        loaded.seed,
        loaded.text,
        parameters.active_names,
        parameters.bounds,
        loaded.objective,
        code_of(loaded),
        0.0,
        utc_now(),
        parameter_vectors(loaded),
        uncommon(parameters.space),
        loaded.validation,
    )


def context(loaded: Loaded) -> Context:
    """Return the event with which a resumed run begins its session."""
    before = loaded.state.context
    assert before is not None
    code = code_of(loaded)
    return Context(
        loaded.text,
        loaded.seed,
        loaded.objective,
        code,
        (*loaded.changes, *_changes(before, loaded, code)),
        loaded.objective == before.objective,
        loaded.state.t,
        utc_now(),
        parameter_vectors(loaded),
        loaded.validation,
        before.validation in ("", loaded.validation),
    )


def _changes(before: Run | Context, loaded: Loaded, code: Mapping[str, str]) -> list[str]:
    """Return what a session does otherwise than the one before it, a line each."""
    changes = []
    if loaded.objective != before.objective:
        changes.append(
            "The training set, the jobs, the engine or the constraints changed:\nlosses of before "
            "cannot be compared with those from here on, and the best starts anew"
        )
    elif before.validation and loaded.validation not in ("", before.validation):
        changes.append(
            "The validation set changed:\nits losses of before cannot be compared with those from "
            "here on, and its best starts anew"
        )
    for name, was in before.code.items():
        if name in code and was.rpartition(" ")[2] != code[name].rpartition(" ")[2]:
            what, who = _told(name, loaded)
            changes.append(
                f"Warning: the {what} {name} changed since ({code[name].rpartition(' ')[0]}). "
                f"Losses of before are taken as they are; if {who} gives others now, start "
                "a new run instead"
            )
    return changes


def _told(name: str, loaded: Loaded) -> tuple[str, str]:
    """Return what a piece of the user's code is, and what it is that gives losses."""
    training = loaded.problem.training
    if is_call(name) or not isinstance(training, RunsUserCode) or training.command_line is None:
        return "code of", "a function"
    is_program = name == shlex.split(training.command_line)[0]
    return ("program", "it") if is_program else ("file", "the program")


@cache
def versions() -> dict[str, str]:
    """Return the versions of what a run's numbers depend on."""
    return {name: version(name) for name in VERSIONS_OF}
