"""Generators and selectors that an input may name and that are still to come."""

from dataclasses import dataclass

from paramsrun.settings.families import generators, selectors
from paramsrun.settings.keys import key


@generators.plan("Random")
@dataclass(frozen=True, kw_only=True)
class Random:
    """Start at a random point, uniform within the ranges."""


@generators.plan("Incumbent")
@dataclass(frozen=True, kw_only=True)
class Incumbent:
    """Start at the best point found so far; at a random one if there is none."""


@generators.plan("Perturbation")
@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """Start near the values of the parameter interface: normally distributed, within the ranges."""

    standard_deviation: float = key(
        0.2, above=0.0, doc="Standard deviation, as a fraction of each range."
    )


@generators.plan("ExploreExploit")
@dataclass(frozen=True, kw_only=True)
class ExploreExploit:
    """Start at random first, then nearer and nearer to good points."""

    focus: float = key(
        1.0,
        above=0.0,
        doc="Power of the good point's share: (evaluations / MaxFunctionCalls) to this.",
    )
    max_function_calls: int = key(
        at_least=2, doc="Number of evaluations from which on only good points count."
    )


@selectors.plan("Random")
@dataclass(frozen=True, kw_only=True)
class RandomChoice:
    """Take any Optimizer block with the same chance."""


@selectors.plan("Chain")
@dataclass(frozen=True, kw_only=True)
class Chain:
    """Take one Optimizer block after the other: each from a number of evaluations on."""

    thresholds: tuple[int, ...] = key(
        at_least=1,
        doc="Evaluations of the run at which the next block takes over; with as many thresholds "
        "as blocks, none starts after the last.",
    )
