"""Reads a parameter: an entry of a parameter interface."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from paramsrun.errors import Findings, nearest
from paramsrun.problem.choices import NoChoice, choice, place_among, shown
from paramsrun.problem.key_spelling import check_spelling
from paramsrun.problem.nodes import (
    Fields,
    Listing,
    Node,
    Scalar,
    instead,
    number,
    plain_value,
    truth,
)
from paramsrun.problem.parameter import Parameter
from paramsrun.problem.space import SCALES, Scale, Value
from paramsrun.settings.parameter_types import TYPES, Type

NEEDED = ("name", "value", "range", "is_active")
KEYS = (*NEEDED, "type", "scale", "choices")
LARGEST = 10**12
"""Whole numbers beyond this have no cells of their own between 0 and 1 in double precision."""
Word = TypeVar("Word", bound=str)
Domain: TypeAlias = tuple[Value, tuple[float, float], tuple[Value, ...]]
"""A value, and the range and the choices that it is among."""


def read_parameter(entry: Fields, findings: Findings) -> Parameter | None:
    """Return the parameter of an entry; None, and the mistakes, where it is none."""
    return _Reader(entry, findings).parameter()


class _Reader:
    def __init__(self, entry: Fields, findings: Findings) -> None:
        self._entry = entry
        self._nodes = entry.entries
        self._mistake = findings.mistake
        self._warn = findings.warn
        self._findings = findings

    def parameter(self) -> Parameter | None:
        kind = self._word("type", TYPES)
        scale = self._word("scale", SCALES)
        needed = [key for key in NEEDED if key != "range" or kind in ("float", "integer")]
        complete = [self._is_there(key, kind) for key in needed]
        of_choices = ("choices",) if kind == "categorical" else ()
        check_spelling(self._entry, (*needed, *of_choices), self._findings)
        at_odds = kind is not None and scale is not None and self._is_at_odds(kind, scale)
        if kind is None or scale is None or at_odds or not all(complete):
            return None
        name, is_active = self._name(), self._truth()
        found = self._chosen(name) if kind == "categorical" else self._measured(kind)
        if name is None or is_active is None or found is None:
            return None
        value, limits, choices = found
        if not self._fits(name, found, is_active, scale):
            return None
        scalar = self._nodes["value"]
        assert isinstance(scalar, Scalar)
        metadata = {key: plain_value(node) for key, node in self._nodes.items() if key not in KEYS}
        at = (scalar.place, scalar.end)
        return Parameter(
            name, value, limits, is_active, self._entry.place, at, metadata, kind, scale, choices
        )

    def _is_there(self, key: str, kind: Type | None) -> bool:
        node = self._entry.get(key)
        if kind == "categorical" and key == "value":  # "none" may be a choice
            node = self._nodes.get(key)
        if node is not None:
            return True
        self._mistake(*self._entry.missing(key, KEYS, "a parameter needs one"))
        return False

    def _word(self, key: str, known: tuple[Word, ...]) -> Word | None:
        """Return one of the words that a key may have, the first where it is not there."""
        node = self._entry.get(key)
        if node is None:
            return known[0]
        given = node.text if isinstance(node, Scalar) else None
        for word in known:
            if given is not None and given.casefold() == word:
                return word
        wanted = f"{', '.join(known[:-1])} or {known[-1]}"
        end = "" if given is None else f", not {given}{nearest(given, known)}"
        self._mistake(node.place, f"{key} must be {wanted}{end}")
        return None

    def _is_at_odds(self, kind: Type, scale: Scale) -> bool:
        """Note keys that do not go with the type."""
        choices = self._entry.get("choices")
        if kind != "categorical":
            if choices is None:
                return False
            text = "choices go with type: categorical; write that, or leave them out"
            self._mistake(choices.place, text)
            return True
        if choices is None:
            self._mistake(*self._entry.missing("choices", KEYS, "a categorical parameter has some"))
        if (limits := self._entry.get("range")) is not None:
            text = "a categorical parameter has choices and no range; leave it out"
            self._mistake(limits.place, text)
        if scale == "log":
            text = "a categorical parameter has no scale; leave it out"
            self._mistake(self._nodes["scale"].place, text)
        return choices is None or limits is not None or scale == "log"

    def _name(self) -> str | None:
        node = self._nodes["name"]
        if isinstance(node, Scalar) and node.text.strip():
            return node.text
        self._mistake(node.place, "name must be a text")
        return None

    def _truth(self) -> bool | None:
        node = self._nodes["is_active"]
        value = truth(node)
        if value is None:
            given = f", not {node.text!r}" if isinstance(node, Scalar) else ""
            self._mistake(node.place, f"is_active must be true or false{given}")
        return value

    # Choices

    def _chosen(self, name: str | None) -> Domain | None:
        node = self._nodes["choices"]
        if not isinstance(node, Listing) or len(node.items) < 2:
            self._mistake(node.place, "choices must be two or more, such as [relu, tanh]")
            return None
        choices: list[Value] = []
        for item in node.items:
            found = self._choice(item, "a choice")
            if found is not None and place_among(choices, found) is not None:
                self._mistake(item.place, f"the choice {shown(found)} is given twice")
            elif found is not None:
                choices.append(found)
        value = self._choice(self._nodes["value"], "value")
        if value is not None and _is_block(self._nodes["value"]):
            self._mistake(self._nodes["value"].place, "value must stand behind its colon")
            return None
        if value is None or len(choices) < len(node.items):
            return None
        position = place_among(choices, value)
        if position is None:
            self._mistake(self._nodes["value"].place, _no_choice(name or "it", value, choices))
            return None
        return choices[position], (0.0, len(choices) - 1.0), tuple(choices)

    def _choice(self, node: Node, what: str) -> Value | None:
        try:
            return choice(node)
        except NoChoice as no:
            self._mistake(node.place, f"{what} {no}")
            return None

    # Numbers

    def _measured(self, kind: Type) -> Domain | None:
        value = self._number(self._nodes["value"], "value", kind)
        limits = self._range(self._nodes["range"], kind)
        if value is None or limits is None:
            return None
        return (int(value) if kind == "integer" else value), limits, ()

    def _number(self, node: Node, what: str, kind: Type) -> float | None:
        value = number(node)
        if value is None:
            self._mistake(node.place, f"{what} must be a number{instead(node)}")
        elif not math.isfinite(value):
            self._mistake(node.place, f"{what} must be finite, not {value}")
            return None
        elif kind == "integer" and not value.is_integer():
            text = f"{what} of an integer parameter must be a whole number, not {value!r}"
            self._mistake(node.place, text)
            return None
        elif kind == "integer" and abs(value) > LARGEST:
            text = f"{what} of an integer parameter must lie within {-LARGEST:.0e} to {LARGEST:.0e}"
            self._mistake(node.place, text)
            return None
        return value

    def _range(self, node: Node, kind: Type) -> tuple[float, float] | None:
        if not isinstance(node, Listing) or len(node.items) != 2:
            commas = isinstance(node, Listing) and len(node.items) == 4
            hint = "; write the decimal point as ." if commas else ""
            self._mistake(node.place, f"range must be two numbers, [lowest, highest]{hint}")
            return None
        lo, hi = (self._number(item, "range", kind) for item in node.items)
        return None if lo is None or hi is None else (lo, hi)

    def _fits(self, name: str, domain: Domain, is_active: bool, scale: Scale) -> bool:
        """Note a range that cannot be searched; one of an inactive parameter is not used."""
        value, (lo, hi), choices = domain
        if choices or isinstance(value, str):
            return True
        if isinstance(value, int):
            lo, hi = int(lo), int(hi)
        objection = _objection(name, value, lo, hi, is_active, scale)
        if objection is None:
            return True
        key, text = objection
        if is_active:
            self._mistake(self._nodes[key].place, text)
            return False
        self._warn(self._nodes[key].place, f"{text}, but it is not active")
        return True


def _is_block(node: Node) -> bool:
    """Return whether a text stands on lines of its own, below ``|`` or ``>``."""
    if not isinstance(node, Scalar) or node.plain:
        return False
    return node.content != replace(node.place, column=node.place.column + 1)


def _objection(
    name: str, value: float, lo: float, hi: float, is_active: bool, scale: Scale
) -> tuple[str, str] | None:
    """Return what is wrong: with ``range`` or ``value``, and a sentence."""
    if lo > hi or (lo == hi and (is_active or value != lo)):
        return (
            "range",
            f"the range of {name} must rise: its lower end {lo!r} is not below {hi!r}",
        )
    if scale == "log" and lo <= 0.0:
        return (
            "range",
            f"the range of {name} must lie above 0, as its scale is log, not begin at {lo!r}",
        )
    if not lo <= value <= hi:
        return "value", f"the value {value!r} of {name} is outside its range {lo!r} to {hi!r}"
    if is_active and not math.isfinite(hi - lo):
        return "range", f"the range of {name} is too wide"
    return None


def _no_choice(name: str, value: Value, choices: Sequence[Value]) -> str:
    known = [shown(one) for one in choices]
    like = nearest(shown(value), known) or f"; there are {', '.join(known)}"
    return f"the value {shown(value)} of {name} is not among its choices{like}"
