"""The axes of a loss figure: what they span, and the numbers at them."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator, ScalarFormatter

from paramsrun.report.curves import Curve

_LOWEST = 1e-200
"""A loss below this is as good as 0, which no logarithmic axis shows."""


def scale(axes: Axes, curves: Sequence[Curve]) -> tuple[int, int]:
    """Let axes span all curves; return the first and last evaluation."""
    finite = [c.fx[np.isfinite(c.fx)] for c in curves]
    low = min((float(fx.min()) for fx in finite if fx.size), default=math.nan)
    high = max((float(fx.max()) for fx in finite if fx.size), default=math.nan)
    scale_losses(axes, low, high)
    return _scale_evaluations(axes, curves)


def _scale_evaluations(axes: Axes, curves: Sequence[Curve]) -> tuple[int, int]:
    first = min((int(c.n[0]) for c in curves if len(c.n)), default=0)
    last = max((int(c.n[-1]) for c in curves if len(c.n)), default=1)
    margin = max(1.0, 0.02 * (last - first))
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.xaxis.set_major_formatter(lambda n, _: f"{n:,.0f}".replace(",", "\N{THIN SPACE}"))
    return first, last


def scale_losses(axes: Axes, low: float, high: float) -> None:
    """Show losses from low to high: on a logarithmic axis where all are above 0."""
    if math.isnan(low):
        axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, ha="center", color="0.35")
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_locator(NullLocator())
    elif low >= _LOWEST:
        axes.set_yscale("log")
        decades = math.log10(high) - math.log10(low)
        margin = 10 ** (0.05 * max(decades, 0.2))
        axes.set_ylim(low / margin, high * margin)
        if decades >= 2:
            axes.yaxis.set_major_locator(LogLocator(numticks=9))
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            _label_short_range(axes, decades)
    else:
        margin = 0.05 * (high - low) or 0.05 * max(abs(high), 1.0)
        axes.set_ylim(low - margin, high + margin)


def _label_short_range(axes: Axes, decades: float) -> None:
    """Write numbers at a logarithmic axis that powers of ten alone would leave empty."""
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    if decades >= 0.7:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(7))
        axes.yaxis.set_minor_locator(NullLocator())
