"""Text to constraints, by way of Python's syntax tree: read, never executed."""

import ast
import keyword
import operator
import re
from collections.abc import Callable, Iterable
from operator import itemgetter

from paramsrun.errors import Findings, most_like
from paramsrun.input.tree import Word
from paramsrun.problem.constraint import QUOTED, Chain, Constraint, Negative, Number, Side
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.python_syntax import Python, Refused, finite, say

MAX_LENGTH = 2_000
MAX_DEPTH = 30
MANY = 6

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ALLOWED = "parameters, numbers, + - * / **, brackets and < <= > >="
_INEQUALITY = "Constraint must be an inequality, with <, <=, > or >="
_POINTLESS: dict[type[ast.cmpop], str] = {
    ast.Eq: ": hardly any point satisfies ==",
    ast.NotEq: ": nearly every point satisfies !=",
}
_ONE_EACH = "; give each inequality a line Constraint of its own"
_ADVICE: dict[type[ast.AST], str] = {
    ast.BoolOp: _ONE_EACH,
    ast.BitAnd: _ONE_EACH,
    ast.BitOr: _ONE_EACH,
    ast.BitXor: "; a power is written **",
}
_ASSIGNED = re.compile(r"(?<![<>=!])=(?!=)|[<>]=[<>=]|<>|[≤≥≠]")


def read_constraints(
    texts: Iterable[Word], parameters: ParameterInterface, findings: Findings
) -> tuple[Constraint, ...]:
    """Return the constraints of an input; those without an active parameter are left out.

    What is wrong with them is noted.
    """
    read = [c for text in texts if (c := _read(text, parameters, findings)) is not None]
    for constraint in read:
        if not constraint.names:
            _judge_constant(constraint, findings)
    return tuple(constraint for constraint in read if constraint.names)


def _judge_constant(constraint: Constraint, findings: Findings) -> None:
    objection = constraint.objection(())
    if objection is None:
        text = f"Constraint {constraint.text} has no effect: no active parameter is in it"
        findings.warn(constraint.place, text)
    else:
        text = f"Constraint {objection}, at every point: no active parameter is in it"
        findings.mistake(constraint.place, text)


def _read(text: Word, parameters: ParameterInterface, findings: Findings) -> Constraint | None:
    try:
        return _Parser(text, parameters).constraint()
    except Refused as refused:
        findings.mistake(*refused.args)
        return None


class _Parser:
    def __init__(self, text: Word, parameters: ParameterInterface) -> None:
        self._word = text
        self._values = dict(zip(parameters.names, parameters.all_x0.tolist(), strict=True))
        self._categorical = {p.name for p in parameters.parameters if p.type == "categorical"}
        self._active = {name: i for i, name in enumerate(parameters.active_names)}
        self._python = self._parsed(text)
        self._found: dict[str, None] = {}

    def constraint(self) -> Constraint:
        tree = self._python.tree
        if isinstance(tree, ast.BoolOp):
            raise self._not_allowed(tree)
        if not isinstance(tree, ast.Compare):
            raise self._no_inequality(tree)
        for kind in map(type, tree.ops):
            if kind in _POINTLESS:
                raise Refused(self._python.at(tree), _INEQUALITY + _POINTLESS[kind])
            if kind not in _COMPARISONS:
                raise self._not_allowed(tree)
        first = self._side(tree.left, 0)
        sides = [self._side(node, 0) for node in tree.comparators]
        rest = zip((_COMPARISONS[type(how)] for how in tree.ops), sides, strict=True)
        text, place = self._word.text.strip(), self._word.place
        return Constraint(text, place, tuple(self._found), first, tuple(rest))

    def _parsed(self, text: Word) -> Python:
        if not text.text.strip():
            raise Refused(text.place, f"{_INEQUALITY}, such as a <= 2*b")
        try:
            return Python(text.text, text.place, MAX_LENGTH)
        except Refused as refused:
            place, problem = refused.args
            outside = QUOTED.sub("", text.text)
            if _ASSIGNED.search(outside):
                raise Refused(text.place, f"{_INEQUALITY}, not {text.text}") from None
            problem = f"Constraint: {problem}{self._quotes_missing(outside)}"
            raise Refused(place, problem) from None

    def _quotes_missing(self, text: str) -> str:
        for name in self._values:
            if not _is_plain(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                return f"; the name {name} needs quotes: {_spelled(name)}"
        return ""

    def _no_inequality(self, tree: ast.expr) -> Refused:
        text = f"{_INEQUALITY}, such as a <= 2*b, not {say(tree)}"
        if isinstance(tree, ast.Name):
            text += " (! behind a blank begins a comment)"
        return Refused(self._python.at(tree), text)

    def _refused(self, node: ast.expr, text: str) -> Refused:
        return Refused(self._python.at(node), f"Constraint: {text}")

    def _not_allowed(self, node: ast.expr) -> Refused:
        kind = type(node.op) if isinstance(node, ast.BinOp) else type(node)
        advice = _ADVICE.get(kind, "")
        return self._refused(node, f"only {ALLOWED} may stand here, not {say(node)}{advice}")

    def _side(self, node: ast.expr, depth: int) -> Side:
        if depth > MAX_DEPTH:
            raise self._refused(node, f"more than {MAX_DEPTH} operations within each other")
        match node:
            case ast.Constant(value=bool() | complex()):
                raise self._not_allowed(node)
            case ast.Constant(value=int() | float() as value):
                return self._number(node, value)
            case ast.Constant(value=str()):
                return self._quoted(node)
            case ast.Name():
                return self._parameter(node, self._python.written(node))
            case ast.UnaryOp(op=ast.UAdd()):
                return self._side(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.USub()):
                return Negative(self._side(node.operand, depth + 1))
            case ast.BinOp():
                return self._chain(node, depth)
            case _:
                raise self._not_allowed(node)

    def _chain(self, node: ast.BinOp, depth: int) -> Side:
        """Return a row of operations; a long sum is one row, not a deep tree."""
        rest: list[tuple[Callable[[float, float], float], ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            operate = _OPERATORS.get(type(left.op))
            if operate is None:
                raise self._not_allowed(left)
            rest.append((operate, left.right))
            left = left.left
        first = self._side(left, depth + 1)
        sides = ((operate, self._side(right, depth + 1)) for operate, right in reversed(rest))
        return Chain(first, tuple(sides))

    def _number(self, node: ast.expr, value: float) -> Side:
        number = finite(value)
        if number is None:
            raise self._refused(node, "this number is too large")
        return Number(number)

    def _quoted(self, node: ast.expr) -> Side:
        written = self._python.written(node)
        if not QUOTED.fullmatch(written):
            raise self._not_allowed(node)
        return self._parameter(node, written[1:-1])

    def _parameter(self, node: ast.expr, name: str) -> Side:
        if name not in self._values:
            raise self._refused(node, f"there is no parameter {name}{self._like(name)}")
        if name in self._categorical:
            raise self._refused(node, f"{name} is categorical: its choices have no order")
        if name not in self._active:
            return Number(self._values[name])
        self._found[name] = None
        return itemgetter(self._active[name])

    def _like(self, name: str) -> str:
        like = most_like(name, self._values)
        if like is not None:
            return f"; did you mean {_spelled(like)}?"
        if len(self._values) > MANY:
            return ""
        return f"; there are {', '.join(map(_spelled, self._values))}"


def _is_plain(name: str) -> bool:
    """Return whether a name can stand without quotes."""
    return name.isidentifier() and not keyword.iskeyword(name)


def _spelled(name: str) -> str:
    if _is_plain(name):
        return name
    return f'"{name}"' if "'" in name else f"'{name}'"
