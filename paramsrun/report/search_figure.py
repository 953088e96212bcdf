"""Draws a search: its losses, what matters to them, and all trials in parallel coordinates.

This module and what it imports need matplotlib.
"""

from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.report.colours import Colour, colour_of
from paramsrun.report.curves import HIGHEST, Counts
from paramsrun.report.figure_file import DPI, save
from paramsrun.report.legends import shown
from paramsrun.report.scales import scale_losses
from paramsrun.report.search import Search
from paramsrun.report.search_axes import Axis, axis_of
from paramsrun.report.search_importance import Importance, importance
from paramsrun.report.thinning import thinned

_MOST = 14
"""Of more parameters, those are shown that matter most."""
_LINES = 600
"""Of more trials, these many lines are drawn: half of them the best, the others evenly chosen."""
_RUNS = 7
"""More runs than these are not told apart."""
_GREY = "0.6"
_LETTERS = 9.0
"""So many letters of a name take an inch."""
_HALO = [withStroke(linewidth=2.2, foreground="white")]


def write(search: Search, file: IO[bytes], kind: str) -> None:
    """Write the figure of a search as png, svg or pdf; the same trials give the same bytes."""
    save(lambda: figure(search), file, kind, rounds=0)


def figure(search: Search) -> Figure:
    """Return the figure of a search."""
    found = importance(search)
    chosen = _chosen(search, found)
    width = max(9.0, 1.0 + 0.95 * len(chosen))
    layout = ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.06)
    drawn = Figure(figsize=(width, 8.4), dpi=DPI, layout=layout)
    grid = drawn.add_gridspec(2, 2, width_ratios=(1.5, 1.0), height_ratios=(1.0, 1.15))
    drawn.suptitle(_title(search), fontsize=12, parse_math=False)
    losses = drawn.add_subplot(grid[0, 0])
    _draw_losses(losses, search)
    _draw_importance(drawn.add_subplot(grid[0, 1]), search, chosen, found)
    _draw_trials(drawn, drawn.add_subplot(grid[1, :]), search, sorted(chosen))
    _explain(drawn, losses)
    return drawn


def _title(search: Search) -> str:
    if len(search.runs) == 1:
        return shown(search.runs[0])
    return f"{len(search.runs)} runs, {len(search.fx)} trials together"


def _chosen(search: Search, found: Importance | None) -> list[int]:
    """Return the parameters to show, the most important first."""
    weights = np.zeros(len(search.space)) if found is None else found.values
    order: list[int] = np.argsort(-weights, kind="stable").tolist()
    return order[:_MOST]


def _finite(fx: Vector) -> Vector:
    """Return losses with nan for those that no axis could hold."""
    return np.where(np.abs(fx) <= HIGHEST, fx, np.nan)


# Losses


def _draw_losses(axes: Axes, search: Search) -> None:
    """Draw the loss of each trial and the best so far."""
    fx = _finite(search.fx)
    n = np.arange(1, len(fx) + 1)
    known = fx[np.isfinite(fx)]
    low, high = (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)
    scale_losses(axes, low, high)
    margin = max(0.5, 0.02 * len(fx))
    axes.set_xlim(1 - margin, len(fx) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    for k, colour in _colours(search):
        of_run = n[search.run == k]
        at, seen = thinned(of_run, fx[of_run - 1], 1, len(fx))
        label = shown(search.runs[k])[:40] if 1 < len(search.runs) <= _RUNS else None
        dots: dict[str, Any] = {"ms": 3.2, "mew": 0, "alpha": 0.75, "zorder": 2}
        axes.plot(at, seen, "o", color=colour, label=label, **dots)
    if known.size:
        _draw_best(axes, n, fx)
    _draw_failed(axes, n[np.isnan(fx)])
    axes.set(xlabel="trial", ylabel="loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(_best_told(fx), fontsize=10, loc="left", parse_math=False)


def _draw_best(axes: Axes, n: Counts, fx: Vector) -> None:
    steps: dict[str, Any] = {"drawstyle": "steps-post", "lw": 1.5, "zorder": 3}
    axes.plot(n, np.fmin.accumulate(fx), color="black", label="best", **steps)
    where = int(np.nanargmin(fx))
    star: dict[str, Any] = {"ms": 13, "mec": "black", "mew": 0.7, "zorder": 4}
    axes.plot(n[where], fx[where], "*", color="#e69f00", clip_on=False, **star)


def _draw_failed(axes: Axes, failed: Counts) -> None:
    """Mark failed trials at the top."""
    if failed.size:
        style: dict[str, Any] = {"color": "0.35", "ms": 4, "label": "failed or pruned"}
        top = np.full(len(failed), 0.97)
        axes.plot(failed, top, "x", transform=axes.get_xaxis_transform(), **style)


def _best_told(fx: Vector) -> str:
    if np.isnan(fx).all():
        return "Best so far"
    return f"Best so far: {np.nanmin(fx):.5g}, trial {int(np.nanargmin(fx)) + 1} of {len(fx)}"


def _colours(search: Search) -> list[tuple[int, Colour]]:
    n = len(search.runs)
    return [(k, colour_of(k + 1 if 1 < n <= _RUNS else 1)) for k in range(n)]


def _explain(drawn: Figure, axes: Axes) -> None:
    """Write a legend of what has a label."""
    signs, labels = axes.get_legend_handles_labels()
    if signs:
        n_columns = len(signs) if sum(map(len, labels)) <= 80 else 2
        how: dict[str, Any] = {"handletextpad": 0.4, "markerscale": 1.6, "frameon": False}
        legend = drawn.legend(signs, labels, loc="outside lower center", ncols=n_columns, **how)
        for text in legend.get_texts():
            text.set_parse_math(False)


# Importance


def _draw_importance(
    axes: Axes, search: Search, chosen: Sequence[int], found: Importance | None
) -> None:
    """Draw how much each of the chosen parameters matters, the most important on top."""
    axes.set_title("Importance", fontsize=10, loc="left")
    if found is None:
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            "the trials do not tell which parameters matter",
            transform=axes.transAxes,
            ha="center",
            color="0.35",
        )
        return
    values = found.values[list(chosen)]
    places = np.arange(len(chosen))
    axes.barh(places, values, height=0.62, color=colour_of(1))
    axes.set_yticks(places, [_short(search.space[i].name) for i in chosen])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(max(len(chosen), 3) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.22 * (float(values.max()) or 1.0))
    for place, value in zip(places, values, strict=True):
        text = f" {value:.0%}" if found.are_shares else f" {value:.3g}"
        axes.text(float(value), float(place), text, va="center", ha="left", size=8)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    if found.are_shares:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, 0))
    axes.set_xlabel(found.what.replace("; ", ";\n"), fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    text = shown(name)
    return text if len(text) <= 22 else f"{text[:21]}\N{HORIZONTAL ELLIPSIS}"


# Trials


def _draw_trials(drawn: Figure, axes: Axes, search: Search, chosen: Sequence[int]) -> None:
    """Draw each trial as a line through its values, coloured by its loss."""
    columns = [axis_of(search.space[i], search.x[:, i]) for i in chosen]
    fx = _finite(search.fx)
    at = np.column_stack([axis.at for axis in columns])
    if len(columns) == 1:  # a line needs two ends
        at = np.column_stack([at, at])
    places = np.arange(at.shape[1], dtype=np.float64)
    order = _order(fx)
    points = np.stack([np.broadcast_to(places, at.shape), at], axis=-1)[order]
    failed = np.isnan(fx[order])
    lines: dict[str, Any] = {"linewidths": 0.8, "capstyle": "round"}
    dotted: dict[str, Any] = {"colors": _GREY, "linestyles": "dotted", "zorder": 1}
    axes.add_collection(LineCollection(list(points[failed]), **dotted, **lines))
    if not failed.all():
        _draw_coloured(drawn, axes, points[~failed], fx[order][~failed], lines)
    _draw_axes(axes, columns, drawn.get_figwidth())
    left_out = len(search.space) - len(chosen)
    title = f"The {len(chosen)} most important parameters of {len(search.space)}"
    axes.set_title(title if left_out else "Trials", fontsize=10, loc="left")


def _order(fx: Vector) -> NDArray[np.int64]:
    """Return the trials to draw, the best last: failed ones are the lowest layer."""
    order = np.argsort(np.where(np.isnan(fx), np.inf, fx), kind="stable")
    if len(order) > _LINES:
        best, others = np.split(order, [_LINES // 2])
        even = np.linspace(0, len(others) - 1, _LINES - len(best)).astype(np.int64)
        order = np.concatenate([best, others[even]])
    return order[::-1]


def _draw_coloured(
    drawn: Figure, axes: Axes, points: NDArray[np.float64], fx: Vector, lines: dict[str, Any]
) -> None:
    norm, beyond = _norm(fx)
    alpha = 0.85 if len(fx) <= 100 else 0.6
    coloured = LineCollection(list(points), cmap=_map(), norm=norm, alpha=alpha, zorder=2, **lines)
    coloured.set_array(fx)
    axes.add_collection(coloured)
    best: dict[str, Any] = {"color": "black", "path_effects": _HALO, "zorder": 3}
    axes.plot(*points[-1].T, lw=2.0, **best)
    bar = drawn.colorbar(coloured, ax=axes, pad=0.015, extend="max" if beyond else "neither")
    bar.set_label("loss")
    if isinstance(norm, LogNorm):
        bar.set_ticks(LogLocator(subs=(1.0, 2.0, 5.0), numticks=30))
        bar.minorticks_off()
        bar.formatter = FuncFormatter(lambda value, _: f"{value:g}")
    bar.solids.set_alpha(1.0)  # type: ignore[union-attr]


def _map() -> Colormap:
    """Return colours from dark, the best, to pale ones that are still seen on white."""
    return ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.93, 64)))


def _norm(fx: Vector) -> tuple[Normalize, bool]:
    """Return how colours follow losses, and whether some lie beyond: the worst twentieth may."""
    low, high = float(fx.min()), float(np.quantile(fx, 0.95))
    high = high if high > low else float(fx.max())
    if not high > low:
        return Normalize(low - 0.5, low + 0.5), False
    is_wide = low > 0 and high / low >= 20.0
    return (LogNorm if is_wide else Normalize)(low, high), high < float(fx.max())


def _draw_axes(axes: Axes, columns: Sequence[Axis], width: float) -> None:
    """Draw the upright axes with their ticks and names."""
    n = len(columns)
    last = max(n - 1, 1)
    axes.set(xlim=(-0.12, last + 0.5), ylim=(-0.02, 1.02))
    axes.vlines(range(n), 0.0, 1.0, color="0.2", lw=1.0, zorder=4)
    for place, (_, _, ticks) in enumerate(columns):
        for height, text in ticks:
            axes.plot([place, place + 0.03], [height, height], color="0.2", lw=1.0, zorder=4)
            style: dict[str, Any] = {"size": 8, "zorder": 5, "path_effects": _HALO}
            axes.text(place + 0.05, height, text, va="center", parse_math=False, **style)
    names = [_short(axis.name) for axis in columns]
    is_long = max(map(len, names)) > _LETTERS * width / n
    for place, name in enumerate(names):  # every second one lower where they would meet
        names[place] = f"\n{name}" if is_long and place % 2 else name
    axes.set_xticks(range(n), names, parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_visible(False)
    axes.spines[:].set_visible(False)
