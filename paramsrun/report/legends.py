"""What lines and icons of a loss figure mean."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paramsrun.report.curves import Losses
from paramsrun.report.lines import Line, looks

GREY = "0.35"
EDGE: dict[str, Any] = {"markeredgecolor": "black", "markeredgewidth": 0.6}
CHECKPOINT: dict[str, Any] = {"color": "black", "linewidth": 0.8}
RESUME: dict[str, Any] = {"color": "black", "linewidth": 1.4, "linestyle": (0, (4, 3))}


class Icon(NamedTuple):
    """The sign at the end of a curve."""

    marker: str
    size: float
    label: str


ICONS = {
    "converged": Icon("*", 11, "converged"),
    "stopped": Icon("X", 7.5, "stopped by a stopper"),
    "asked for": Icon("P", 7.5, "stopped by hand"),
    "failed": Icon("^", 7.5, "failed"),
    "job exit": Icon("s", 5.5, "job exit"),
}


def explain(drawn: Figure, runs: Sequence[Losses], lines: Sequence[Line]) -> None:
    """Write legends: of the icons and upright lines that there are, and of several runs."""
    if len(runs) > 1:
        fit_a_row = sum(len(run.name) for run in runs) <= 80
        _legend(drawn, list(_of_runs(runs)), "outside upper center", 4 if fit_a_row else 1)
    signs = [*_of_icons(lines), *_of_uprights(runs), *_of_bands(lines)]
    if signs:
        _legend(drawn, signs, "outside lower center", len(signs) if len(signs) <= 6 else 4)


def shown(name: str) -> str:
    """Return the name of a folder: no longer than a line, without what no font shows."""
    short = name if len(name) <= 80 else f"{name[:39]}\N{HORIZONTAL ELLIPSIS}{name[-39:]}"
    return "".join(c if c.isprintable() else "?" for c in short)


def _legend(
    drawn: Figure,
    signs: Sequence[Line2D],
    where: Literal["outside upper center", "outside lower center"],
    n_columns: int,
) -> None:
    legend = drawn.legend(
        signs,
        [str(sign.get_label()) for sign in signs],
        loc=where,
        ncols=n_columns,
        frameon=False,
        handletextpad=0.5,
        columnspacing=1.6,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _of_runs(runs: Sequence[Losses]) -> Iterator[Line2D]:
    for run, look in zip(runs, looks(runs), strict=True):
        colour = look.shade(look.hue or (0.2, 0.2, 0.2))
        width = 1.2 + look.extra_width
        yield Line2D([], [], color=colour, linewidth=width, label=shown(run.name))


def _of_icons(lines: Sequence[Line]) -> Iterator[Line2D]:
    there = {line.curve.ending.how for line in lines if line.curve.ending is not None}
    for how, (marker, size, label) in ICONS.items():
        if how in there:
            yield Line2D([], [], ls="", marker=marker, ms=size, color=GREY, label=label, **EDGE)


def _of_uprights(runs: Sequence[Losses]) -> Iterator[Line2D]:
    if any(run.checkpoints for run in runs):
        width = CHECKPOINT["linewidth"]
        yield Line2D([], [], ls="", marker="|", ms=11, mew=width, color="black", label="checkpoint")
    if any(run.resumes for run in runs):
        yield Line2D([], [], **RESUME, label="resumed")


def _of_bands(lines: Sequence[Line]) -> Iterator[Line2D]:
    if any(line.is_band for line in lines):
        label = "lowest so far, of shaded curves"
        yield Line2D([], [], color=GREY, linewidth=1.8, label=label)
