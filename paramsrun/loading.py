"""From an input file to all that a run needs: settings, problem, and what it goes on with."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from paramsrun.beside import warn_of_unused
from paramsrun.errors import Findings, Mistake
from paramsrun.input import Block, Source, parse, read_source, write
from paramsrun.input.tree import Entry
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.optimizers.plugin import Plugin, check_plugins, check_recorded
from paramsrun.problem.black_box import RunsUserCode
from paramsrun.problem.fingerprint import fingerprint, validation_fingerprint
from paramsrun.problem.load import load_problem
from paramsrun.problem.problem import Problem
from paramsrun.problem.user_code import command_folder, is_call, module_folder
from paramsrun.results import folder as results_folder
from paramsrun.resuming.checks import check_interface, check_not_over
from paramsrun.resuming.merging import merged, resolver, resume_path
from paramsrun.resuming.news import news
from paramsrun.resuming.origin import Origin, opened
from paramsrun.settings.declared import scope_of
from paramsrun.settings.families import optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.paths import moved
from paramsrun.settings.read_job import read_tree
from paramsrun.settings.record import from_record
from paramsrun.settings.secrets import concealed


@dataclass(frozen=True)
class Loaded:
    """An input that was found good, and all that it names."""

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
    user_code: tuple[Path, ...]
    """The folders in which the user's modules are looked for before the Python path."""

    @cached_property
    def objective(self) -> str:
        """Hash of what decides the loss; it reads the data again, which a check can do without."""
        return fingerprint(self.settings, self.problem, self.seed)

    @cached_property
    def validation(self) -> str:
        """Hash of what decides the validation loss; empty where there is none."""
        return validation_fingerprint(self.settings, self.problem, self.seed, self.objective)


def load(
    path: Path,
    stack: ExitStack,
    name: str | None,
    resume: Path | None,
    run_code: bool,
    source: Source | None = None,
) -> Loaded:
    """Read an input, merge it with what it resumes, and load its problem.

    stack closes what a resume unpacked; source is the text of an input that is in no file. Raises
    InputError with every mistake, UsageError where what is to be resumed cannot be.
    """
    return _Loader(path, stack, run_code, source).load(name, resume)


def code_of(loaded: Loaded) -> dict[str, str]:
    """Return the user's code that a job runs: its name -> path and SHA-256."""
    training = loaded.problem.training
    found = dict(training.user_code()) if isinstance(training, RunsUserCode) else {}
    for plugin in plugins_of(loaded):
        code = plugin.code
        digest = code.digest()
        found[code.call] = "" if digest is None else f"{code.find()} {digest}"
    return found


def plugins_of(loaded: Loaded) -> list[Plugin]:
    """Return the optimizers of the user's: those of the input, and those that live."""
    living = [loaded.state.optimizers[o].start for o in sorted(loaded.state.living)]
    stored = [from_record(optimizers[s.type], s.settings) for s in living if s.type == "Plugin"]
    found = [p for p in (*loaded.settings.optimizer, *stored) if isinstance(p, Plugin)]
    return [plugin.located(loaded.user_code) for plugin in found]


class _Loader:
    def __init__(self, path: Path, stack: ExitStack, run_code: bool, source: Source | None) -> None:
        self._path = path
        self._source = source
        self._folder = path.parent
        self._stack = stack
        self._run_code = run_code
        self._findings = Findings()

    def load(self, name: str | None, resume: Path | None) -> Loaded:
        source = self._source or read_source(self._path, self._findings)
        self._findings.check()
        assert source is not None
        new = parse(source, scope_of(JobSettings), self._findings)
        resume = resume or resume_path(new, self._folder)
        if resume is None:
            return self._fresh(name, new, source)
        return self._resumed(name, new, self._stack.enter_context(opened(resume)))

    def _fresh(self, name: str | None, tree: Block, source: Source) -> Loaded:
        settings = read_tree(tree, self._findings)
        seed = settings.random_seed
        seed = secrets.randbits(32) if seed is None else seed
        search = (self._folder,)
        problem = self._problem(settings, tree, self._folder.joinpath, search, seed)
        return self._loaded(name, settings, tree, seed, problem, search, source=source)

    def _resumed(self, name: str | None, new: Block, origin: Origin) -> Loaded:
        state = origin.state()
        assert state.run is not None
        assert state.context is not None
        tree = merged(origin, new, self._folder)
        settings = read_tree(tree, self._findings)
        seed = state.context.seed if settings.random_seed is None else settings.random_seed
        search = (self._folder, *_recorded_folders(state))
        check_recorded([state.optimizers[o].start for o in state.living], search)
        resolve = resolver(origin, new, self._folder)
        problem = self._problem(settings, tree, resolve, search, seed, origin)
        check_interface(origin, state.run, problem.parameters)
        warn_of_unused(new, settings, self._folder, origin.inputs, self._findings)
        changes = list(news(origin, state, new, tree))
        loaded = self._loaded(name, settings, tree, seed, problem, search, state, origin, changes)
        same = state.context.objective == loaded.objective
        check_not_over(origin, state if same else state.anew(), ExitRule.of(settings))
        return loaded

    def _problem(
        self,
        settings: JobSettings,
        tree: Block,
        resolve: Callable[[str], Path],
        search: Sequence[Path],
        seed: int,
        origin: Origin | None = None,
    ) -> Problem:
        """Return the problem; InputError with all mistakes so far."""
        found = self._findings
        stored = None if origin is None else origin.inputs
        run_code = self._run_code and not _is_stored(tree.get("Engine"), stored)
        problem = load_problem(
            settings, resolve, search, found, seed, tree, run_code, origin is None
        )
        check_plugins(settings.optimizer, tree, search, found, self._run_code, stored)
        if origin is not None:
            origin.name_inputs(found)
        found.check()
        assert problem is not None
        return problem

    def _loaded(
        self,
        name: str | None,
        settings: JobSettings,
        tree: Block,
        seed: int,
        problem: Problem,
        search: tuple[Path, ...],
        state: RunState | None = None,
        origin: Origin | None = None,
        changes: Sequence[str] = (),
        source: Source | None = None,
    ) -> Loaded:
        root = self._folder if origin is None else origin.inputs
        stored = results_folder.stored_names(problem.files, [root, self._folder])
        return Loaded(
            name or self._path.stem,
            settings,
            _stored_text(tree, stored, source),
            seed,
            problem,
            {stored[given]: path for given, path in problem.files.items()},
            state or RunState(),
            origin,
            changes,
            [w for w in self._findings.warnings if not _is_told(w, origin)],
            search,
        )


def _recorded_folders(state: RunState) -> list[Path]:
    """Return where the user's code of the earlier run was found."""
    assert state.context is not None
    found: list[Path] = []
    for name, where in state.context.code.items():
        path = Path(where.rpartition(" ")[0])
        folder = (module_folder if is_call(name) else command_folder)(name, path)
        found += [] if folder is None or folder in found else [folder]
    return found


def _is_stored(engine: Entry | None, stored: Path | None) -> bool:
    """Return whether an engine is that of a stored input: the log names its code before it runs."""
    if engine is None or stored is None:
        return False
    return Path(engine.place.file).is_relative_to(stored)


def _is_told(warning: Mistake, origin: Origin | None) -> bool:
    """Return whether a warning is of a stored file: the run that stored it told it then."""
    return origin is not None and Path(warning.place.file).is_relative_to(origin.inputs)


def _stored_text(tree: Block, stored: Mapping[str, str], source: Source | None) -> str:
    """Return the input as it is stored; word by word where nothing in it has to change.

    Passwords in it are not stored.
    """
    there = moved(tree, JobSettings, lambda path: stored.get(path, path))
    if source is not None and there == tree and "@include" not in source.text.casefold():
        return concealed(source.text, tree, JobSettings)
    return concealed(write(there), tree, JobSettings)
