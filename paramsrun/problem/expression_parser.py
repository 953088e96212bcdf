"""Text to expressions and arrays, by way of Python's syntax tree: read, never executed."""

import ast
import inspect
from typing import Any

from paramsrun.errors import Findings, Place, nearest
from paramsrun.problem.expression import Call, Chain, Negative, Number, Part
from paramsrun.problem.python_syntax import Python, Refused, finite, say
from paramsrun.settings.families import extractors

MAX_LENGTH = 20_000
MAX_DEPTH = 50
MAX_ARRAY_LENGTH = 20_000_000

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
ALLOWED = "numbers, + - * / **, brackets and extractors such as energy('job')"


def parse_expression(text: str, place: Place, findings: Findings) -> Part | None:
    """Return the tree of an expression whose text begins at a place; None, and a mistake."""
    try:
        python = Python(text, place, MAX_LENGTH)
        return _Parser(python).part(python.tree, 0)
    except Refused as refused:
        findings.mistake(*refused.args)
        return None


def parse_array(text: str, place: Place, findings: Findings) -> Any:
    """Return nested lists of numbers from ``array([[...]])``, ``[[...]]`` or a number, or None."""
    try:
        node = Python(text.strip(), place, MAX_ARRAY_LENGTH).tree
        if isinstance(node, ast.Call) and _is_array(node):
            node = node.args[0]
        return _numbers(node, place, 0)
    except Refused as refused:
        findings.mistake(*refused.args)
        return None


class _Parser:
    def __init__(self, python: Python) -> None:
        self._at = python.at

    def part(self, node: ast.expr, depth: int) -> Part:
        if depth > MAX_DEPTH:
            raise Refused(self._at(node), f"more than {MAX_DEPTH} brackets within brackets")
        match node:
            case ast.Constant(value=bool() | complex()):
                pass
            case ast.Constant(value=int() | float() as value):
                return Number(self._finite(node, value))
            case ast.UnaryOp(op=ast.UAdd()):
                return self.part(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.USub()):
                return Negative(self.part(node.operand, depth + 1))
            case ast.BinOp():
                return self._chain(node, depth)
            case ast.Call(func=ast.Name()):
                return self._call(node)
            case ast.Name(id=name) if name in extractors:
                raise Refused(self._at(node), f"{name} needs a job behind it: {name}('job')")
            case _:
                pass
        raise Refused(self._at(node), f"only {ALLOWED} may stand here, not {say(node)}")

    def _finite(self, node: ast.expr, value: float) -> float:
        number = finite(value)
        if number is None:
            raise Refused(self._at(node), "this number is too large")
        return number

    def _chain(self, node: ast.BinOp, depth: int) -> Chain:
        """Return a row of operations; a long sum is one row, not a deep tree."""
        rest: list[tuple[str, Part]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            operator = _OPERATORS.get(type(left.op))
            if operator is None:
                raise Refused(self._at(left), f"only {ALLOWED} may stand here, not {say(left)}")
            right = self.part(left.right, depth + 1)
            if operator == "/" and right == Number(0.0):
                raise Refused(self._at(left.right), "nothing can be divided by 0")
            rest.append((operator, right))
            left = left.left
        return Chain(self.part(left, depth + 1), tuple(reversed(rest)))

    def _call(self, node: ast.Call) -> Call:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name not in extractors:
            known = list(extractors)
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise Refused(self._at(node), f"there is no extractor {name}{hint}")
        if not node.args or not _is_text(node.args[0]):
            raise Refused(
                self._at(node), f"{name} takes the ID of a job in quotes first: {name}('job')"
            )
        job, *arguments = (self._literal(argument) for argument in node.args)
        keywords = {self._keyword(k): self._literal(k.value) for k in node.keywords}
        kind = extractors[name]
        name = extractors.name_of(kind)
        signature = inspect.signature(kind)
        try:
            signature.bind(*arguments, **keywords)
        except TypeError as error:
            wanted = ", ".join(["'job'", *map(_parameter, signature.parameters.values())])
            raise Refused(self._at(node), f"{error}; write {name}({wanted})") from None
        try:
            extractor = kind(*arguments, **keywords)
        except ValueError as error:
            raise Refused(self._at(node), f"{name}: {error}") from None
        return Call(name, extractor, job, self._at(node))

    def _keyword(self, keyword: ast.keyword) -> str:
        if keyword.arg is None:
            raise Refused(self._at(keyword.value), "** may not stand before an argument")
        return keyword.arg

    def _literal(self, node: ast.expr) -> Any:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError, MemoryError):
            value = ...
        if not _is_literal(value):
            text = "an argument must be a number, a text, or a list of these, not "
            raise Refused(self._at(node), text + say(node))
        return value


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return parameter.name
    return f"{parameter.name}={parameter.default!r}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_literal(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_literal, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _is_array(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Name)
        and node.func.id == "array"
        and len(node.args) == 1
        and not node.keywords
    )


def _numbers(node: ast.expr, place: Place, depth: int) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _as_float(value, place)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return -_numbers(node.operand, place, depth)
        case ast.UnaryOp(op=ast.UAdd(), operand=ast.Constant()):
            return _numbers(node.operand, place, depth)
        case ast.List() | ast.Tuple() if depth < MAX_DEPTH:
            return [_numbers(item, place, depth + 1) for item in node.elts]
        case _:
            raise Refused(place, f"only numbers may stand in an array, not {say(node)}")


def _as_float(value: float, place: Place) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Refused(place, "a number in this array is too large") from None
