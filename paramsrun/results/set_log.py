"""One ``<set>_results`` folder: its running files and its snapshots."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from paramsrun.problem.choices import shown
from paramsrun.results.files import Lines, loss_row
from paramsrun.results.snapshot import Reports, Snapshot, share, write


class Entry(NamedTuple):
    """What is logged of one evaluation: made once, for an optimizer's files and those of all."""

    snapshot: Snapshot
    loss: str
    statistics: str | None
    """None where there is no data set."""


class SetLog:
    """Writes what is logged of one objective, for one optimizer or for all.

    Parameters
    ----------
    folder
        Such as ``optimization/training_set_results``.
    name
        ``training_set`` or ``validation_set``.
    reports
        What a snapshot can say of the parameters and of this set.
    """

    def __init__(self, folder: Path, name: str, reports: Reports) -> None:
        self._folder = folder
        self._reports = reports
        self._losses = Lines(
            folder / "running_loss.txt", f"#evaluation {name}_loss log10({name}_loss) time_seconds"
        )
        self._parameters: Lines | None = None
        self._statistics: Lines | None = None
        self._pending: dict[str, Snapshot] = {}
        self._best_fx = float("inf")

    def entry(self, snapshot: Snapshot, t: float) -> Entry:
        """Return the rows of an evaluation."""
        loss = loss_row(snapshot.n, snapshot.result.fx, t)
        statistics = self._reports.statistics(snapshot)
        if not statistics:
            return Entry(snapshot, loss, None)
        numbers = " ".join(f"{s.mae:.9e} {s.rmse:.9e}" for s in statistics)
        return Entry(snapshot, loss, f"{snapshot.n:06d}  {numbers}")

    def initial(self, snapshot: Snapshot, t: float) -> None:
        """Log the initial evaluation."""
        entry = self.entry(snapshot, t)
        self._losses.add(entry.loss)
        self._statistics_row(entry)
        self.parameters_row(snapshot)
        write(self._folder / "initial", self._reports.files(snapshot))

    def restore(self, best: Snapshot) -> None:
        """Begin with the best of an earlier session."""
        self._best_fx = best.fx
        self._pending["best"] = best

    def log(self, entry: Entry) -> None:
        """Log an evaluation; it is the latest now, and perhaps the best."""
        self._losses.add(entry.loss)
        if entry.statistics is not None:
            self._statistics_row(entry)
        self._pending["latest"] = entry.snapshot
        if entry.snapshot.result.fx < self._best_fx:
            self._best_fx = entry.snapshot.result.fx
            self._pending["best"] = entry.snapshot

    def parameters_row(self, snapshot: Snapshot) -> None:
        """Log the active parameters."""
        if self._parameters is None:
            names = " ".join(self._reports.words)
            path = self._folder / "running_active_parameters.txt"
            self._parameters = Lines(path, f"#evaluation {names}")
        typed = snapshot.typed
        values = " ".join(f"{v:.9e}" if type(v) is float else shown(v) for v in typed)
        self._parameters.add(f"{snapshot.n:06d}  {values}")

    def _statistics_row(self, entry: Entry) -> None:
        """Log the physical MAE and RMSE of each extractor, where the set has entries."""
        if entry.statistics is None:
            return
        if self._statistics is None:
            names = [s.extractor for s in self._reports.statistics(entry.snapshot)]
            columns = " ".join(f"{name}_mae {name}_rmse" for name in names)
            self._statistics = Lines(self._folder / "running_stats.txt", f"#evaluation {columns}")
        self._statistics.add(entry.statistics)

    def keep(self, snapshot: Snapshot, beside: Iterable["SetLog"]) -> None:
        """Write a snapshot into history/, and into that of other logs of the same evaluations."""
        files = self._reports.files(snapshot)
        name = f"history/{snapshot.n:06d}"
        write(self._folder / name, files)
        for log in beside:
            share(log._folder / name, self._folder / name, files)

    def write_pending(self) -> None:
        """Write latest/ and best/ as they stand."""
        for name, snapshot in self._pending.items():
            write(self._folder / name, self._reports.files(snapshot), again=True)
        self._pending.clear()

    def flush(self) -> None:
        """Flush the running files."""
        self._losses.flush()
        if self._parameters is not None:
            self._parameters.flush()
        if self._statistics is not None:
            self._statistics.flush()

    def close(self) -> None:
        """Write what is pending and close the files, whatever fails."""
        with ExitStack() as stack:
            for lines in self._lines():
                stack.callback(lines.close)
            self.write_pending()

    def _lines(self) -> Iterator[Lines]:
        for lines in (self._losses, self._parameters, self._statistics):
            if lines is not None:
                yield lines
