"""What the input of a job says, and ways to change it from Python."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from paramsrun.attributes import InputBlock, empty, from_tree, text_of
from paramsrun.errors import Findings
from paramsrun.input import Block, Source, parse
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.paths import moved
from paramsrun.settings.read_job import read_tree
from paramsrun.settings.secrets import masked_text

FilePath: TypeAlias = str | os.PathLike[str]


class Settings:
    """The settings of a job; ``input`` is what its input file says."""

    __slots__ = ("_input",)

    def __init__(self) -> None:
        self._input = empty()

    @property
    def input(self) -> InputBlock:
        """The input; takes a dict, too."""
        return self._input

    @input.setter
    def input(self, given: InputBlock | Mapping[str, Any]) -> None:
        if not isinstance(given, (InputBlock, Mapping)):
            kind = type(given).__name__
            raise TypeError(
                f"an input is a block or a dict (a job takes a text, too), not a {kind}"
            )
        fresh = empty()
        entries = given.as_dict() if isinstance(given, InputBlock) else given
        for name, value in entries.items():
            fresh[name] = value
        self._input = fresh


class JobInput:
    """An input, with shorthands for what is changed most."""

    __slots__ = ("folder", "settings")

    def __init__(self) -> None:
        self.settings = Settings()
        """``settings.input`` holds the blocks and keys, see `InputBlock`."""
        self.folder = Path.cwd()
        """Where files that the input names are looked for, and the user's code first."""

    def take(self, source: Source, folder: Path) -> None:
        """Take what a text says, its paths made absolute; InputError with every mistake in it."""
        self.settings.input = _input(source, folder)
        self.folder = folder

    def get_input(self) -> str:
        """Return the text of its input, which an input file may hold.

        What is left out has its defaults, and their files are looked for beside the input. A
        password in a URL is shown as ``***``.
        """
        return masked_text(self._text)

    @property
    def _text(self) -> str:
        """The text of its input, with all that is in it."""
        return text_of(self.settings.input)

    @property
    def resume_checkpoint(self) -> str | None:
        """What it goes on from: a checkpoint, or the results folder of a run that was cut short.

        A path that is set, here or below, becomes absolute if it exists as seen from the current
        folder; otherwise it is relative to `folder`.
        """
        return self._path("ResumeCheckpoint")

    @resume_checkpoint.setter
    def resume_checkpoint(self, path: FilePath | None) -> None:
        self._set_path("ResumeCheckpoint", path)

    @property
    def parameter_interface(self) -> str | None:
        """The file of the parameters; None means parameter_interface.yaml in `folder`."""
        return self._path("ParameterInterface")

    @parameter_interface.setter
    def parameter_interface(self, path: FilePath | None) -> None:
        self._set_path("ParameterInterface", path)

    @property
    def job_collection(self) -> str | None:
        """The file of the calculations; None means job_collection.yaml in `folder`."""
        return self._path("JobCollection")

    @job_collection.setter
    def job_collection(self, path: FilePath | None) -> None:
        self._set_path("JobCollection", path)

    @property
    def engine_collection(self) -> str | None:
        """The file of reference engines; None means job_collection_engines.yaml in `folder`."""
        return self._path("EngineCollection")

    @engine_collection.setter
    def engine_collection(self, path: FilePath | None) -> None:
        self._set_path("EngineCollection", path)

    @property
    def training_set(self) -> InputBlock:
        """The first DataSet block; takes a path or a dict, too. TypeError for what is neither."""
        return self._data_set(0)

    @training_set.setter
    def training_set(self, given: FilePath | Mapping[str, Any]) -> None:
        self._set_data_set(0, given)

    @property
    def validation_set(self) -> InputBlock:
        """The second DataSet block; takes a path or a dict, too. TypeError for what is neither."""
        return self._data_set(1)

    @validation_set.setter
    def validation_set(self, given: FilePath | Mapping[str, Any]) -> None:
        self._set_data_set(1, given)

    def add_exit_condition(self, type: str, value: Any) -> None:
        """Add an ExitCondition block: its Type, and its value or a dict of its keys.

        Raises ValueError, here and below, for a type that is none or a value that it cannot take,
        AttributeError for an unknown key.
        """
        self._add("ExitCondition", type, value)

    def add_stopper(self, type: str, value: Any) -> None:
        """Add a Stopper block: its Type, and its value or a dict of its keys."""
        self._add("Stopper", type, value)

    def add_optimizer(self, type: str, value: Mapping[str, Any] | None = None) -> None:
        """Add an Optimizer block: its Type, and a dict of its keys."""
        self._add("Optimizer", type, value)

    def _path(self, name: str) -> str | None:
        path: str | None = self.settings.input[name]
        return path

    def _set_path(self, name: str, path: FilePath | None) -> None:
        self.settings.input[name] = None if path is None else _if_there(path)

    def _data_set(self, k: int) -> InputBlock:
        block: InputBlock = self.settings.input.DataSet.looked_at(k)
        return block

    def _set_data_set(self, k: int, given: FilePath | Mapping[str, Any]) -> None:
        if isinstance(given, str | os.PathLike):
            self._data_set(k).Path = _if_there(given)
        elif isinstance(given, Mapping | InputBlock):
            self._data_set(k)
            self.settings.input.DataSet[k] = given
        else:
            raise TypeError(f"a data set is a path or a dict, not {type(given).__name__}")

    def _add(self, block: str, type: str, value: Any) -> None:
        given = {"Type": type} if value is None else {"Type": type, type: value}
        self.settings.input[block].append(given)


def _input(source: Source, folder: Path) -> InputBlock:
    """Return what an input text gives, its paths absolute; InputError with all mistakes."""
    findings = Findings()
    tree = parse(source, scope_of(JobSettings), findings)
    if tree.get("ResumeCheckpoint") is None:
        read_tree(tree, findings)
    given = from_tree(_absolute(tree, folder), Findings() if findings.mistakes else findings)
    findings.check()
    return given


def _absolute(tree: Block, folder: Path) -> Block:
    return moved(tree, JobSettings, lambda path: str(folder / path))


def _if_there(path: FilePath) -> str:
    """Return a path as absolute if there is such a file."""
    there = Path(path).absolute()
    return str(there) if there.exists() else os.fspath(path)
