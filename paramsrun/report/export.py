"""What `paramsrun export` does: every evaluation of a run as one table."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paramsrun.errors import UsageError
from paramsrun.problem.choices import shown
from paramsrun.results.evaluations import HEAD, ROWS, Evaluations, chunks
from paramsrun.results.folder import name_of


def export(folder: Path, kind: str, output: Path | None = None) -> Path:
    """Write every evaluation of a running or ended run; return the file written.

    It is read and written a piece at a time, whatever its length; the file appears when it is
    whole, and one that is there is replaced.

    Parameters
    ----------
    kind
        ``csv``, or ``h5`` for HDF5.
    output
        The default is named after the folder, in the current folder.

    Raises
    ------
    UsageError
        Where h5py is missing, the folder is no results folder, or the file cannot be written.
    RunError
        Where the journal is damaged.
    """
    write = _write_hdf5 if kind == "h5" else _write_csv
    output = output or Path(f"{name_of(folder).removesuffix('.results')}.{kind}")
    if os.path.isdir(output):
        raise UsageError(f"{output} is a folder; name a file")
    fresh = output.with_name(f".{output.name}.tmp")
    try:
        fresh.unlink(missing_ok=True)  # were it a link, it would lead elsewhere
        write(fresh, chunks(folder))
        os.replace(fresh, output)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            fresh.unlink()
    return output


def _write_csv(path: Path, pieces: Iterator[Evaluations]) -> None:
    """Write a header and a line for each evaluation, with exact numbers; nan is left empty."""
    first = next(pieces)
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(first.table())
        _add_rows(rows, first)
        for piece in pieces:
            _add_rows(rows, piece)


def _add_rows(rows: Any, piece: Evaluations) -> None:
    columns = [_shown(column) for column in piece.table().values()]
    rows.writerows(zip(*columns, strict=True))


def _shown(column: Any) -> Any:
    if not isinstance(column, np.ndarray):
        return column
    if column.dtype.kind in "Ob":
        return [shown(value) if isinstance(value, bool) else value for value in column.tolist()]
    values = column.tolist()
    return [None if value != value else value for value in values]


def _write_hdf5(path: Path, pieces: Iterator[Evaluations]) -> None:
    """Write a dataset of each column, all as long; ``parameters`` has an axis for them, too.

    It holds positions where a parameter has choices: these are its attribute ``choices``, in JSON
    by the parameter's name.
    """
    h5py = _h5py()
    first = next(pieces)
    with h5py.File(path, "w") as file:
        columns = {}
        for name, column in _columns(first).items():
            dtype = h5py.string_dtype() if name == "reason" else column.dtype
            rest = column.shape[1:]
            columns[name] = file.create_dataset(
                name, (0, *rest), dtype, maxshape=(None, *rest), chunks=(ROWS, *rest)
            )
        columns["parameters"].attrs["names"] = list(first.names)
        if choices := {d.name: d.choices for d in first.space if d.choices}:
            columns["parameters"].attrs["choices"] = json.dumps(choices, ensure_ascii=False)
        _extend(columns, first)
        for piece in pieces:
            _extend(columns, piece)


def _columns(piece: Evaluations) -> dict[str, NDArray[Any]]:
    table = piece.table()
    return {**{name: np.asarray(table[name]) for name in HEAD}, "parameters": piece.x}


def _extend(columns: Mapping[str, Any], piece: Evaluations) -> None:
    for name, values in _columns(piece).items():
        n = len(columns[name])
        columns[name].resize(n + len(values), axis=0)
        columns[name][n:] = values.astype(object) if name == "reason" else values


def _h5py() -> Any:
    try:
        import h5py
    except ModuleNotFoundError:
        raise UsageError(
            "paramsrun export --hdf5 needs h5py, which is not installed: "
            "pip install 'paramsrun[hdf5]'"
        ) from None
    return h5py
