"""Draws losses against evaluation numbers. This module and what it imports need matplotlib."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from paramsrun.arrays import Matrix, Vector
from paramsrun.report.colours import legible, shaded
from paramsrun.report.curves import Losses
from paramsrun.report.figure_file import DPI, save
from paramsrun.report.label_places import Box, Canvas, Size, place
from paramsrun.report.legends import CHECKPOINT, EDGE, ICONS, RESUME, explain, shown
from paramsrun.report.lines import Line, lines_of
from paramsrun.report.scales import scale

_SIZE = (8.0, 5.0)
_AT_TOP = 0.97
"""The height of an icon whose optimizer has no finite loss, as a share of the axes."""
_TICKS = 60
"""More checkpoints than these are ticks and not lines, which would cover the curves."""

_CROWD = 120
"""In a figure of more lines than these not all are numbered, but only `_CHOSEN` of them."""
_CHOSEN = 20


def write(runs: Sequence[Losses], file: IO[bytes], kind: str) -> None:
    """Write the loss figure of one run, or of several laid over each other, as png, svg or pdf.

    The same losses give the same bytes.
    """
    save(lambda: figure(runs), file, kind)


def figure(runs: Sequence[Losses]) -> Figure:
    """Return the loss figure of one or several runs."""
    drawn = Figure(figsize=_SIZE, dpi=DPI, layout="constrained")
    axes = drawn.add_subplot()
    span = scale(axes, [curve for run in runs for curve in run.curves])
    uprights = _draw_checkpoints(axes, runs) | _draw_resumes(axes, runs)
    lines = list(lines_of(runs, span))
    shrink = 1.0 if len(lines) <= 20 else 0.8
    for line in lines:
        _draw_line(axes, line)
        _draw_icon(axes, line, shrink)
    axes.set(xlabel="evaluation number", ylabel="loss")
    axes.spines[["top", "right"]].set_visible(False)
    if len(runs) == 1:
        axes.set_title(shown(runs[0].name), parse_math=False)
    explain(drawn, runs, lines)
    drawn.draw_without_rendering()  # lays it out: from here on, points have their pixels
    drawn.set_layout_engine("none")
    _number(drawn, axes, lines, uprights, shrink)
    return drawn


def _draw_checkpoints(axes: Axes, runs: Sequence[Losses]) -> set[int]:
    """Draw a line for each checkpoint; return where full lines are."""
    made = {n for run in runs for n in run.checkpoints}
    are_lines = len(made) <= _TICKS
    _draw_uprights(axes, made, 1.0 if are_lines else 0.03, alpha=0.7, zorder=1, **CHECKPOINT)
    return made if are_lines else set()


def _draw_resumes(axes: Axes, runs: Sequence[Losses]) -> set[int]:
    """Draw a line where each session but the first began; return where."""
    made = {n for run in runs for n in run.resumes}
    _draw_uprights(axes, made, 1.0, zorder=1.5, **RESUME)
    return made


def _draw_uprights(axes: Axes, at: Iterable[int], top: float, **style: Any) -> None:
    axes.vlines(sorted(at), 0, top, transform=axes.get_xaxis_transform(), **style)


def _draw_line(axes: Axes, line: Line) -> None:
    round_: dict[str, Any] = {"solid_joinstyle": "round", "solid_capstyle": "round"}
    style: dict[str, Any] = {"color": line.colour, "zorder": 2 + line.order}
    if line.is_band:
        dark = style | {"color": shaded(line.colour, -0.2), "linewidth": line.width + 0.6}
        axes.plot(line.n, line.spine, **dark, **round_)
        style |= {"alpha": 0.3, "zorder": 1.5 + line.order}
    axes.plot(line.n, line.fx, linewidth=line.width, **style, **round_)
    alone = _alone(line.fx)
    axes.plot(line.n[alone], line.fx[alone], ".", ms=1.6 + line.width, **style)


def _alone(fx: Vector) -> NDArray[np.bool_]:
    """Return which points lie between gaps, so that no line shows them."""
    padded = np.isnan(np.concatenate([[np.nan], fx, [np.nan]]))
    alone: NDArray[np.bool_] = padded[:-2] & ~padded[1:-1] & padded[2:]
    return alone


def _draw_icon(axes: Axes, line: Line, shrink: float) -> None:
    """Draw how an optimizer ended, where it did."""
    ending = line.curve.ending
    if ending is None:
        return
    icon = ICONS[ending.how]
    is_barren = bool(np.isnan(line.end_fx))
    axes.plot(
        ending.n,
        _AT_TOP if is_barren else line.end_fx,
        icon.marker,
        ms=icon.size * shrink,
        color=line.colour,
        zorder=10 + line.order,
        clip_on=False,
        transform=axes.get_xaxis_transform() if is_barren else axes.transData,
        **EDGE,
    )


def _number(
    drawn: Figure, axes: Axes, lines: Sequence[Line], uprights: Collection[int], shrink: float
) -> None:
    """Write the number of each optimizer at its curve."""
    pixel = drawn.dpi / 72 * shrink
    paths = [_path(axes, line) for line in lines]
    icons = [_icon_size(line) * pixel for line in lines]
    canvas = Canvas(axes.bbox.width, axes.bbox.height)
    for path in (*_paths_of(axes, uprights), *paths):
        canvas.draw(path)
    for path, icon in zip(paths, icons, strict=True):
        if icon:
            x, y = path[-1].tolist()
            canvas.take(Box(x, y, icon, icon))
    for k in _numbered(lines, paths):
        text = str(lines[k].curve.o)
        size = Size((6.4 * len(text) + 1) * pixel, 9 * pixel)
        _write(
            axes, lines[k], text, place(canvas, paths[k], size, 3 * pixel, icons[k]), 10 * shrink
        )


def _numbered(lines: Sequence[Line], paths: Sequence[Matrix]) -> Iterator[int]:
    """Yield the lines that get a number: of several runs that share a beginning, the last.

    Among too many lines for that, only those of the lowest losses do.
    """
    done: set[tuple[int, ...]] = set()
    ranked = sorted(range(len(lines)), key=lambda k: np.fmin.reduce(lines[k].fx, initial=np.inf))
    chosen = ranked if len(lines) <= _CROWD else ranked[:_CHOSEN]
    for k in sorted(chosen, reverse=True):
        begin = (lines[k].curve.o, *lines[k].curve.n[:1].tolist())
        if begin not in done and np.isfinite(paths[k]).all(axis=1).any():
            done.add(begin)
            yield k


def _write(axes: Axes, line: Line, text: str, box: Box, size: float) -> None:
    axes.text(
        box.x / axes.bbox.width,
        box.y / axes.bbox.height,
        text,
        transform=axes.transAxes,
        size=size,
        weight="bold",
        color=legible(line.hue),
        ha="center",
        va="center_baseline",
        zorder=20,
        path_effects=[withStroke(linewidth=2.2, foreground="white")],
    )


def _icon_size(line: Line) -> float:
    """Return the size of the icon at the end of a curve; 0 if there is none."""
    return 0.0 if line.curve.ending is None else ICONS[line.curve.ending.how].size


def _path(axes: Axes, line: Line) -> Matrix:
    """Return the points of a curve, and its icon at last, in pixels from the axes' corner."""
    points = axes.transData.transform(np.column_stack([line.n, line.spine]))
    if line.curve.ending is not None:
        x = axes.transData.transform((line.curve.ending.n, 1.0))[0]
        y = axes.transData.transform((1.0, line.end_fx))[1]
        if np.isnan(y):
            y = axes.bbox.y0 + _AT_TOP * axes.bbox.height
        points = np.concatenate([points, [[np.nan, np.nan], [x, y]]])
    return np.asarray(points - (axes.bbox.x0, axes.bbox.y0), dtype=np.float64)


def _paths_of(axes: Axes, uprights: Collection[int]) -> Iterator[Matrix]:
    for n in uprights:
        x = axes.transData.transform((n, 1.0))[0] - axes.bbox.x0
        yield np.array([[x, 0.0], [x, axes.bbox.height]])
