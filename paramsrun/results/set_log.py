"""One ``<set>_results`` folder: its running files and its snapshots."""

from pathlib import Path

from paramsrun.results.files import Lines, loss_row
from paramsrun.results.snapshot import Reports, Snapshot

BETWEEN_S = 1.0
"""best/ and latest/ are written no more often than this, but at the end."""


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
        self._written_t = -BETWEEN_S
        self._best_fx = float("inf")

    def initial(self, snapshot: Snapshot, t: float) -> None:
        """Log the initial evaluation."""
        self._losses.add(loss_row(snapshot.n, snapshot.fx, t))
        self._reports.write(self._folder / "initial", snapshot)

    def log(self, snapshot: Snapshot, t: float) -> None:
        """Log an evaluation; it is the latest now, and perhaps the best."""
        self._losses.add(loss_row(snapshot.n, snapshot.fx, t))
        self._statistics_row(snapshot)
        self._pending["latest"] = snapshot
        if snapshot.fx < self._best_fx:
            self._best_fx = snapshot.fx
            self._pending["best"] = snapshot
        if t - self._written_t >= BETWEEN_S:
            self.write_pending(t)

    def parameters_row(self, snapshot: Snapshot) -> None:
        """Log the active parameters."""
        if self._parameters is None:
            names = " ".join(self._reports.names)
            path = self._folder / "running_active_parameters.txt"
            self._parameters = Lines(path, f"#evaluation {names}")
        values = " ".join(f"{v:.9e}" for v in snapshot.values.tolist())
        self._parameters.add(f"{snapshot.n:06d}  {values}")

    def _statistics_row(self, snapshot: Snapshot) -> None:
        """Log the physical MAE and RMSE of each extractor, where the set has entries."""
        statistics = self._reports.statistics(snapshot)
        if not statistics:
            return
        if self._statistics is None:
            columns = " ".join(f"{s.extractor}_mae {s.extractor}_rmse" for s in statistics)
            self._statistics = Lines(self._folder / "running_stats.txt", f"#evaluation {columns}")
        numbers = " ".join(f"{s.mae:.9e} {s.rmse:.9e}" for s in statistics)
        self._statistics.add(f"{snapshot.n:06d}  {numbers}")

    def keep(self, snapshot: Snapshot) -> None:
        """Write a snapshot into history/."""
        self._reports.write(self._folder / f"history/{snapshot.n:06d}", snapshot)

    def write_pending(self, t: float) -> None:
        """Write latest/ and best/ as they stand."""
        for name, snapshot in self._pending.items():
            self._reports.write(self._folder / name, snapshot, again=True)
        self._pending.clear()
        self._written_t = t

    def flush(self) -> None:
        """Flush the running files."""
        for lines in (self._losses, self._parameters, self._statistics):
            if lines is not None:
                lines.flush()

    def close(self, t: float) -> None:
        """Write what is pending and close the files."""
        self.write_pending(t)
        for lines in (self._losses, self._parameters, self._statistics):
            if lines is not None:
                lines.close()
