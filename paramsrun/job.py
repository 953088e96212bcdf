"""A job from its input file to its results: what the commands do, for Python callers too."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from paramsrun import resuming
from paramsrun.errors import Findings, Mistake
from paramsrun.evaluators.contract import Task
from paramsrun.evaluators.inline import Inline
from paramsrun.input import Block, Source, parse, read_source, write
from paramsrun.manager.events import Context, Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.interruption import Signals
from paramsrun.manager.loop import Listener, Manager
from paramsrun.manager.spawning import Spawner
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape
from paramsrun.problem.contract import Key
from paramsrun.problem.engines.function import FunctionObjective
from paramsrun.problem.fingerprint import fingerprint
from paramsrun.problem.load import load_problem
from paramsrun.problem.problem import Problem
from paramsrun.problem.scaling import Scaling
from paramsrun.results import folder as results_folder
from paramsrun.results import journal as journals
from paramsrun.results.checkpoint import Checkpoints
from paramsrun.results.journal import FORMAT, Journal
from paramsrun.results.lock import Keeper
from paramsrun.results.log import Log, RunLog
from paramsrun.results.progress import Progress
from paramsrun.results.saver import Saver
from paramsrun.results.tree import ResultsTree
from paramsrun.resuming import Origin
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.paths import moved
from paramsrun.settings.read_job import read_tree

VERSIONS_OF = ("paramsrun", "numpy", "scipy", "cma")


@dataclass(frozen=True)
class Job:
    """A job whose input was read and found good. Leave it by `close` (or use it in a with block).

    Raises
    ------
    InputError
        On loading, with every mistake in the input and the files it names.
    UsageError
        Where what is to be resumed cannot be.
    """

    name: str
    settings: JobSettings
    text: str
    """The input as it is stored: includes resolved, paths those of the stored files."""
    seed: int
    """RandomSeed, drawn here where the input gives none."""
    problem: Problem
    files: Mapping[str, Path]
    """The data files, by the names that they are stored under."""
    state: RunState
    """Empty, or that of the run which is resumed."""
    origin: Origin | None
    changes: Sequence[str]
    """What the user should know of a resume."""
    warnings: Sequence[Mistake]
    _stack: ExitStack

    @classmethod
    def load(
        cls,
        path: str | Path,
        name: str | None = None,
        resume: Path | None = None,
        run_code: bool = True,
    ) -> "Job":
        """Read an input file and all that it names.

        resume is what to go on with, in place of the input's own ResumeCheckpoint. A user's
        Function is imported if run_code, else only looked for.
        """
        with ExitStack() as stack:
            return _Loader(Path(path), stack, run_code).job(name, resume)

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what a resume unpacked."""
        self._stack.close()

    @property
    def folder(self) -> Path:
        """The results folder, in the current folder unless the input names another."""
        return Path(self.settings.results_directory or f"{self.name}.results")

    @property
    def rule(self) -> ExitRule:
        """When the run ends."""
        return exit_rule(self.settings)

    def run(self, echo: Callable[[str], None] = print, live: bool = False) -> RunState:
        """Run to the end; return the final state.

        Raises UsageError where the results folder is there already, RunError where the run had to
        end early. live shows a progress line.
        """
        recorded: dict[int, Tape] = {}
        if self.origin is None:
            self.state.apply(self._begin())
        else:
            recorded = self.origin.tapes(self.state)
            copied = partial(journals.copy, self.origin.journal)
            results_folder.create(self.folder, self.text, self.files, copied)
        with ExitStack() as stack:
            manager, signals = self._manager(stack, echo, live)
            if self.origin is not None:
                manager.resume(recorded, self._context())
            # Until here a signal ends the process as it ends any: there is nothing to save yet.
            stack.enter_context(signals)
            is_new = self.state.initial is None and not self.state.n_started
            x0 = Task(Key(0, 0), self.problem.parameters.x0)
            manager.run(x0 if is_new and not self.settings.skip_x0 else None)
        return self.state

    def _context(self) -> Context:
        """Return the event with which a resumed run begins its session."""
        before = self.state.context
        assert before is not None
        code = code_of(self.problem)
        objective = fingerprint(self.settings, self.problem, self.seed)
        return Context(
            self.text,
            self.seed,
            objective,
            code,
            (*self.changes, *changes_between(before, objective, code)),
            objective == before.objective,
            self.state.t,
            utc_now(),
        )

    def _begin(self) -> Run:
        """Make the results folder of a new run; return its first event."""
        parameters = self.problem.parameters
        run = Run(
            FORMAT,
            versions(),
            self.seed,
            self.text,
            parameters.active_names,
            parameters.bounds,
            fingerprint(self.settings, self.problem, self.seed),
            code_of(self.problem),
            0.0,
            utc_now(),
        )

        def journal(folder: Path) -> None:
            first = Journal(folder)
            first.append(run)
            first.close()

        results_folder.create(self.folder, self.text, self.files, journal)
        return run

    def _manager(
        self, stack: ExitStack, echo: Callable[[str], None], live: bool
    ) -> tuple[Manager, Signals]:
        """Return the manager of this run, with all that listens to it; stack closes it all."""
        rule = self.rule
        listeners: list[Listener] = []
        if live:
            progress = stack.enter_context(Progress(rule))
            listeners.append(progress)
            echo = progress.echo
        log = Log(self.folder / "job.log", echo)
        stack.callback(log.close)
        self._greet(log)
        control = self.settings.checkpoint_control
        checkpoints = Checkpoints(self.folder, control, versions())
        stack.callback(checkpoints.close)
        at = self.folder / results_folder.JOURNAL
        journal = Journal(at, self.state.n_events, checkpoints.segment_full)
        stack.callback(journal.close)
        stack.enter_context(Keeper(self.folder, journal.sync))
        evaluator = Inline(self.problem)
        signals = Signals(lambda: evaluator.computing)
        scaling = Scaling.of(self.problem.parameters)
        spawner = Spawner(
            self.settings.optimizer,
            scaling,
            scaling.scaled(self.problem.parameters.x0),
            self.seed,
            slots=self.settings.parallel_levels.optimizations,
        )
        tree = ResultsTree(self.folder, self.problem, scaling, self.settings)
        stack.callback(tree.close)
        manager = Manager(
            self.state,
            spawner,
            rule,
            evaluator,
            journal.append,
            [tree, RunLog(log), *listeners],
            signals.reason,
            Saver(checkpoints, log, control.raise_fail),
        )
        return manager, signals

    def _greet(self, log: Log) -> None:
        log.entry(f"paramsrun {versions()['paramsrun']}: job {self.name}, RandomSeed {self.seed}")
        for warning in self.warnings:
            log.entry(f"Warning: {warning}")


class _Loader:
    """Reads an input, merges it with what it resumes, and loads its problem."""

    def __init__(self, path: Path, stack: ExitStack, run_code: bool) -> None:
        self._path = path
        self._folder = path.parent
        self._stack = stack
        self._run_code = run_code
        self._findings = Findings()

    def job(self, name: str | None, resume: Path | None) -> Job:
        source = read_source(self._path, self._findings)
        self._findings.check()
        assert source is not None
        new = parse(source, scope_of(JobSettings), self._findings)
        resume = resume or resuming.resume_path(new, self._folder)
        origin = None if resume is None else self._stack.enter_context(resuming.opened(resume))
        state = RunState() if origin is None else origin.state()
        root = self._folder if origin is None else origin.inputs
        tree = new
        if origin is not None:
            tree = resuming.merged(origin, new, self._folder, self._findings)
        settings = read_tree(tree, self._findings)
        seed = self._seed(settings, state)
        search = [self._folder, *_recorded_folders(state)]
        problem = load_problem(
            settings, root.joinpath, search, self._findings, seed, tree, self._run_code
        )
        if origin is not None:
            resuming.name_stored(origin, self._findings)
        self._findings.check()
        assert problem is not None
        stored = results_folder.stored_names(problem.files, [root, self._folder])
        text = _stored_text(tree, stored, source if origin is None else None)
        changes: list[str] = []
        if origin is not None:
            assert state.run is not None
            resuming.check_interface(origin, state.run, problem.parameters)
            judged = state if _is_comparable(state, settings, problem, seed) else state.anew()
            resuming.check_not_over(origin, judged, exit_rule(settings))
            changes = list(resuming.news(origin, state, new, tree))
        return Job(
            name or self._path.stem,
            settings,
            text,
            seed,
            problem,
            {stored[given]: path for given, path in problem.files.items()},
            state,
            origin,
            changes,
            [w for w in self._findings.warnings if not _is_told(w, origin)],
            self._stack.pop_all(),
        )

    @staticmethod
    def _seed(settings: JobSettings, state: RunState) -> int:
        if settings.random_seed is not None:
            return settings.random_seed
        return secrets.randbits(32) if state.context is None else state.context.seed


@cache
def versions() -> dict[str, str]:
    """Return the versions of what a run's numbers depend on."""
    return {name: version(name) for name in VERSIONS_OF}


def utc_now() -> str:
    """Return the time of day for people, such as ``2026-11-21T09:40:49+00:00``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def exit_rule(settings: JobSettings) -> ExitRule:
    """Return when a run with these settings ends."""
    return ExitRule(settings.exit_condition, settings.exit_condition_boolean_combination)


def code_of(problem: Problem) -> dict[str, str]:
    """Return the user's code that a problem runs: its name -> path and SHA-256."""
    if not isinstance(problem.training, FunctionObjective):
        return {}
    path = problem.training.code.find()
    if path is None:
        return {problem.training.code.call: ""}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {problem.training.code.call: f"{path} {digest}"}


def changes_between(before: Run | Context, objective: str, code: Mapping[str, str]) -> list[str]:
    """Return what a session does otherwise than the one before it, a line each."""
    changes = []
    if objective != before.objective:
        changes.append(
            "The training set, the jobs or the engine changed:\nlosses of before cannot be "
            "compared with those from here on, and the best starts anew"
        )
    for name, was in before.code.items():
        if name in code and was.rpartition(" ")[2] != code[name].rpartition(" ")[2]:
            changes.append(
                f"Warning: the code of {name} changed since ({code[name].rpartition(' ')[0]}). "
                "Losses of before are taken as they are; if the function gives others now, start "
                "a new run instead"
            )
    return changes


def _recorded_folders(state: RunState) -> list[Path]:
    """Return where the user's code of the earlier run was found."""
    if state.context is None:
        return []
    found = []
    for call, where in state.context.code.items():
        path = Path(where.rpartition(" ")[0])
        if not path.name:  # a module without a file
            continue
        depth = call.partition(":")[0].count(".") + (path.name == "__init__.py")
        found.append(path.parents[depth])
    return found


def _is_comparable(state: RunState, settings: JobSettings, problem: Problem, seed: int) -> bool:
    """Return whether the losses of a run can be compared with those of a problem."""
    before = state.context
    return before is not None and before.objective == fingerprint(settings, problem, seed)


def _is_told(warning: Mistake, origin: Origin | None) -> bool:
    """Return whether a warning is of a stored file: the run that stored it told it then."""
    return origin is not None and Path(warning.place.file).is_relative_to(origin.inputs)


def _stored_text(tree: Block, stored: Mapping[str, str], source: Source | None) -> str:
    """Return the input as it is stored; word by word where nothing in it has to change."""
    there = moved(tree, JobSettings, lambda path: stored.get(path, path))
    if source is not None and there == tree and "@include" not in source.text.casefold():
        return source.text
    return write(there)
