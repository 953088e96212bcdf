"""Stoppers that an input may name and that are still to come.

The target is the optimizer that is judged, the best the one with the lowest loss so far.
"""

from dataclasses import dataclass

from paramsrun.settings.families import stoppers
from paramsrun.settings.keys import key, value


@stoppers.plan("BestFunctionValueUnmoving")
@dataclass(frozen=True, kw_only=True)
class BestFunctionValueUnmoving:
    """The lowest loss of the target has not improved for some time."""

    number_of_function_calls: int = key(at_least=1, doc="Evaluations of the target looked at.")
    tolerance: float = key(0.0, at_least=0.0, doc="Relative change that counts as none.")


@stoppers.plan("CurrentFunctionValueUnmoving")
@dataclass(frozen=True, kw_only=True)
class CurrentFunctionValueUnmoving:
    """The latest losses of the target are all alike."""

    number_of_function_calls: int = key(at_least=2, doc="Evaluations of the target looked at.")
    tolerance: float = key(
        at_least=0.0, doc="Standard deviation that counts as none, relative to the last loss."
    )


@stoppers.plan("ConsecutiveInfiniteEvaluations")
@dataclass(frozen=True, kw_only=True)
class ConsecutiveInfiniteEvaluations:
    """The latest losses of the target are all infinite."""

    n_infinite: int = value(at_least=1, doc="So many of the latest.")


@stoppers.plan("MaxFunctionCalls")
@dataclass(frozen=True, kw_only=True)
class MaxFunctionCalls:
    """The target has used so many evaluations."""

    n_max: int = value(at_least=1, doc="Evaluations of the target.")


@stoppers.plan("MinFunctionCalls")
@dataclass(frozen=True, kw_only=True)
class MinFunctionCalls:
    """The target has used at least so many evaluations; with & it protects the young."""

    n_min: int = value(at_least=1, doc="Evaluations of the target.")


@stoppers.plan("MaxInteroptimizerDistance")
@dataclass(frozen=True, kw_only=True)
class MaxInteroptimizerDistance:
    """The target has come near to the best optimizer."""

    max_relative_distance: float = key(
        at_least=0.0, doc="Distance of their latest points, relative to the box's diagonal."
    )
    compare_all_optimizers: bool = key(False, doc="Near to any other optimizer is enough.")


@stoppers.plan("MinStepSize")
@dataclass(frozen=True, kw_only=True)
class MinStepSize:
    """The target hardly moves any more."""

    number_of_function_calls: int = key(at_least=2, doc="Evaluations of the target looked at.")
    min_relative_distance: float = key(
        0.05, at_least=0.0, doc="Mean step between points, relative to the box's diagonal."
    )


@stoppers.plan("OptimizerType")
@dataclass(frozen=True, kw_only=True)
class OptimizerType:
    """The target is of this type; with & it limits another stopper to that type."""

    type_name: str = value(doc="Type of an Optimizer block.")


@stoppers.plan("TimeAnnealing")
@dataclass(frozen=True, kw_only=True)
class TimeAnnealing:
    """A draw that old optimizers lose and young ones survive."""

    critical_ratio: float = key(
        1.0,
        above=0.0,
        doc="Survival is sure where the best has this many times its evaluations.",
    )


@stoppers.plan("ValueAnnealing")
@dataclass(frozen=True, kw_only=True)
class ValueAnnealing:
    """A draw that optimizers with a loss far above the best lose."""

    critical_stop_chance: float = key(
        50.0, unit="%", above=0.0, below=100.0, doc="Chance to survive at twice the lowest loss."
    )
