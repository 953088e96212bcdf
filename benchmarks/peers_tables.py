"""What the figures of peers.py come to: medians, who wins, and texts of the tables."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

SOLVED = 1e-8
"""So near to the minimum it is found, and nearer is no better."""
ALIKE = 0.01
WIN, DRAW, LOSS = "win", "draw", "loss"


def outcome(ours: float, theirs: float) -> str:
    """Return what an error of ours is beside one of theirs: a win, a draw or a loss.

    Both are distances from the minimum. A draw: both found it, or they are within 1 %.
    """
    if max(ours, theirs) < SOLVED or abs(ours - theirs) <= ALIKE * max(ours, theirs):
        return DRAW
    return WIN if ours < theirs else LOSS


def winners(errors: Mapping[str, float]) -> list[str]:
    """Return who has the lowest error, and who draws with it."""
    least = min(errors.values())
    return [name for name, error in errors.items() if outcome(error, least) == DRAW]


def tallies(
    medians: Mapping[tuple[str, int], Mapping[str, float]], ours: str, theirs: str
) -> Counter[str]:
    """Return wins, draws and losses over all cases that both have done."""
    return Counter(
        outcome(row[ours], row[theirs]) for row in medians.values() if ours in row and theirs in row
    )


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median of what was measured; None where nothing was."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def told(value: float | None, digits: int = 1) -> str:
    """Return a figure as a cell of a table."""
    return "-" if value is None else f"{value:.{digits}f}"


def short(error: float) -> str:
    """Return an error as a cell; one that counts as none is 0."""
    return "0" if error < SOLVED else f"{error:.2g}"


def lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose first column is text and whose others are figures."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]
