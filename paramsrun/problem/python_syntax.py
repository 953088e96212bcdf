"""Text by way of Python's syntax tree: read, never executed."""

import ast
import warnings

from paramsrun.errors import Place


class Refused(Exception):
    """A place and what is wrong there."""


class Python:
    """The syntax tree of a text that begins at a place; Refused where it is no expression."""

    def __init__(self, text: str, place: Place, max_length: int) -> None:
        self._text = text.strip()
        self._place = _shifted(place, len(text) - len(text.lstrip()))
        self.tree = self._parsed(max_length)

    def at(self, node: ast.expr) -> Place:
        """Return where a part stands; of text on several lines only the first is told apart."""
        if node.lineno > 1:
            return self._place
        before = node.col_offset
        if not self._text.isascii():
            before = len(self._text.encode()[:before].decode())
        return _shifted(self._place, before)

    def written(self, node: ast.expr) -> str:
        """Return a part as it is written."""
        return ast.get_source_segment(self._text, node) or ""

    def _parsed(self, max_length: int) -> ast.expr:
        if len(self._text) > max_length:
            raise Refused(self._place, f"this is longer than {max_length:,} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of backslashes in quotes
                return ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            column = (error.offset or 1) - 1 if error.lineno in (None, 1) else 0
            at = _shifted(self._place, column)
            raise Refused(at, f"this is no expression: {error.msg}") from None
        except ValueError as error:
            raise Refused(self._place, f"this is no expression: {error}") from None
        except (MemoryError, RecursionError):
            raise Refused(self._place, "this is too long or has too many brackets") from None


def say(node: ast.expr) -> str:
    """Return the beginning of a part as it would be written."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "this"
    return text if len(text) <= 60 else text[:57] + "..."


def finite(value: float) -> float | None:
    """Return a number as a float, or None where it is too large for one."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None


def _shifted(place: Place, columns: int) -> Place:
    return Place(place.file, place.line, place.column + columns)
