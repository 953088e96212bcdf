"""The loss that a user's program gives."""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import RunError
from paramsrun.problem.command import room
from paramsrun.problem.command.folders import Folders, Inputs
from paramsrun.problem.command.line import REPEAT, CommandLine, variables
from paramsrun.problem.command.names import STDERR, STDOUT
from paramsrun.problem.command.process_group import ProcessGroup
from paramsrun.problem.command.progress import Lines, Progress
from paramsrun.problem.command.reading import NoLoss, Reading, last_line
from paramsrun.problem.command.template import Values, shown
from paramsrun.problem.contract import Failure, Key, SetEvaluation
from paramsrun.problem.parameters import ParameterInterface

INFINITE = float("inf")
Keep: TypeAlias = Literal["Failed", "All", "None"]
Ensemble: TypeAlias = Literal["Mean", "MeanStd"]


@dataclass(frozen=True)
class Running:
    """How a program is run for one evaluation."""

    timeout_s: float | None = None
    """For each run of the program."""
    repeats: int = 1
    ensemble: Ensemble = "Mean"
    keep: Keep = "Failed"
    """Which folders stay."""
    progress: str | None = None
    """A pattern with two groups, the step and the loss so far, in lines that are printed."""


class CommandObjective:
    """Runs a program for each evaluation, in a folder made for it; picklable."""

    def __init__(
        self,
        line: CommandLine,
        parameters: ParameterInterface,
        inputs: Inputs,
        reading: Reading,
        running: Running,
        folders: Folders,
    ) -> None:
        self.line = line
        self.parameters = parameters
        self.inputs = inputs
        self.reading = reading
        self.running = running
        self.folders = folders
        self._groups: list[ProcessGroup] = []

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_groups": []}
        state.pop("_inherited", None)
        return state

    @cached_property
    def _inherited(self) -> dict[bytes, bytes]:
        """The environment of this process, as bytes, which take no time to hand on."""
        return dict(os.environb)

    # What the rest of the program asks of it

    @property
    def command_line(self) -> str:
        """The command line as the input gives it."""
        return self.line.text

    def user_code(self) -> Mapping[str, str]:
        """Return the program and the files in its arguments, each with its path and SHA-256."""
        return self.line.user_code()

    def identity(self) -> bytes:
        """Return what decides the loss, but for the program itself."""
        reading, running = self.reading, self.running
        how = [self.line.text, reading.file, reading.key, reading.pattern]
        ensemble: list[Any] = [running.repeats, running.ensemble if running.repeats > 1 else None]
        ensemble += [running.progress] if running.progress else []
        return json.dumps(["Command", how, ensemble, self.inputs.identity()]).encode()

    def work_in(self, results: Path, stored: Mapping[Path, Path]) -> None:
        """Begin to make folders for a results folder, with the files stored there."""
        self.folders = self.folders.below(results)
        self.inputs = self.inputs.moved(stored)

    def clear_up(self) -> None:
        """Remove what evaluations that were cut short left, if no folder is to stay."""
        self.folders.clear_up(everything=self.running.keep == "None")

    def prepare(self) -> None:
        """Raise CodeChanged where the program changed since the job was loaded."""
        self.line.check_unchanged()

    @property
    def no_squares(self) -> str:
        """Why the loss is no sum of squares."""
        return "the program of Engine Command gives one number"

    def squares(self, result: SetEvaluation) -> Vector:
        """Raise RunError: there are no residuals."""
        raise RunError(f"The optimizer needs a sum of squares: {self.no_squares}")

    @property
    def reports_progress(self) -> bool:
        """Whether evaluations tell their steps."""
        return self.running.progress is not None or self.running.repeats > 1

    # An evaluation

    def evaluate(self, x: Vector, values: Vector, key: Key) -> SetEvaluation:
        """Return the loss; what goes wrong with the program is the reason of an infinite one.

        Raises CodeChanged where the program is not what it was when the job was loaded, and NoRoom
        where the disk takes no more.
        """
        progress = Progress(key.bars)
        try:
            folder = self.folders.make(key)
        except OSError as error:
            room.check(error)
            return self._failed(f"its folder cannot be made: {error}", None, progress)
        stays = self.running.keep == "All" and self.folders.base is not None
        try:
            loss = self._loss(folder, self.parameters.named(x), progress)
            return SetEvaluation(loss, progress=tuple(progress.steps))
        except NoLoss as reason:
            if progress.reason is None:
                room.probe(folder)
                stays = self.running.keep != "None" and self.folders.base is not None
            return self._failed(str(reason), folder if stays else None, progress)
        finally:
            if not stays:
                self.folders.remove(folder)

    def _loss(self, folder: Path, values: Values, progress: Progress) -> float:
        losses: list[float] = []
        for number in range(1, self.running.repeats + 1):
            within = folder if self.running.repeats == 1 else folder / str(number)
            try:
                losses.append(self._run(within, values, number, progress))
            except NoLoss as reason:
                place = "" if within is folder else f"repeat {number}: "
                raise NoLoss(f"{place}{reason}") from None
            if self.running.repeats > 1:
                progress.report(number, _combined(losses, self.running.ensemble))
                if progress.reason is not None and number < self.running.repeats:
                    raise NoLoss(progress.reason)
        return _combined(losses, self.running.ensemble)

    def _run(self, folder: Path, values: Values, number: int, progress: Progress) -> float:
        self.line.check_unchanged()
        self.inputs.put_into(folder, values)
        began = folder.stat().st_mtime
        environment = {**self._inherited, **_environment(values), REPEAT.encode(): b"%d" % number}
        lines = None
        if self.running.progress is not None:
            environment.setdefault(b"PYTHONUNBUFFERED", b"1")  # so that lines come as printed
            lines = Lines(folder / STDOUT, self.running.progress, progress)
        try:
            code = self._in_group(folder, environment, lines)
        except (OSError, ValueError) as error:
            self.line.check_unchanged()
            raise NoLoss(f"it cannot be started: {_said(error)}") from None
        self.line.check_unchanged(began)
        if lines is not None and lines.finish():
            assert progress.reason is not None
            raise NoLoss(progress.reason)
        if code is None:
            raise NoLoss(f"it took longer than {self.running.timeout_s:g} s (Timeout)")
        if code:
            raise NoLoss(_how(code, folder))
        return self.reading.loss(folder)

    def _in_group(
        self, folder: Path, environment: Mapping[bytes, bytes], lines: Lines | None
    ) -> int | None:
        """Run the program in a group that no other thread uses meanwhile."""
        group: ProcessGroup | None = None
        with suppress(IndexError):
            group = self._groups.pop()
        if group is None or not group.is_usable:
            group = ProcessGroup()
        try:
            return group.run(
                self.line.arguments,
                folder,
                environment,
                self.running.timeout_s,
                None if lines is None else lines.look,
            )
        finally:
            self._groups.append(group)

    def _failed(self, reason: str, folder: Path | None, progress: Progress) -> SetEvaluation:
        name = None if folder is None else self.folders.name(folder)
        where = f"Command {self.line.name}" + (f" in {name}" if name else "")
        failures = (Failure(where, reason),)
        return SetEvaluation(
            INFINITE,
            failures=failures,
            progress=tuple(progress.steps),
            pruned=progress.reason is not None,
        )


def _environment(values: Values) -> dict[bytes, bytes]:
    names, _ = variables(values)
    return {v.encode(): os.fsencode(shown(values[name])) for name, v in names.items()}


def _combined(losses: Sequence[float], ensemble: Ensemble) -> float:
    """Return the mean, or the mean and the standard deviation (of the population) added up."""
    if len(losses) == 1:
        return losses[0]
    with np.errstate(all="ignore"):
        loss = float(np.mean(losses) + (np.std(losses) if ensemble == "MeanStd" else 0.0))
    if not isfinite(loss):
        raise NoLoss(f"the {ensemble} of its losses overflows")
    return loss


def _how(code: int, folder: Path) -> str:
    """Return how a program ended that did not end well, and the last that it said of that."""
    try:
        said = last_line(folder / STDERR)
    except OSError:
        said = ""
    if code < 0:
        try:
            name = f" ({signal.Signals(-code).name})"
        except ValueError:
            name = ""
        how = f"it was killed by signal {-code}{name}"
    else:
        how = f"it ended with exit code {code}"
    return f"{how}: {said}" if said else how


def _said(error: OSError | ValueError) -> str:
    is_no_program = isinstance(error, OSError) and error.errno == 8  # ENOEXEC
    if is_no_program:
        return "it is no program; the first line of a script names what runs it, #!/bin/sh"
    return str(error)
