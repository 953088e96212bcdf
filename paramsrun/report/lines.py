"""The curves of runs as they are drawn: thinned, with their colours and widths."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.report.colours import Colour, colour_of, shaded
from paramsrun.report.curves import Counts, Curve, Losses
from paramsrun.report.thinning import thinned


class Line(NamedTuple):
    """A curve as it is drawn."""

    curve: Curve
    n: Counts
    fx: Vector
    hue: Colour
    colour: Colour
    """The hue, paler for all runs but the last."""
    width: float
    order: int
    """Of its run: later ones lie above."""

    @property
    def is_band(self) -> bool:
        """Whether its points are too dense to be told apart."""
        return len(self.n) < len(self.curve.n)

    @property
    def spine(self) -> Vector:
        """What shows the way of a band, its lowest loss so far; of others, all losses."""
        return np.fmin.accumulate(self.fx) if self.is_band else self.fx

    @property
    def end_fx(self) -> float:
        """The height of the icon at its end; nan if there is no finite loss before."""
        if not self.is_band:
            return self.curve.end_fx
        return float(np.fmin.reduce(self.fx, initial=np.nan))


class Look(NamedTuple):
    """How a run looks among those laid over each other: earlier ones are broader and paler."""

    below: int
    """Runs that lie above it."""
    hue: Colour | None
    """Of all its curves; None where each optimizer has its own."""

    @property
    def extra_width(self) -> float:
        """So much broader it is than the last run."""
        return 3.0 * self.below

    def shade(self, colour: Colour) -> Colour:
        """Return a colour as pale as this run is."""
        return shaded(colour, 1 - 0.5 ** min(self.below, 2))


def looks(runs: Sequence[Losses]) -> list[Look]:
    """Return how each run looks; where none has more than one curve, the runs have the colours."""
    own = len(runs) == 1 or any(len(run.curves) > 1 for run in runs)
    return [
        Look(len(runs) - place, None if own else colour_of(place))
        for place in range(1, len(runs) + 1)
    ]


def lines_of(runs: Sequence[Losses], span: tuple[int, int]) -> Iterator[Line]:
    """Yield what is drawn of runs, in order, on a canvas that shows the evaluations of a span."""
    n_curves = max(len(run.curves) for run in runs)
    width = 1.2 if n_curves <= 10 else 0.9 if n_curves <= 20 else 0.7
    for order, (run, look) in enumerate(zip(runs, looks(runs), strict=True)):
        for curve in run.curves:
            hue = look.hue or colour_of(curve.o)
            seen = thinned(curve.n, curve.fx, *span)
            yield Line(curve, *seen, hue, look.shade(hue), width + look.extra_width, order)
