"""Figures as files. This module needs matplotlib."""

from collections.abc import Callable
from io import BytesIO
from typing import IO, Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

DPI = 200
MANY_COLOURS = 1 << 15
"""Beyond so many, as where a thousand curves shine through each other, colours are rounded before
256 are chosen: that takes time for each of them."""
_SHADES = [round(round(value * 31 / 255) * 255 / 31) for value in range(256)]
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "legend.fontsize": 9,
    "path.simplify": False,  # it joins points over gaps of one
    "pdf.fonttype": 42,
    "svg.hashsalt": "paramsrun",
}


def save(draw: Callable[[], Figure], file: IO[bytes], kind: str, rounds: int = 1) -> None:
    """Write what is drawn as png, svg or pdf; the same figure gives the same bytes.

    rounds is how often the colours of a png are adapted to its pixels: seconds for each, where
    there are many colours.
    """
    # The user's own matplotlibrc is left aside, and comes back at the end.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        drawn = draw()
        if kind == "png":
            _save_png(drawn, file, rounds)
        else:
            undated: dict[str, Any] = {"Date" if kind == "svg" else "CreationDate": None}
            drawn.savefig(file, format=kind, metadata=undated)


def _save_png(drawn: Figure, file: IO[bytes], rounds: int) -> None:
    """Write a figure in 256 colours: no eye misses the others, and the file is a third as large."""
    pixels = BytesIO()
    drawn.savefig(pixels, format="rgba")
    size = drawn.canvas.get_width_height()
    every = Image.frombytes("RGBA", size, pixels.getvalue()).convert("RGB")
    if every.getcolors(MANY_COLOURS) is None:
        every = every.point(_SHADES * 3)
    few = every.quantize(256, Image.Quantize.MAXCOVERAGE, rounds, dither=Image.Dither.NONE)
    few.save(file, "png", optimize=True, dpi=(DPI, DPI))
