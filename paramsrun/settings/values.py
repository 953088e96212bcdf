"""Single values: from the text behind a key to Python, and back."""

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

from paramsrun.errors import nearest
from paramsrun.settings.declared import Declared, Kind
from paramsrun.settings.keys import Declaration
from paramsrun.settings.number_advice import number_advice
from paramsrun.settings.units import UnknownUnit, convert

_INT = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)
_WITH_UNIT = re.compile(
    rf"({_FLOAT.pattern.replace('(', '(?:')})\s*[\[(]?\s*([A-Za-z/%]+)\s*[\])]?", re.ASCII
)
_BOOL = {"yes": True, "true": True, "no": False, "false": False}
_COMMENT = re.compile(r"(?<!\S)(#|!|::)")
_MAX_RANGE = 1_000_000
_MANY_CHOICES = 6
_MAX_DIGITS = 18
_MAX_SHOWN = 60


class Misfit(ValueError):
    """A value that its key cannot take; the text goes on from the key's name."""

    def __init__(self, text: str, of_unit: bool = False) -> None:
        super().__init__(text)
        self.of_unit = of_unit


def parse_value(key: Declared, text: str, unit: str | None = None) -> Any:
    """Return the value that a text gives a key; Misfit says what is wrong with it."""
    if unit is not None and key.declaration.unit is None and key.kind is not Kind.TEXT:
        raise Misfit(f"takes no unit; leave out [{unit}]", of_unit=True)
    value = _PARSERS[key.kind](key, text)
    if unit is not None and key.declaration.unit is not None:
        value = _converted(value, unit, key.declaration.unit)
    if isinstance(value, tuple):
        for number in value:
            _check_range(key.declaration, number, repr(number))
    else:
        _check_range(key.declaration, value, text if unit is None else f"{text} [{unit}]")
    return value


def show_value(key: Declared, value: Any) -> str:
    """Return the text that gives a key this value."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, tuple):
        return " ".join(map(_number, value))
    return value if isinstance(value, str) else _number(value)


def range_text(declaration: Declaration) -> str:
    """Return the range a number must lie in, such as ``above 0``, or nothing."""
    d = declaration
    parts = [
        f"{words} {limit:g}"
        for words, limit in (
            ("at least", d.at_least),
            ("above", d.above),
            ("at most", d.at_most),
            ("below", d.below),
        )
        if limit is not None
    ]
    return " and ".join(parts)


def listed(names: Sequence[str]) -> str:
    """Return ``a, b or c``."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shown(text: str) -> str:
    """Return a text as a message shows it: its beginning, if it is long."""
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def not_among(text: str, choices: Sequence[str], lists_all: bool = False) -> str:
    """Return what is wrong with a text that is none of the choices.

    Where one of many is near, the others are left out, unless lists_all.
    """
    near = nearest(text, choices)
    if near and len(choices) > _MANY_CHOICES:
        others = f" There are {', '.join(choices)}" if lists_all else ""
        return f"cannot be {shown(text)}{near}{others}"
    return f"must be {listed(choices)}, not {shown(text)}{near}"


def takes(key: Declared) -> str:
    """Return what a key takes, such as ``a number, above 0``."""
    if key.choices:
        return listed(key.choices)
    many = "; it may be given many times" if key.kind.recurs else ""
    return ", ".join(filter(None, (kind_of(key), range_text(key.declaration)))) + many


def kind_of(key: Declared) -> str:
    """Return what a key takes without its range and choices, such as ``a number``."""
    path = "a file or folder" if key.declaration.path else None
    return key.declaration.takes or path or key.kind.value.partition(";")[0]


def cut_word(line: str) -> tuple[str, str]:
    """Return the first word of a line and the rest, without the comment that ends it."""
    name, text = [*uncommented(line).split(maxsplit=1), "", ""][:2]
    return name, text


def parse_literal(text: str) -> Any:
    """Return the Python literal that a text is; words that are none are a text themselves."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def uncommented(text: str) -> str:
    """Return a line of a free block without the comment that ends it, if quotes do not hold it."""
    for match in _COMMENT.finditer(text):
        before = text[: match.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
            return before.rstrip()
    return text


def _converted(value: Any, given: str, wanted: str) -> Any:
    try:
        if isinstance(value, tuple):
            return tuple(convert(number, given, wanted) for number in value)
        return convert(value, given, wanted)
    except UnknownUnit as error:
        raise Misfit(str(error), of_unit=True) from None


def _check_range(declaration: Declaration, number: Any, given: str) -> None:
    d = declaration
    if (
        (d.at_least is not None and number < d.at_least)
        or (d.above is not None and number <= d.above)
        or (d.at_most is not None and number > d.at_most)
        or (d.below is not None and number >= d.below)
    ):
        unit = f" {d.unit}" if d.unit and "[" in given else ""
        raise Misfit(f"must be {range_text(d)}{unit}, not {shown(given)}")


def _number(number: float) -> str:
    return repr(number).removesuffix(".0")


def _bool(key: Declared, text: str) -> bool:
    try:
        return _BOOL[text.casefold()]
    except KeyError:
        raise Misfit(f"must be Yes or No, not {shown(text)}") from None


def _int(key: Declared, text: str) -> int:
    if _INT.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise Misfit(f"must be a whole number of at most {_MAX_DIGITS} digits")
        return int(text)
    hint = number_advice(text, whole=True)
    if _FLOAT.fullmatch(text) and (number := _finite(text)) == int(number):
        hint = f"; write {int(number)}"
    raise Misfit(f"must be a whole number, not {shown(text)}{hint}")


def _float(key: Declared, text: str) -> float:
    if not _FLOAT.fullmatch(text):
        raise Misfit(f"must be a number, not {shown(text)}{_float_hint(key, text)}")
    return _finite(text)


def _float_hint(key: Declared, text: str) -> str:
    glued = _WITH_UNIT.fullmatch(text)
    if glued is not None and key.declaration.unit is not None:
        return f"; a unit stands in brackets behind a blank: {glued[1]} [{glued[2]}]"
    return number_advice(text)


def _finite(text: str) -> float:
    number = float(text.lower().replace("d", "e"))
    if abs(number) == float("inf"):
        raise Misfit(f"must be a finite number, not {shown(text)}")
    return number


def _text(key: Declared, text: str) -> str:
    return text


def _choice(key: Declared, text: str) -> str:
    for choice in key.choices:
        if choice.casefold() == text.casefold():
            return choice
    raise Misfit(not_among(text, key.choices))


def _ints(key: Declared, text: str) -> tuple[int, ...]:
    return tuple(n for word in text.split() for n in _int_range(key, word))


def _int_range(key: Declared, word: str) -> Sequence[int]:
    if ":" not in word:
        return (_int(key, word),)
    parts = word.split(":")
    if len(parts) != 2:
        raise Misfit(f"has the range {word}; a range of whole numbers is first:last")
    first, last = (_int(key, part) for part in parts)
    if last < first:
        raise Misfit(f"has the range {word}, which does not rise from first to last")
    if last - first >= _MAX_RANGE:
        raise Misfit(f"has the range {word}, which has too many numbers")
    return range(first, last + 1)


def _floats(key: Declared, text: str) -> tuple[float, ...]:
    return tuple(x for word in text.split() for x in _float_range(key, word))


def _float_range(key: Declared, word: str) -> Sequence[float]:
    if ":" not in word:
        return (_float(key, word),)
    parts = word.split(":")
    if len(parts) != 3:
        raise Misfit(f"has the range {word}; a range of numbers is first:count:last")
    first, last, count = _float(key, parts[0]), _float(key, parts[2]), _int(key, parts[1])
    if count < 2:
        raise Misfit(f"has the range {word}; the count in its middle must be at least 2")
    if count > _MAX_RANGE:
        raise Misfit(f"has the range {word}, which has too many numbers")
    step = (last - first) / (count - 1)
    return [first + step * i for i in range(count - 1)] + [last]


_PARSERS: dict[Kind, Callable[[Declared, str], Any]] = {
    Kind.BOOL: _bool,
    Kind.INT: _int,
    Kind.FLOAT: _float,
    Kind.TEXT: _text,
    Kind.TEXTS: _text,
    Kind.CHOICE: _choice,
    Kind.INTS: _ints,
    Kind.FLOATS: _floats,
}
