"""Boolean combinations of conditions, such as ``1 & (2 | 3)``: & binds tighter than |."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

_TOKEN = re.compile(r"\s*([&|()]|[^\s&|()]+)")
_NUMBER = re.compile(r"\d+", re.ASCII)
_MAX_DEPTH = 50
_MAX_DIGITS = 9


@dataclass(frozen=True)
class Group:
    """Parts joined by one operator, evaluated from left to right as far as needed."""

    operator: Literal["&", "|"]
    parts: tuple["Expression", ...]


Expression: TypeAlias = int | Group
"""The place of a condition in the input, from 1, or a group."""


class NotACombination(ValueError):
    """A text that combines nothing; the message goes on from the key's name."""

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.at = at
        """Where in the text, from 0."""


def any_of(n_conditions: int) -> Expression:
    """Return the combination that holds where none is given: any condition is enough."""
    return Group("|", tuple(range(1, n_conditions + 1)))


def parse_combination(text: str, n_conditions: int) -> Expression:
    """Return the expression that a text gives; NotACombination says what is wrong and where."""
    return _Parser(text, n_conditions).whole()


def evaluate(expression: Expression, value_of: Callable[[int], bool]) -> bool:
    """Return whether the combination holds; value_of is asked only for what decides."""
    if isinstance(expression, int):
        return value_of(expression)
    values = (evaluate(part, value_of) for part in expression.parts)
    return all(values) if expression.operator == "&" else any(values)


def explain(
    expression: Expression, name_of: Callable[[int], str], values: Mapping[int, bool]
) -> str:
    """Return one line for each condition with its value, None where it was not evaluated.

    Groups within groups stand in brackets on lines of their own, indented by their depth.
    """
    return "\n".join(_lines(expression, name_of, values))


def _lines(
    expression: Expression, name_of: Callable[[int], str], values: Mapping[int, bool]
) -> list[str]:
    if isinstance(expression, int):
        return [f"{name_of(expression)} = {values.get(expression)}"]
    lines: list[str] = []
    for part in expression.parts:
        if lines:
            lines[-1] += f" {expression.operator}"
        inner = _lines(part, name_of, values)
        lines += inner if isinstance(part, int) else ["(", *(f" {line}" for line in inner), ")"]
    return lines


class _Parser:
    """Recursive descent: any := all ("|" all)*, all := one ("&" one)*, one := number or (any)."""

    def __init__(self, text: str, n_conditions: int) -> None:
        self._tokens = [(m.group(1), m.start(1)) for m in _TOKEN.finditer(text)]
        self._end = len(text.rstrip())
        self._n_conditions = n_conditions
        self._next = 0
        self._open: list[int] = []

    def whole(self) -> Expression:
        """Return the expression that takes up all of the text."""
        if not self._tokens:
            raise NotACombination("is empty; write it like 1 & (2 | 3)", 0)
        expression = self._any()
        token, at = self._peek()
        if token == ")":
            raise NotACombination("has a closing bracket without an opening one", at)
        if token:
            raise self._unjoined(token, at)
        return expression

    def _peek(self) -> tuple[str, int]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", self._end)

    def _any(self) -> Expression:
        return self._joined("|", lambda: self._joined("&", self._one))

    def _joined(self, operator: Literal["&", "|"], operand: Callable[[], Expression]) -> Expression:
        parts = [operand()]
        while self._peek()[0] == operator:
            self._next += 1
            parts.append(operand())
        return parts[0] if len(parts) == 1 else Group(operator, tuple(parts))

    def _one(self) -> Expression:
        token, at = self._peek()
        self._next += 1
        if token == "(":
            return self._bracketed(at)
        if _NUMBER.fullmatch(token):
            return self._condition(token, at)
        if token in ("", ")", "&", "|"):
            behind = f"behind {self._tokens[self._next - 2][0]}" if self._next > 1 else "first"
            raise NotACombination(f"needs a number or an opening bracket {behind}", at)
        raise NotACombination(f"takes numbers, &, | and brackets, not {token}", at)

    def _unjoined(self, token: str, at: int) -> NotACombination:
        if token == "(" or _NUMBER.fullmatch(token):
            return NotACombination(f"needs & or | before {token}", at)
        return NotACombination(f"takes numbers, &, | and brackets, not {token}", at)

    def _bracketed(self, at: int) -> Expression:
        self._open.append(at)
        if len(self._open) > _MAX_DEPTH:
            raise NotACombination(f"has more than {_MAX_DEPTH} brackets within each other", at)
        expression = self._any()
        token, here = self._peek()
        if token not in ("", ")"):
            raise self._unjoined(token, here)
        if not token:
            raise NotACombination("has an opening bracket without a closing one", at)
        self._next += 1
        self._open.pop()
        return expression

    def _condition(self, token: str, at: int) -> int:
        number = int(token) if len(token) <= _MAX_DIGITS else -1
        if 1 <= number <= self._n_conditions:
            return number
        there = {0: "there is none", 1: "there is only 1"}.get(
            self._n_conditions, f"there are {self._n_conditions}"
        )
        raise NotACombination(f"names condition {token}, but {there}", at)
