"""A job from its input file to its results: what the commands do, for Python callers too."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from paramsrun.errors import Findings, Mistake
from paramsrun.evaluators.contract import Task
from paramsrun.evaluators.inline import Inline
from paramsrun.input import Source, read_source, write
from paramsrun.manager.events import Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.interruption import Signals
from paramsrun.manager.loop import Listener, Manager
from paramsrun.manager.spawning import Spawner
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Key
from paramsrun.problem.load import load_problem
from paramsrun.problem.problem import Problem
from paramsrun.problem.scaling import Scaling
from paramsrun.results import folder as results_folder
from paramsrun.results.journal import FORMAT, Journal
from paramsrun.results.lock import Keeper
from paramsrun.results.log import Log, RunLog
from paramsrun.results.progress import Progress
from paramsrun.results.tree import ResultsTree
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read_job import read_text

VERSIONS_OF = ("paramsrun", "numpy", "scipy", "cma")


@dataclass(frozen=True)
class Job:
    """A job whose input was read and found good."""

    name: str
    settings: JobSettings
    text: str
    """The input, includes resolved."""
    seed: int
    """RandomSeed, drawn here where the input gives none."""
    problem: Problem
    warnings: Sequence[Mistake]

    @classmethod
    def load(cls, path: str | Path, name: str | None = None, run_code: bool = True) -> "Job":
        """Read an input file and all that it names; InputError reports every mistake.

        A user's Function is imported if run_code, else only looked for.
        """
        path = Path(path)
        findings = Findings()
        source = read_source(path, findings) or Source("")
        settings, tree = read_text(source, findings)
        text = write(tree) if "@include" in source.text.casefold() else source.text
        seed = secrets.randbits(32) if settings.random_seed is None else settings.random_seed
        folder = path.parent
        problem = load_problem(
            settings, folder.joinpath, [folder], findings, seed, tree, run_code=run_code
        )
        findings.check()
        assert problem is not None
        return cls(name or path.stem, settings, text, seed, problem, findings.warnings)

    @property
    def folder(self) -> Path:
        """The results folder, in the current folder unless the input names another."""
        return Path(self.settings.results_directory or f"{self.name}.results")

    def run(self, echo: Callable[[str], None] = print, live: bool = False) -> RunState:
        """Run to the end; return the final state.

        Raises UsageError where the results folder is there already, RunError where the run had to
        end early. live shows a progress line.
        """
        run = self._run_event()
        stored = results_folder.stored_names(self.problem.files)
        files = {stored[given]: path for given, path in self.problem.files.items()}
        results_folder.create(self.folder, run, files)
        state = RunState()
        state.apply(run)
        with ExitStack() as stack:
            self._manager(state, stack, echo, live).run(
                None if self.settings.skip_x0 else Task(Key(0, 0), self.problem.parameters.x0)
            )
        return state

    def _manager(
        self, state: RunState, stack: ExitStack, echo: Callable[[str], None], live: bool
    ) -> Manager:
        """Return the manager of this run, with all that listens to it; stack closes it all."""
        rule = ExitRule(
            self.settings.exit_condition, self.settings.exit_condition_boolean_combination
        )
        listeners: list[Listener] = []
        if live:
            progress = stack.enter_context(Progress(rule))
            listeners.append(progress)
            echo = progress.echo
        log = Log(self.folder / "job.log", echo)
        stack.callback(log.close)
        self._greet(log)
        journal = Journal(self.folder / results_folder.JOURNAL, n_events=1)
        stack.callback(journal.close)
        stack.enter_context(Keeper(self.folder, journal.sync))
        evaluator = Inline(self.problem)
        signals = stack.enter_context(Signals(lambda: evaluator.computing))
        scaling = Scaling(self.problem.parameters.bounds)
        spawner = Spawner(
            self.settings.optimizer,
            scaling,
            scaling.scaled(self.problem.parameters.x0),
            self.seed,
            slots=self.settings.parallel_levels.optimizations,
        )
        tree = ResultsTree(self.folder, self.problem, scaling, self.settings)
        listeners = [tree, RunLog(log), *listeners]
        return Manager(state, spawner, rule, evaluator, journal.append, listeners, signals.reason)

    def _greet(self, log: Log) -> None:
        log.entry(f"paramsrun {version('paramsrun')}: job {self.name}, RandomSeed {self.seed}")
        for warning in self.warnings:
            log.entry(f"Warning: {warning}")

    def _run_event(self) -> Run:
        versions = {name: version(name) for name in VERSIONS_OF}
        utc = datetime.now(UTC).isoformat(timespec="seconds")
        parameters = self.problem.parameters
        return Run(
            FORMAT,
            versions,
            self.seed,
            self.text,
            parameters.active_names,
            parameters.bounds,
            0.0,
            utc,
        )
