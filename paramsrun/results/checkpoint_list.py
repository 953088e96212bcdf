"""checkpoints.txt: which checkpoints there are, and deleting those that are past."""

from pathlib import Path

from paramsrun.results.files import alone, replace

LIST = "checkpoints.txt"
HEADER = "#evaluation checkpoint"


class CheckpointList:
    """Keeps the list in a folder that several jobs may share; deletes only what it added itself."""

    def __init__(self, folder: Path, keep_past: int) -> None:
        self._folder = folder
        self._keep_past = keep_past
        self._own: list[str] = []

    def add(self, n: int, file: str) -> None:
        """List a checkpoint of n evaluations that was just made, and delete the past ones."""
        self._own.append(file)
        with alone(self._folder):
            past = self._own[: -1 - self._keep_past] if self._keep_past >= 0 else []
            rows = [row for row in self._rows() if row.partition(" ")[2] != file]
            rows.append(f"{n:06d} {file}")
            self._write(rows)  # first: where this fails, nothing is deleted
            gone = [name for name in past if self._deleted(name)]
            self._own = [name for name in self._own if name not in gone]
            if gone:
                self._write([row for row in rows if row.partition(" ")[2] not in gone])

    def _deleted(self, name: str) -> bool:
        """Delete a checkpoint; one that cannot be is tried again next time."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _rows(self) -> list[str]:
        try:
            lines = (self._folder / LIST).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if line.strip() and not line.startswith("#")]

    def _write(self, rows: list[str]) -> None:
        try:
            replace(self._folder / LIST, "\n".join([HEADER, *rows, ""]))
        except OSError:
            (self._folder / f".{LIST}.tmp").unlink(missing_ok=True)
            raise
