"""The colours of optimizers and runs: told apart by colour-blind readers as far as possible."""

from typing import TypeAlias

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, each 0 to 1."""

# Okabe and Ito, Color Universal Design (2008), without its yellow, which is faint on white.
_HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#222222")
_SHADES = (0.0, -0.42, 0.35, -0.65, 0.52, -0.22)
"""Towards black (below 0) or white (above), one after the other when the hues are used up."""


def colour_of(number: int) -> Colour:
    """Return the colour of an optimizer (from 1), the same in every figure; 42 differ."""
    turn, hue = divmod(number - 1, len(_HUES))
    return shaded(_rgb(_HUES[hue]), _SHADES[turn % len(_SHADES)])


def shaded(colour: Colour, share: float) -> Colour:
    """Return a colour mixed with white, or with black where the share is below 0."""
    towards = 1.0 if share > 0 else 0.0
    red, green, blue = (c + (towards - c) * abs(share) for c in colour)
    return red, green, blue


def legible(colour: Colour) -> Colour:
    """Return a colour dark enough for a thin text on white."""
    red, green, blue = colour
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return shaded(colour, -max(0.0, 1 - 0.42 / max(brightness, 0.01)))


def _rgb(text: str) -> Colour:
    red, green, blue = (int(text[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue
