"""When the run ends: the exit conditions of the input and how they combine."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from paramsrun.manager.conditions import Conditions
from paramsrun.manager.state import RunState
from paramsrun.settings.combination import evaluate
from paramsrun.settings.families import exit_conditions
from paramsrun.settings.job import JobSettings


class ExitCondition(Protocol):
    """A member of the family `exit_conditions`: a frozen settings class, a pure function of state.

    It may be a `Budget` or `Timed`, too.
    """

    def met(self, run: RunState) -> bool:
        """Return whether it is met."""


@runtime_checkable
class Budget(Protocol):
    """A condition met once a number of evaluations was made, whatever else happens.

    Budgets are exact through it.
    """

    @property
    def at_calls(self) -> int:
        """The number of evaluations at which it is met."""


@runtime_checkable
class Timed(Protocol):
    """A condition met after some time."""

    def seconds_left(self, run: RunState) -> float:
        """Return after how long it is met."""


class ExitRule:
    """Exit conditions under a boolean combination, evaluated no further than needed."""

    def __init__(self, conditions: Sequence[ExitCondition], combination: str | None = None) -> None:
        joined = Conditions(exit_conditions, conditions, combination)
        self._conditions = joined.members
        self._expression = joined.expression
        self._budgets: dict[int, int] = {
            i: condition.at_calls
            for i, condition in enumerate(self._conditions, 1)
            if isinstance(condition, Budget)
        }
        self._calls: list[int] = sorted(set(self._budgets.values()))
        self._certain = next((n for n in self._calls if self._met_at(n, lambda i: False)), None)
        """The run ends at so many evaluations whatever else happens."""
        self._certain_first = not self._calls or self._certain == self._calls[0]
        self.met: Callable[[RunState], bool] = joined.met
        """Whether the run is to end."""
        self.explain: Callable[[RunState], str] = joined.explain
        """The conditions with their values, as the log shows them."""

    @classmethod
    def of(cls, settings: JobSettings) -> "ExitRule":
        """Return when a run with these settings ends."""
        return cls(settings.exit_condition, settings.exit_condition_boolean_combination)

    def n_max(self, state: RunState) -> int | None:
        """Return the number of evaluations at which the run ends as things stand, or None."""
        for n in self._calls:
            if n == self._certain or self._met_at(n, lambda i: self._conditions[i - 1].met(state)):
                return n
        return None

    def seconds_left(self, state: RunState) -> float:
        """Return after how long the run ends at the latest, at its rate so far; inf if unknown."""
        left = [float("inf")]
        n_max = self.n_max(state)
        if n_max is not None and state.n_evaluations:
            left.append((n_max - state.n_evaluations) * state.t / state.n_evaluations)
        for i, condition in enumerate(self._conditions, 1):
            if isinstance(condition, Timed) and self._would_end(i, state):
                left.append(condition.seconds_left(state))
        return max(0.0, min(left))

    def calls_left(self, state: RunState) -> float:
        """Return how many further evaluations may be started as things stand; inf for any."""
        n_max = self._certain if self._certain_first else self.n_max(state)
        return float("inf") if n_max is None else n_max - state.n_evaluations

    def _would_end(self, i: int, state: RunState) -> bool:
        """Return whether the run would end if that condition were met, all else as it is."""
        return evaluate(self._expression, lambda j: j == i or self._conditions[j - 1].met(state))

    def _met_at(self, calls: int, other: Callable[[int], bool]) -> bool:
        """Return whether the run would end at so many evaluations, with the others as given."""
        budgets = self._budgets
        return evaluate(
            self._expression, lambda i: calls >= budgets[i] if i in budgets else other(i)
        )
