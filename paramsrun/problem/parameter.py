"""One parameter of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paramsrun.errors import Place
from paramsrun.problem.choices import place_among
from paramsrun.problem.space import Dimension, Scale, Value
from paramsrun.settings.parameter_types import Type


@dataclass(frozen=True)
class Parameter:
    """One parameter, in its real unit."""

    name: str
    value: Value
    """An int where it is an integer, the choice where it is categorical."""
    range: tuple[float, float]
    """Of the numbers that stand for it in vectors: for choices their first and last position."""
    is_active: bool
    place: Place
    value_at: tuple[Place, Place]
    """Where its value begins and ends in the file."""
    metadata: Mapping[str, Any]
    type: Type = "float"
    scale: Scale = "linear"
    choices: tuple[Value, ...] = ()

    @property
    def number(self) -> float:
        """What stands for its value in vectors."""
        position = place_among(self.choices, self.value)
        return float(self.value) if position is None else float(position)

    @property
    def dimension(self) -> Dimension:
        """The values that it may have."""
        return Dimension(self.name, *self.range, self.type, self.scale, self.choices)
