"""The types of parameters, and which of them an optimizer takes."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import key

Type: TypeAlias = Literal["float", "integer", "categorical"]
TYPES: tuple[Type, ...] = get_args(Type)
FLOATS: frozenset[str] = frozenset({"float"})
ALL_TYPES: frozenset[str] = frozenset(TYPES)
ROUNDING = "RoundIntegers"


def round_integers() -> Any:
    """Declare the key of a continuous optimizer that lets it take integers.

    The field is ``round_integers: bool = round_integers()``.
    """
    return key(
        False,
        doc="Take integer parameters, too: the optimizer moves in a continuous space, in which "
        "each whole number has a cell of its own, and a point stands for the cell it lies in. "
        "A method that takes finite differences sees no slope within a cell.",
    )


def taken(optimizer: object) -> frozenset[str]:
    """Return the types of parameters that an optimizer (its settings) takes."""
    types: frozenset[str] = getattr(optimizer, "takes", FLOATS)
    return types | {"integer"} if getattr(optimizer, "round_integers", False) else types


class Takers(NamedTuple):
    """Names of optimizers that take all of some types of parameters."""

    as_they_are: tuple[str, ...]
    rounding: tuple[str, ...]
    """Those that do so with RoundIntegers Yes only."""

    def __str__(self) -> str:
        parts = [", ".join(self.as_they_are)] if self.as_they_are else []
        if self.rounding:
            parts.append(f"with {ROUNDING} Yes {', '.join(self.rounding)}")
        return "; ".join(parts) or "none"


def takers(types: Iterable[str]) -> Takers:
    """Return the optimizers that take all these types."""
    wanted, as_they_are, rounding = set(types), [], []
    for name in optimizers:
        cls = optimizers[name]
        accepted: frozenset[str] = getattr(cls, "takes", FLOATS)
        if wanted <= accepted:
            as_they_are.append(name)
        elif _may_round(cls) and wanted <= accepted | {"integer"}:
            rounding.append(name)
    return Takers(tuple(as_they_are), tuple(rounding))


def told(cls: type) -> str:
    """Return for people which types of parameters an optimizer takes."""
    types: frozenset[str] = getattr(cls, "takes", FLOATS)
    parts = [", ".join(name for name in TYPES if name in types)]
    if _may_round(cls) and "integer" not in types:
        parts.append(f"with {ROUNDING} Yes integer, too")
    return "; ".join(parts)


def _may_round(cls: type) -> bool:
    return hasattr(cls, "round_integers")
