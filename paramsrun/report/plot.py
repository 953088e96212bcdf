"""What `paramsrun plot` does: results folders in, a figure out."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, TypeAlias

from paramsrun.errors import UsageError
from paramsrun.report.curves import Losses, read
from paramsrun.report.search import read as read_search
from paramsrun.results.folder import name_of

KINDS = ("png", "svg", "pdf")
_Draw: TypeAlias = Callable[[Sequence[Losses], IO[bytes], str], None]


def plot(
    folders: Sequence[Path], optimizers: Collection[int] = (), output: Path | None = None
) -> Path:
    """Draw the losses of one run, or of several over each other; return the file written.

    Parameters
    ----------
    folders
        Results folders of running or ended jobs.
    optimizers
        Numbers of those to draw; none means all.
    output
        The figure, of the kind that its ending names; a file there is replaced. The default is a
        png named after the folders, in the current folder.

    Raises
    ------
    UsageError
        Where matplotlib is missing, a folder is no results folder, there is no such optimizer or
        no evaluation, or the file cannot be written.
    """
    kind = "png" if output is None else _kind(output)
    draw: _Draw = _drawing("loss_figure")
    whole = [read(folder) for folder in folders]
    _check_known(folders, whole, optimizers)
    runs = [run.of(optimizers) for run in whole]
    if not any(len(curve.n) for run in runs for curve in run.curves):
        raise UsageError(_nothing_in(folders, optimizers))
    figure = BytesIO()
    draw(_told_apart(folders, runs), figure, kind)
    return _written(figure.getvalue(), output or Path(f"{_stem(folders)}.png"))


def plot_search(
    folders: Sequence[Path], optimizers: Collection[int] = (), output: Path | None = None
) -> Path:
    """Draw the search of one run, or of several that share it; return the file written.

    It shows the best so far, how much each parameter matters, and every trial. Parameters, the
    default file but for ``_search``, and errors are those of `plot`; UsageError is raised also
    where the runs have other parameters.
    """
    kind = "png" if output is None else _kind(output)
    write = _drawing("search_figure")
    search = read_search(folders, optimizers)
    figure = BytesIO()
    write(search, figure, kind)
    return _written(figure.getvalue(), output or Path(f"{_stem(folders)}_search.png"))


def _stem(folders: Sequence[Path]) -> str:
    """Return the names of runs as a part of one that is no longer than a file's may be."""
    names = [name_of(folder).removesuffix(".results") for folder in folders]
    stem = "_".join(names)
    return stem if len(stem) <= 100 else f"{names[0]}_and_{len(names) - 1}_more"


def _written(figure: bytes, output: Path) -> Path:
    """Write a figure whole, in place of what has its name."""
    fresh = output.with_name(f".{output.name}.tmp")
    try:
        fresh.unlink(missing_ok=True)  # were it a link, it would lead elsewhere
        fresh.write_bytes(figure)
        os.replace(fresh, output)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from None
    return output


def _kind(output: Path) -> str:
    kind = output.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise UsageError(
            f"{output}: a figure is a file that ends in {', '.join(f'.{k}' for k in KINDS[:-1])} "
            f"or .{KINDS[-1]}"
        )
    return kind


def _drawing(module: str) -> Any:
    """Return what draws, which is loaded here and now."""
    try:
        drawing = import_module(f"paramsrun.report.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise UsageError(
            "paramsrun plot needs matplotlib, which is not installed: pip install 'paramsrun[plot]'"
        ) from None
    return drawing.write


def _check_known(
    folders: Sequence[Path], runs: Sequence[Losses], optimizers: Iterable[int]
) -> None:
    """Raise UsageError where no run has an optimizer that is asked for."""
    known = {curve.o for run in runs for curve in run.curves}
    unknown = [str(o) for o in sorted(set(optimizers) - known)]
    if unknown:
        there = "; ".join(
            f"{folder} has {_ranges([curve.o for curve in run.curves])}"
            for folder, run in zip(folders, runs, strict=True)
        )
        raise UsageError(f"There is no optimizer {' or '.join(unknown)}: {there}")


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers for people: ``1 to 4, 7``."""
    if not numbers:
        return "none"
    breaks = [k for k, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    parts = pairwise([0, *breaks, len(numbers)])
    ends = [(numbers[begin], numbers[end - 1]) for begin, end in parts]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in ends)


def _nothing_in(folders: Sequence[Path], optimizers: Collection[int]) -> str:
    where = " and ".join(map(str, folders))
    if not optimizers:
        return f"There is nothing to draw: {where} has no evaluation yet"
    return f"There is nothing to draw: what is asked for has no evaluation in {where} yet"


def _told_apart(folders: Sequence[Path], runs: Sequence[Losses]) -> list[Losses]:
    """Return the runs, by their paths where their names are the same."""
    if len({run.name for run in runs}) == len(runs):
        return list(runs)
    return [replace(run, name=str(folder)) for folder, run in zip(folders, runs, strict=True)]
