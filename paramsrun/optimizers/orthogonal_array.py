"""Search by an orthogonal array and range analysis (Taguchi's method)."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, prod
from typing import ClassVar, NamedTuple

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Ended, Proposer
from paramsrun.optimizers.designs.finite_field import Integers
from paramsrun.optimizers.designs.linear_array import TooManyRows
from paramsrun.optimizers.designs.range_analysis import Effect, effects
from paramsrun.optimizers.designs.strength_two import check_rows, least_rows, orthogonal_array
from paramsrun.optimizers.knowing import knowing
from paramsrun.optimizers.levels import levels
from paramsrun.problem.choices import shown
from paramsrun.problem.space import Dimension, Space
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key

_log = logging.getLogger("paramsrun.optimizers")
_FEWER = "give parameters fewer values"
_TOLD = 8
"""So many of the factors that matter most are named in the reason of the end; the log has all."""


@optimizers.member("OrthogonalArray")
@dataclass(frozen=True, kw_only=True)
class OrthogonalArray:
    """Few combinations of all choices, chosen such that they tell how much each parameter matters.

    It is for categorical parameters, and for integers that stand for choices. The combinations are
    the rows of an orthogonal array of strength two: in any two parameters, each pair of values
    comes equally often. They are one batch. Range analysis then takes, for each parameter, the
    value with the lowest mean loss; the parameters' importance is the range of these means. The
    combination of the best values is evaluated last, unless it was a row; then it has converged.
    Log and end reason tell the importance. A failed point counts as the highest finite loss.

    The initial values are not used. The number of rows is a multiple of the number of pairs that
    any two parameters have: with 2, 3 and 4 values at least 24. Numbers of values with common
    factors, such as 2, 4 and 4, need fewest: 16 for up to five parameters.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"integer", "categorical"})

    integer_levels: int = key(
        4,
        at_least=2,
        doc="Values tried of an integer parameter that has more: evenly spread, both ends among "
        "them.",
    )

    @property
    def random_seed(self) -> None:
        """It draws no random numbers."""

    def within(self, space: Space) -> "OrthogonalArray":
        """Return the same search in parameters that have these values."""
        return knowing(self, "_space", space)

    def objection(self, space: Space) -> str | None:
        """Return why parameters that have these values cannot be searched, or None if they can."""
        try:
            check_rows([len(self._positions(0.0, 1.0, dimension)) for dimension in space])
        except TooManyRows as error:
            return f"{error}: {_FEWER}"
        return None

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer of the rows, and of what is best by them."""
        space: Sequence[Dimension | None] = vars(self).get("_space") or [None] * len(bounds)
        boxes = enumerate(zip(bounds.tolist(), space, strict=True), 1)
        return _Search([self._factor(i, lower, upper, d) for i, ((lower, upper), d) in boxes])

    def _factor(self, i: int, lower: float, upper: float, dimension: Dimension | None) -> "Factor":
        if dimension is None:  # whole numbers stand for choices
            numbers = [float(n) for n in range(ceil(lower), floor(upper) + 1)]
            x = numbers if len(numbers) > 1 else [lower, upper]
            return Factor(f"parameter {i}", x, [f"{value:g}" for value in x])
        x = self._positions(lower, upper, dimension)
        values = [dimension.typed(dimension.at((one - lower) / (upper - lower))) for one in x]
        return Factor(dimension.name, x, [shown(value) for value in values])

    def _positions(self, lower: float, upper: float, dimension: Dimension) -> list[float]:
        """Return the points between bounds that are tried of a parameter."""
        n_values = dimension.n_values or self.integer_levels
        is_integer = dimension.type == "integer"
        return levels(lower, upper, dimension, self.integer_levels if is_integer else n_values)


class Factor(NamedTuple):
    """A parameter and the values of it that are tried."""

    name: str
    x: list[float]
    """In scaled space."""
    labels: list[str]
    """The same for people."""


class _Search:
    """Proposes the rows of an array, then the best combination by them."""

    takes_offers = False

    def __init__(self, factors: Sequence[Factor]) -> None:
        self.ended: Ended | None = None
        self._factors = factors
        self._rows: Integers = np.empty((0, len(factors)), dtype=np.int64)
        self._best: Integers | None = None
        self._ranks = ""
        self._make()

    def ask(self) -> Matrix:
        """Return the rows of the array, or the best combination."""
        return self._points(self._rows if self._best is None else self._best[None])

    def tell(self, x: Matrix, fx: Vector) -> None:
        """Analyse the rows, or end."""
        if self._best is not None:
            self._end(f"that combination has the loss {fx[0]:.6g}")
        elif not np.isfinite(fx).any():
            self.ended = Ended("failed", f"none of the {len(fx)} rows of the array has a loss")
        else:
            self._analyse(fx)

    def inject(self, x: Vector, fx: float) -> None:
        """Do nothing: the points are those of the array."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _make(self) -> None:
        sizes = [len(factor.x) for factor in self._factors]
        least = least_rows(sizes)
        try:
            self._rows = orthogonal_array(sizes)
        except TooManyRows as error:
            self.ended = Ended("failed", f"{error}: {_FEWER}")
            return
        _log.info(
            "Orthogonal array of %d rows; %s; all combinations would be %d",
            len(self._rows),
            "there is none of fewer" if len(self._rows) == least else f"none has less than {least}",
            prod(sizes),
        )

    def _points(self, rows: Integers) -> Matrix:
        columns = [np.array(f.x)[c] for f, c in zip(self._factors, rows.T, strict=True)]
        return np.column_stack(columns)

    def _analyse(self, fx: Vector) -> None:
        found = effects(self._rows, fx)
        self._best = np.zeros(len(found), dtype=np.int64)
        for effect in found:
            self._best[effect.factor] = effect.best
        told = list(self._told(found))
        _log.info(
            "Importance by the orthogonal array (range of the mean losses of a parameter's values):"
            "\n%s",
            "\n".join(told),
        )
        more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        self._ranks = "; ".join(told[:_TOLD]) + more
        same = np.flatnonzero((self._rows == self._best).all(axis=1))
        if same.size:
            self._end(f"that combination is row {same[0] + 1}, of loss {fx[same[0]]:.6g}")

    def _told(self, found: Sequence[Effect]) -> Iterator[str]:
        for effect in found:
            factor = self._factors[effect.factor]
            yield f"{factor.name} {effect.range:.4g}, best {factor.labels[effect.best]}"

    def _end(self, what: str) -> None:
        n = len(self._rows)
        reason = f"range analysis of {n} rows, most important first: {self._ranks}; {what}"
        self.ended = Ended("converged", reason)
