"""When the run ends: the exit conditions of the input and how they combine."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Protocol

from paramsrun.manager.state import RunState
from paramsrun.settings.combination import Expression, any_of, evaluate, explain, parse_combination
from paramsrun.settings.families import exit_conditions


class ExitCondition(Protocol):
    """A member of the family `exit_conditions`: a frozen settings class, a pure function of state.

    One that is met once a number of evaluations was made, whatever else happens, says so by an
    attribute ``at_calls``; budgets are exact through it. One that is met after some time says so by
    a method ``seconds_left(run)``.
    """

    def met(self, run: RunState) -> bool:
        """Return whether it is met."""


class ExitRule:
    """Exit conditions under a boolean combination, evaluated no further than needed."""

    def __init__(self, conditions: Sequence[ExitCondition], combination: str | None = None) -> None:
        self._conditions = tuple(conditions)
        n = len(self._conditions)
        self._expression: Expression = (
            any_of(n) if combination is None else parse_combination(combination, n)
        )
        self._budgets: dict[int, int] = {
            i: condition.at_calls
            for i, condition in enumerate(self._conditions, 1)
            if hasattr(condition, "at_calls")
        }
        self._calls: list[int] = sorted(set(self._budgets.values()))
        self._certain = next((n for n in self._calls if self._met_at(n, lambda i: False)), None)
        """The run ends at so many evaluations whatever else happens."""
        self._certain_first = not self._calls or self._certain == self._calls[0]
        self.met: Callable[[RunState], bool] = self._compiled(self._expression)
        """Whether the run is to end."""

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
            if hasattr(condition, "seconds_left") and self._would_end(i, state):
                left.append(condition.seconds_left(state))
        return max(0.0, min(left))

    def calls_left(self, state: RunState) -> float:
        """Return how many further evaluations may be started as things stand; inf for any."""
        n_max = self._certain if self._certain_first else self.n_max(state)
        return float("inf") if n_max is None else n_max - state.n_evaluations

    def explain(self, state: RunState) -> str:
        """Return the conditions with their values, as the log shows them."""
        values: dict[int, bool] = {}

        def value(i: int) -> bool:
            values[i] = self._conditions[i - 1].met(state)
            return values[i]

        evaluate(self._expression, value)
        return explain(self._expression, lambda i: called(self._conditions[i - 1]), values)

    def _would_end(self, i: int, state: RunState) -> bool:
        """Return whether the run would end if that condition were met, all else as it is."""
        return evaluate(self._expression, lambda j: j == i or self._conditions[j - 1].met(state))

    def _met_at(self, calls: int, other: Callable[[int], bool]) -> bool:
        """Return whether the run would end at so many evaluations, with the others as given."""
        budgets = self._budgets
        return evaluate(
            self._expression, lambda i: calls >= budgets[i] if i in budgets else other(i)
        )

    def _compiled(self, expression: Expression) -> Callable[[RunState], bool]:
        """Return the expression as one function of the state: it is asked at every evaluation."""
        if isinstance(expression, int):
            return self._conditions[expression - 1].met
        parts = [self._compiled(part) for part in expression.parts]
        if len(parts) == 1:
            return parts[0]
        decisive = expression.operator == "|"

        def met(state: RunState) -> bool:
            for part in parts:
                if part(state) is decisive:
                    return decisive
            return not decisive

        return met


def called(condition: ExitCondition) -> str:
    """Return a condition as the log names it: ``MaxTotalFunctionCalls(fmax=2500)``."""
    arguments = ", ".join(
        f"{field.name}={getattr(condition, field.name)}"
        for field in fields(condition)  # type: ignore[arg-type]
    )
    return f"{exit_conditions.name_of(condition)}({arguments})"
