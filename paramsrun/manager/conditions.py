"""Conditions under a boolean combination, evaluated no further than needed, and explained."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from paramsrun.settings.combination import Expression, any_of, evaluate, explain, parse_combination
from paramsrun.settings.family import Family


class Conditions:
    """Members of a family, each with a pure ``met``, joined by | unless the input says otherwise.

    What ``met`` takes is for the family to say; it is handed on as it is.
    """

    def __init__(self, family: Family, members: Sequence[Any], combination: str | None) -> None:
        n = len(members)
        self.members = tuple(members)
        self.expression: Expression = (
            any_of(n) if combination is None else parse_combination(combination, n)
        )
        self._family = family
        self.met: Callable[..., bool] = self._compiled(self.expression)
        """Whether the combination holds."""

    def explain(self, *given: Any) -> str:
        """Return a line for each condition with its value, None where it was not evaluated."""
        values: dict[int, bool] = {}

        def value(i: int) -> bool:
            values[i] = self.members[i - 1].met(*given)
            return values[i]

        evaluate(self.expression, value)
        return explain(self.expression, lambda i: self.called(self.members[i - 1]), values)

    def called(self, member: Any) -> str:
        """Return a condition as the log names it: ``MaxTotalFunctionCalls(fmax=2500)``."""
        arguments = ", ".join(f"{f.name}={getattr(member, f.name)}" for f in fields(member))
        return f"{self._family.name_of(member)}({arguments})"

    def _compiled(self, expression: Expression) -> Callable[..., bool]:
        """Return the expression as one function: it is asked at every evaluation."""
        if isinstance(expression, int):
            met: Callable[..., bool] = self.members[expression - 1].met
            return met
        parts = [self._compiled(part) for part in expression.parts]
        if len(parts) == 1:
            return parts[0]
        decisive = expression.operator == "|"

        def holds(*given: Any) -> bool:
            for part in parts:
                if part(*given) is decisive:
                    return decisive
            return not decisive

        return holds
