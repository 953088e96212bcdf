"""What an engine is that gives the loss itself, without jobs and data sets."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from paramsrun.errors import Findings, Place
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.problem import Objective


class Surroundings(NamedTuple):
    """What such an engine may need of the input that names it."""

    parameters: ParameterInterface | None
    """None where they could not be read."""
    folders: tuple[Path, ...]
    """Where the user's code is: beside the input, then where an earlier run had found it."""
    run_code: bool
    """Whether the user's code may be executed, to find now what is wrong with it."""
    findings: Findings
    at: Callable[[str], Place]
    """Where the input gives a key, such as ``Engine%Call``."""
    file: Callable[[str, str], Path | None]
    """Takes a path and the key that gives it; returns where the file is, and lets it be stored with
    the input. None, and a mistake, where there is none."""


@runtime_checkable
class BlackBox(Protocol):
    """The settings of an engine that gives the loss itself (family `engines`)."""

    def objective(self, around: Surroundings) -> Objective | None:
        """Return the loss; None, or an objective and mistakes, where it cannot be had."""


@runtime_checkable
class RunsUserCode(Protocol):
    """An objective that runs what is not stored with a run."""

    @property
    def command_line(self) -> str | None:
        """What it runs, in a line for the log, where that is not its code's name."""

    def user_code(self) -> Mapping[str, str]:
        """Return each piece of code: its name -> path and SHA-256, or nothing for one without."""


@runtime_checkable
class HasFolder(Protocol):
    """An objective that writes files of its own."""

    def work_in(self, results: Path, stored: Mapping[Path, Path]) -> None:
        """Begin to write below a results folder; stored tells where its input files lie now."""

    def clear_up(self) -> None:
        """Remove what need not stay; no evaluation goes on any more, anywhere."""


@runtime_checkable
class ReportsProgress(Protocol):
    """An objective whose evaluations may tell the loss that they have so far."""

    @property
    def reports_progress(self) -> bool:
        """Whether they do."""


@runtime_checkable
class Identified(Protocol):
    """An objective whose engine's keys do not all decide the loss."""

    def identity(self) -> bytes:
        """Return what decides the loss, but for the user's code."""
