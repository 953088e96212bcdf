"""A job from its input file to its results: what the commands do, for Python callers too."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from paramsrun.errors import Mistake
from paramsrun.evaluators.contract import Task
from paramsrun.input import Source
from paramsrun.loading import Loaded, load, plugins_of
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape
from paramsrun.optimizers.plugin import check_stored
from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem
from paramsrun.results import folder as results_folder
from paramsrun.results import journal as journals
from paramsrun.settings.job import JobSettings


def say(line: str) -> None:
    """Print a line of the log at once, into a pipe or file too."""
    print(line, flush=True)


class Job:
    """A job whose input was read and found good. Leave it by `close` (or use it in a with block).

    `load` makes one.
    """

    def __init__(self, loaded: Loaded, stack: ExitStack) -> None:
        self._loaded = loaded
        self._stack = stack

    @classmethod
    def load(
        cls,
        path: str | Path,
        name: str | None = None,
        resume: Path | None = None,
        run_code: bool = True,
        source: Source | None = None,
    ) -> "Job":
        """Read an input file and all that it names.

        resume is what to go on with, in place of the input's own ResumeCheckpoint. A user's
        Function is imported if run_code, else only looked for. source is the text of an input that
        is in no file; the files it names are looked for where path would be. Raises InputError with
        every mistake in the input and its files, UsageError where what is to be resumed cannot be.
        """
        with ExitStack() as stack:
            loaded = load(Path(path), stack, name, resume, run_code, source)
            return cls(loaded, stack.pop_all())

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what a resume unpacked."""
        self._stack.close()

    @property
    def settings(self) -> JobSettings:
        """The settings; those stored and changed, where the job goes on with a run."""
        return self._loaded.settings

    @property
    def problem(self) -> Problem:
        """What is minimised."""
        return self._loaded.problem

    @property
    def seed(self) -> int:
        """RandomSeed, drawn on loading where the input gives none."""
        return self._loaded.seed

    @property
    def warnings(self) -> Sequence[Mistake]:
        """What the user should know and what stops nothing."""
        return self._loaded.warnings

    @property
    def folder(self) -> Path:
        """The results folder, in the current folder unless the input names another."""
        return Path(self.settings.results_directory or f"{self._loaded.name}.results")

    def run(self, echo: Callable[[str], None] = say, live: bool = False) -> RunState:
        """Run to the end; return the final state.

        Raises UsageError where the results folder is there already, RunError where the run had to
        end early. live shows a progress line.
        """
        from paramsrun.results.last_words import end_by, note  # a check can do without

        folder = self.folder.absolute()  # a loss may change the current folder
        recorded = self._make_folder()
        state = self._loaded.state
        before, made = state.exit, folder.stat()
        try:
            self._run_in(folder, recorded, echo, live)
        except (Exception, KeyboardInterrupt) as error:
            exit = None if state.exit is before else state.exit
            with suppress(FileNotFoundError):  # it may have been moved away, for another run
                if os.path.samestat(made, folder.stat()):
                    note(folder, exit or end_by(error, state), exit is not None)
            raise
        return state

    def _run_in(
        self, folder: Path, recorded: dict[int, Tape], echo: Callable[[str], None], live: bool
    ) -> None:
        from paramsrun.session import Session, context

        state, x0 = self._loaded.state, None
        with ExitStack() as stack:
            session = Session(self._loaded, folder, stack, echo, live)
            if self._loaded.origin is not None:
                origin = self._loaded.origin
                check_stored(plugins_of(self._loaded))  # the log has named them by now
                session.manager.resume(recorded, context(self._loaded), origin.saved())
            # Until here a signal ends the process as it ends any: there is nothing to save yet.
            stack.enter_context(session.signals)
            if state.initial is None and not state.n_started and not self.settings.skip_x0:
                x0 = Task(Key(0, 0), self.problem.parameters.x0)
            session.manager.run(x0)

    def _make_folder(self) -> dict[int, Tape]:
        """Make the results folder; return what the run that goes on had recorded."""
        from paramsrun.session import first_event

        loaded = self._loaded
        if loaded.origin is None:
            recorded: dict[int, Tape] = {}
            first = first_event(loaded)
            loaded.state.apply(first)
            journal = partial(journals.begin, first)
        else:
            recorded = loaded.origin.tapes(loaded.state)
            journal = partial(journals.copy, loaded.origin.journal)
        results_folder.create(self.folder, loaded.text, loaded.files, journal)
        return recorded
