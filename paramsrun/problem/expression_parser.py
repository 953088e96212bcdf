"""Text to expressions and arrays, by way of Python's syntax tree: read, never executed."""

import ast
import inspect
import math
from typing import Any

from paramsrun.errors import Findings, Place, nearest
from paramsrun.problem.expression import Call, Chain, Negative, Number, Part
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
    begin = Place(place.file, place.line, place.column + len(text) - len(text.lstrip()))
    try:
        return _Parser(begin).part(_python(text, begin, MAX_LENGTH), 0)
    except _Refused as refused:
        findings.mistake(*refused.args)
        return None


def parse_array(text: str, place: Place, findings: Findings) -> Any:
    """Return nested lists of numbers from ``array([[...]])``, ``[[...]]`` or a number, or None."""
    try:
        node = _python(text.strip(), place, MAX_ARRAY_LENGTH)
        if isinstance(node, ast.Call) and _is_array(node):
            node = node.args[0]
        return _numbers(node, place, 0)
    except _Refused as refused:
        findings.mistake(*refused.args)
        return None


class _Refused(Exception):
    """A place and what is wrong there."""


def _python(text: str, place: Place, max_length: int) -> ast.expr:
    """Return the Python syntax tree of a text, which may be anything."""
    if len(text) > max_length:
        raise _Refused(place, f"this is longer than {max_length:,} characters")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        at = _shifted(place, error.lineno or 1, (error.offset or 1) - 1)
        raise _Refused(at, f"this is no expression: {error.msg}") from None
    except ValueError as error:
        raise _Refused(place, f"this is no expression: {error}") from None
    except (MemoryError, RecursionError):
        raise _Refused(place, "this is too long or has too many brackets") from None


def _shifted(place: Place, line: int, column: int) -> Place:
    """Return the place of a line (from 1) and column (from 0) of a text that begins at place."""
    if line == 1:
        return Place(place.file, place.line, place.column + column)
    return Place(place.file, place.line, place.column)


class _Parser:
    def __init__(self, place: Place) -> None:
        self._start = place

    def _at(self, node: ast.expr) -> Place:
        return _shifted(self._start, node.lineno, node.col_offset)

    def part(self, node: ast.expr, depth: int) -> Part:
        if depth > MAX_DEPTH:
            raise _Refused(self._at(node), f"more than {MAX_DEPTH} brackets within brackets")
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
                raise _Refused(self._at(node), f"{name} needs a job behind it: {name}('job')")
            case _:
                pass
        raise _Refused(self._at(node), f"only {ALLOWED} may stand here, not {_say(node)}")

    def _finite(self, node: ast.expr, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise _Refused(self._at(node), "this number is too large")
        return number

    def _chain(self, node: ast.BinOp, depth: int) -> Chain:
        """Return a row of operations; a long sum is one row, not a deep tree."""
        rest: list[tuple[str, Part]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            operator = _OPERATORS.get(type(left.op))
            if operator is None:
                raise _Refused(self._at(left), f"only {ALLOWED} may stand here, not {_say(left)}")
            rest.append((operator, self.part(left.right, depth + 1)))
            left = left.left
        return Chain(self.part(left, depth + 1), tuple(reversed(rest)))

    def _call(self, node: ast.Call) -> Call:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name not in extractors:
            known = list(extractors)
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise _Refused(self._at(node), f"there is no extractor {name}{hint}")
        if not node.args or not _is_text(node.args[0]):
            raise _Refused(
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
            raise _Refused(self._at(node), f"{error}; write {name}({wanted})") from None
        try:
            extractor = kind(*arguments, **keywords)
        except ValueError as error:
            raise _Refused(self._at(node), f"{name}: {error}") from None
        return Call(name, extractor, job, self._at(node))

    def _keyword(self, keyword: ast.keyword) -> str:
        if keyword.arg is None:
            raise _Refused(self._at(keyword.value), "** may not stand before an argument")
        return keyword.arg

    def _literal(self, node: ast.expr) -> Any:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError, MemoryError):
            value = ...
        if not _is_literal(value):
            text = "an argument must be a number, a text, or a list of these, not "
            raise _Refused(self._at(node), text + _say(node))
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
            raise _Refused(place, f"only numbers may stand in an array, not {_say(node)}")


def _as_float(value: float, place: Place) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _Refused(place, "a number in this array is too large") from None


def _say(node: ast.expr) -> str:
    """Return the beginning of a part as it is written."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "this"
    return text if len(text) <= 60 else text[:57] + "..."
