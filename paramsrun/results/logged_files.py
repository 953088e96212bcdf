"""The text files of a results folder, as they stand at the moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import RunError, UsageError, nearest
from paramsrun.results.evaluations import Counts
from paramsrun.results.folder import journal_of, optimizer_folder

SOURCES = ("best", "latest", "initial")
SETS = ("training_set", "validation_set")


class Rows:
    """The rows of a running file; RunError, from any property, where it is damaged."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        header, *rows = (line.split() for line in lines or ["evaluation"])
        self._path, self._names, self._rows = path, header[1:], rows

    @property
    def numbers(self) -> Counts:
        """(k,) the evaluation of each row."""
        with _undamaged(self._path):
            return np.array([int(row[0]) for row in self._rows], dtype=np.int64)

    @property
    def columns(self) -> dict[str, Vector]:
        """(k,) what stands beside the numbers, by the names of the header."""
        with _undamaged(self._path):
            return {
                name: np.array([row[k] for row in self._rows], dtype=np.float64)
                for k, name in enumerate(self._names, 1)
            }


class LoggedFiles:
    """Finds and reads the files of the whole run (optimizer None) or of one optimizer.

    Every method raises UsageError for what is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, file: str, data_set: str, optimizer: int | None) -> Rows:
        """Return the rows of a running file; a last one that is being written is not among them."""
        path = self._set(data_set, optimizer) / file
        with _undamaged(path):
            text = path.read_text() if path.is_file() else ""  # no row was due yet
        return Rows(path, text.split("\n")[:-1])

    def loss(self, source: str, data_set: str, optimizer: int | None) -> float:
        """Return what loss.txt of a snapshot holds; RunError where that is damaged."""
        path = self.snapshot(source, data_set, optimizer, "loss.txt")
        with _undamaged(path):
            return float(path.read_text())

    def snapshot(self, source: str, data_set: str, optimizer: int | None, file: str) -> Path:
        """Return the path of a file of a snapshot, one of `SOURCES`."""
        check_among(source, SOURCES, "source")
        path = self._set(data_set, optimizer) / source / file
        if not path.is_file():
            raise UsageError(f"There is no {path} (yet)")
        return path

    def _set(self, data_set: str, optimizer: int | None) -> Path:
        check_among(data_set, SETS, "data_set")
        folder = self._folder / "optimization"
        if optimizer is not None:
            folder /= optimizer_folder(optimizer)
        found = folder / f"{data_set}_results"
        if not found.is_dir():
            journal_of(self._folder)  # tells it where this is no results folder at all
            raise UsageError(f"There is no {found}: {_why_no(data_set, optimizer)}")
        return found


def _why_no(data_set: str, optimizer: int | None) -> str:
    why = [] if data_set == "training_set" else ["the job has no such data set"]
    if optimizer is not None:
        why.append(f"optimizer {optimizer} did not live in this session")
    return ", or ".join(why) or "it was deleted"


def check_among(given: str, known: tuple[str, ...], what: str) -> None:
    """Raise UsageError unless a name is one of those known."""
    if given not in known:
        raise UsageError(
            f"{what} must be {', '.join(known[:-1])} or {known[-1]}, not {given!r}"
            f"{nearest(str(given), known)}"
        )


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Tell what a file holds that is none of what the program writes there."""
    try:
        yield
    except (ValueError, IndexError, OverflowError) as error:
        raise RunError(f"{path} is damaged: {error!s:.200}") from None
