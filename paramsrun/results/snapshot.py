"""The folders initial/, latest/, best/ and history/: all there is to say of one evaluation."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from paramsrun.arrays import Vector
from paramsrun.problem.choices import shown
from paramsrun.problem.contract import SetEvaluation
from paramsrun.problem.objective import DataSetObjective
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.problem import Objective
from paramsrun.problem.reporting import Report, Row, Statistics
from paramsrun.problem.scaling import Scaling
from paramsrun.problem.space import Value
from paramsrun.results.files import replace, write_new

Files: TypeAlias = tuple[tuple[str, str], ...]
"""Names below a folder and what stands in the files."""


class Snapshot(NamedTuple):
    """One evaluation of one objective."""

    n: int
    """Its number in the run."""
    x: Vector
    """(n_active,) active parameters, as the optimizer sees them."""
    scaling: Scaling
    """That of the optimizer."""
    result: SetEvaluation

    @property
    def fx(self) -> float:
        """The loss of the objective."""
        return self.result.fx

    @property
    def values(self) -> Vector:
        """(n_active,) active parameters in real units."""
        return self.scaling.recorded(self.x)

    @property
    def typed(self) -> list[Value]:
        """The active parameters as people have them."""
        return self.scaling.typed(self.x)


class Reports:
    """What can be said of the parameters and of one objective."""

    def __init__(self, parameters: ParameterInterface, objective: Objective) -> None:
        self.words = [
            shown(name) if len(name.split()) > 1 else name for name in parameters.active_names
        ]
        """The names of the active parameters; those with blanks stand in quotes."""
        self._parameters = parameters
        self._report = Report(objective) if isinstance(objective, DataSetObjective) else None

    def statistics(self, snapshot: Snapshot) -> tuple[Statistics, ...]:
        """Return the errors by extractor; none where there is no data set."""
        return self._report.statistics(snapshot.result) if self._report else ()

    def files(self, snapshot: Snapshot) -> Files:
        """Return the files of a snapshot's folder."""
        return tuple(self._files(snapshot))

    def _files(self, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
        x = snapshot.values
        values = zip(self.words, snapshot.typed, strict=True)
        yield "active_parameters.txt", "".join(f"{word} {shown(v)}\n" for word, v in values)
        yield "evaluation.txt", f"{snapshot.n}\n"
        yield "loss.txt", f"{float(snapshot.fx)!r}\n"
        yield "parameter_interface.yaml", self._parameters.text(x)
        if self._report is not None:
            yield "data_set_predictions.yaml", self._report.predictions_yaml(snapshot.result)
            yield "stats.txt", _table(self.statistics(snapshot))
            for extractor, rows in self._report.scatter(snapshot.result).items():
                yield f"scatter_plots/{extractor}.txt", _scatter(rows)


def write(folder: Path, files: Files, again: bool = False) -> None:
    """Write a snapshot's folder; where it may stand already, replace it file by file."""
    put = replace if again else write_new
    _make_folders(folder, files)
    for name, text in files:
        put(folder / name, text)


def _make_folders(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for below in {name.rpartition("/")[0] for name, _ in files} - {""}:
        (folder / below).mkdir(exist_ok=True)


def share(folder: Path, source: Path, files: Files) -> None:
    """Write a folder that has the same files as another, which may be the very same on disk."""
    try:
        _make_folders(folder, files)
        for name, _ in files:
            os.link(source / name, folder / name)
    except OSError:  # a file system without hard links
        write(folder, files, again=True)


def _table(statistics: Iterable[Statistics]) -> str:
    rows = [f"{s.extractor} {s.n} {s.mae!r} {s.rmse!r} {s.unit}\n" for s in statistics]
    return "".join(["#extractor n mae rmse unit\n", *rows])


def _scatter(rows: Iterable[Row]) -> str:
    lines = [
        f"{r.reference!r} {r.prediction!r} {r.difference!r} {r.contribution!r} "
        f"{r.expression}[{r.element}]\n"
        for r in rows
    ]
    return "".join(["#reference prediction difference loss_contribution entry[element]\n", *lines])
