"""Between vectors and the named values that Optuna knows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.optimizers.study.library import library
from paramsrun.problem.choices import shown
from paramsrun.problem.scaling import Scaling
from paramsrun.problem.space import Dimension, Space, Value


class Parameters:
    """The parameters that are optimized, by name and in real units.

    An integer is an int, a categorical parameter has its choice, and a scale that is logarithmic
    is so for Optuna, too.
    """

    def __init__(self, scaling: Scaling) -> None:
        self._scaling = scaling
        space = scaling.space or _unnamed(scaling)
        self.names = [dimension.name for dimension in space]
        self._labels = [labels(dimension.choices) for dimension in space]
        self._space = space
        self.distributions = {d.name: _distribution(d) for d in space}
        """What Optuna calls the range of each."""

    @property
    def is_exact(self) -> bool:
        """Whether optimizers see real units, so that no value is changed on its way."""
        return self._scaling.kind == "none"

    def named(self, x: Vector) -> dict[str, Any]:
        """Return the values of a scaled point (n_params,)."""
        real: list[float] = self._scaling.real(x).tolist()
        rows = zip(self._space, self._labels, real, strict=True)
        return {d.name: _value(d, known, value) for d, known, value in rows}

    def vector(self, named: Mapping[str, Any]) -> Vector:
        """Return the scaled point (n_params,) of values by name."""
        rows = zip(self._space, self._labels, strict=True)
        real = [float(_number(d, known, named[d.name])) for d, known in rows]
        return self._scaling.scaled(np.array(real))

    def fits(self, named: Mapping[str, Any]) -> bool:
        """Return whether these are values of all parameters, within their ranges."""
        return named.keys() == self.distributions.keys() and all(
            self._is_within(d, known, named[d.name])
            for d, known in zip(self._space, self._labels, strict=True)
        )

    @staticmethod
    def _is_within(d: Dimension, known: Sequence[Value], value: Any) -> bool:
        if d.choices:
            return value in known
        if not isinstance(value, int | float) or not d.lower <= value <= d.upper:
            return False
        return d.type == "float" or float(value).is_integer()


def labels(choices: Sequence[Value]) -> tuple[Value, ...]:
    """Return the choices as Optuna has them: texts where it could not tell them apart (1, true)."""
    if len(set(choices)) == len(choices):
        return tuple(choices)
    return tuple(shown(choice) for choice in choices)


def _unnamed(scaling: Scaling) -> Space:
    bounds = scaling.real_bounds.tolist()
    return tuple(Dimension(f"x{i}", *limits) for i, limits in enumerate(bounds, 1))


def _distribution(d: Dimension) -> Any:
    distributions = library().distributions
    if d.choices:
        return distributions.CategoricalDistribution(labels(d.choices))
    is_log = d.scale == "log"
    if d.type == "integer":
        return distributions.IntDistribution(int(d.lower), int(d.upper), log=is_log)
    return distributions.FloatDistribution(d.lower, d.upper, log=is_log)


def _value(d: Dimension, known: Sequence[Value], value: float) -> Any:
    inside = min(max(value, d.lower), d.upper)
    if d.choices:
        return known[int(inside)]
    return int(inside) if d.type == "integer" else inside


def _number(d: Dimension, known: Sequence[Value], value: Any) -> float:
    return known.index(value) if d.choices else value
