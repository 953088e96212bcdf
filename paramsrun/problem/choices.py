"""The choices of a categorical parameter: as they are written, and as they are shown."""

import json
import math
import re
from collections.abc import Sequence

from paramsrun.problem.nodes import Node, Scalar, plain_value
from paramsrun.problem.space import Value

LARGEST = 2**63
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML takes for a line break or not at all, and JSON leaves as it is."""
_PLAIN = re.compile(r"[^\W\d][\w.+*/@%-]*")
_WORDS = ("yes", "no", "on", "off", "none")
"""Texts, though YAML 1.1 or our own files see more in them where they stand without quotes."""
_NOT_TEXT = frozenset({*_WORDS, "true", "false", "null", "nan", "inf", "infinity"})


class NoChoice(Exception):
    """A node is no choice; says why."""


def choice(node: Node) -> Value:
    """Return the choice that a node is; NoChoice where it is none.

    Only true and false are truths: yes, no, on, off and none are texts, as the user sees them.
    """
    if not isinstance(node, Scalar):
        raise NoChoice("must be a text, a number, true or false")
    if not node.plain or node.text.casefold() in _WORDS:
        return node.text
    value: Value | None = plain_value(node)
    if value is None:
        raise NoChoice('must not be null; a text of that name needs quotes, as in "null"')
    if type(value) is int and not -LARGEST <= value < LARGEST:
        raise NoChoice(f"must be a smaller number than {value}")
    if type(value) is float and not math.isfinite(value):
        raise NoChoice(f"must be a finite number, not {value}")
    return value


def place_among(choices: Sequence[Value], value: Value) -> int | None:
    """Return the position of a value among choices; True is no 1 and 1 is no "1"."""
    for i, one in enumerate(choices):
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return i
    return None


def shown(value: Value) -> str:
    """Return a parameter's value as a text without blanks, and as YAML.

    A text that holds blanks, or could be taken for something else, stands in quotes.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    if _PLAIN.fullmatch(value) and value.casefold() not in _NOT_TEXT:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
