"""A program of your own as the thing that is minimised: ``Command python ./train.py``."""

import re
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, Literal

from paramsrun.problem.black_box import Surroundings
from paramsrun.problem.command.names import PARAMETERS, STDERR, STDOUT
from paramsrun.settings.families import engines
from paramsrun.settings.keys import key

if TYPE_CHECKING:
    from paramsrun.problem.command.objective import CommandObjective

OWN = (PARAMETERS, STDOUT, STDERR)
"""Names in each folder that no file of the user's can have."""


@engines.member("Command")
@dataclass(frozen=True, kw_only=True)
class Command:
    """A program that is run once for each evaluation, in a folder of its own.

    It finds the parameters in parameters.json there, in the environment (PARAMSRUN_LR for the
    parameter lr: capitals, with _ for all but letters and digits), and in the files made from
    Template. Its loss is a number that it prints to standard output or writes into a file. A
    program that ends with an exit code other than 0, is killed, takes too long or gives no finite
    number makes the loss infinite. The run ends if the program, or a file among its arguments,
    changes meanwhile, so that no losses are of two programs; it can be gone on with.
    """

    provides: ClassVar[frozenset[str]] = frozenset()
    takes_choices: ClassVar[bool] = True
    """Whether parameters may be categorical."""

    command: str = key(
        takes="a program and its arguments",
        doc="The program and its arguments, with quotes as in a shell, but no shell runs it. A "
        "program without a slash is looked for on the PATH, one with a slash beside the input "
        "file, as is every argument that begins with ./ or ../; other arguments stay as they are.",
    )
    template: tuple[str, ...] = key(
        (),
        path=True,
        takes="a file",
        doc="A text file to put into the folder under its own name, {{lr}} in it replaced by the "
        "value of the parameter lr, {{lr:.3e}} by that in a format of Python's; \\{{ stays {{.",
    )
    file: tuple[str, ...] = key(
        (), path=True, takes="a file", doc="A file to copy into the folder, under its own name."
    )
    loss_file: str | None = key(
        None,
        takes="a file",
        doc="The file in the folder that holds the loss; left out, it is standard output.",
    )
    loss_key: str | None = key(
        None,
        takes="keys and places joined by dots",
        doc="Where the loss is in JSON, such as metrics.loss: in LossFile, or else in the last "
        "line of standard output.",
    )
    loss_pattern: str | None = key(
        None,
        takes="a regular expression",
        doc="A regular expression whose last match, in LossFile or else in standard output, is the "
        "loss: its first group, if it has one. Without LossKey and LossPattern, the last line "
        "that is not empty is the loss.",
    )
    progress_pattern: str | None = key(
        None,
        takes="a regular expression",
        doc="A regular expression with two groups that finds, in lines that the program prints to "
        "standard output on its way, a step and the loss so far, such as "
        "`epoch (\\d+) loss (\\S+)`. An Optimizer with a Pruner ends programs that fall behind. "
        "With Repeats these are the steps, and the loss so far is the Ensemble of those done.",
    )
    timeout: float | None = key(
        None,
        above=0.0,
        unit="s",
        doc="A program that takes longer is killed, with all that it started.",
    )
    repeats: int = key(
        1,
        at_least=1,
        doc="How often the program is run for one evaluation, each time in a folder of its own "
        "within the evaluation's; PARAMSRUN_REPEAT is 1, 2, ... in its environment. If one run "
        "fails, the evaluation has failed.",
    )
    ensemble: Literal["Mean", "MeanStd"] = key(
        "Mean",
        doc="The loss of several Repeats: their mean, or the mean and the standard deviation "
        "added up.",
    )
    keep_folders: Literal["Failed", "All", "None"] = key(
        "Failed",
        doc="Which folders stay: those of failed evaluations, with all that was printed in "
        "stdout.txt and stderr.txt, all, or none. The reason of a failed evaluation names its "
        "folder.",
    )
    runs_directory: str = key(
        "runs",
        takes="a folder",
        doc="Where the folders are made, relative to the results folder. They are called "
        "001_000012 for the 12th evaluation that optimizer 1 asked for, 000_000000 for the initial "
        "one. That is the order in which they start; in the journal and the results evaluations "
        "are numbered as they end, those of all optimizers together.",
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the keys."""
        try:
            if not shlex.split(self.command):
                yield "Command needs a program"
        except ValueError as error:
            yield f"Command cannot be cut into words: {error} in {self.command}"
        yield from self._wrong_reading()
        names = [PurePath(path).name for path in (*self.template, *self.file)]
        for name in {n: None for n in names if names.count(n) > 1}:
            yield f"{self._key_of(name)} gives {name} a second time: one would replace the other"
        for name in {n: None for n in names if n in (*OWN, self.loss_file)}:
            whose = "the program's own to write" if name == self.loss_file else "made by paramsrun"
            yield f"{self._key_of(name)} cannot be called {name}, which is {whose}"

    def _key_of(self, name: str) -> str:
        return "File" if name in (PurePath(path).name for path in self.file) else "Template"

    def _wrong_reading(self) -> Iterator[str]:
        if self.loss_key is not None and self.loss_pattern is not None:
            yield "LossPattern is given beside LossKey; keep one"
        if self.loss_pattern is not None:
            try:
                _compiled(self.loss_pattern)
            except ValueError as error:
                yield f"LossPattern is no regular expression: {error}"
        yield from self._wrong_progress()
        path = PurePath(self.loss_file or STDOUT)
        if path.is_absolute() or ".." in path.parts:
            yield f"LossFile must be a file in the folder of the evaluation, not {self.loss_file}"
        if self.runs_directory in ("", ".") or ".." in PurePath(self.runs_directory).parts:
            yield (
                "RunsDirectory must be a name in the results folder or a full path, "
                f"not {self.runs_directory}"
            )

    def _wrong_progress(self) -> Iterator[str]:
        if self.progress_pattern is None:
            return
        if self.repeats > 1:
            yield "ProgressPattern is given beside Repeats, which are the steps; keep one"
        try:
            groups = _compiled(self.progress_pattern).groups
        except ValueError as error:
            yield f"ProgressPattern is no regular expression: {error}"
        else:
            if groups != 2:
                yield f"ProgressPattern needs two groups, for the step and the loss, not {groups}"

    def objective(self, around: Surroundings) -> "CommandObjective | None":
        """Return the loss that the program gives; nothing is run for that."""
        from paramsrun.problem.command.assembled import assembled  # most runs have no use for it

        return assembled(self, around)


def _compiled(pattern: str) -> re.Pattern[bytes]:
    """Return a regular expression; ValueError where it is none, or may mean something else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            return re.compile(pattern.encode())
    except FutureWarning as warning:
        raise ValueError(
            f"{warning}: put \\ before [, &, | or ~ that stand for themselves"
        ) from None
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
