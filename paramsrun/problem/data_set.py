"""Data sets: reference values, and the expressions that predict them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paramsrun.errors import Findings, Mistake, Place, nearest
from paramsrun.problem.documents import Stream
from paramsrun.problem.expression import Call, Part, calls
from paramsrun.problem.expression_parser import parse_array, parse_expression
from paramsrun.problem.jobs import check_dtype
from paramsrun.problem.kinds import entries_of
from paramsrun.problem.nodes import Fields, Listing, Node, Scalar, instead, number, plain_value
from paramsrun.problem.quantities import known_units
from paramsrun.settings.number_advice import number_advice

_PREFIXES = {"n": 1e-9, "u": 1e-6, "\u00b5": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
"""Of the SI, those that stand before units of energy."""
KEYS = ("Expression", "Weight", "Sigma", "ReferenceValue", "Unit")


@dataclass(frozen=True, eq=False)
class Entry:
    """A reference value, in its Unit, and what is compared with it."""

    expression: str
    tree: Part
    weight: NDArray[np.float64]
    """A number or of the reference's shape."""
    sigma: float
    """In its Unit."""
    reference: NDArray[np.float64]
    unit: str
    factor: float
    """What one default unit of the expression's first extractor is in its Unit."""
    place: Place
    places: Mapping[str, Place]
    """Of its keys."""
    metadata: Mapping[str, Any]
    """Every key besides those that are read, Description among them."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The extractors that its expression calls."""
        return tuple(calls(self.tree))

    @property
    def jobs(self) -> frozenset[str]:
        """The jobs that its expression needs."""
        return frozenset(call.job for call in self.calls)

    @property
    def extractor(self) -> str:
        """The name of its expression's first extractor, which decides the default unit."""
        return self.calls[0].name


@dataclass(frozen=True, eq=False)
class DataSet:
    """The entries of a data set, in file order."""

    name: str
    """``training_set`` or ``validation_set``."""
    entries: tuple[Entry, ...]
    header: Mapping[str, Any] | None = None

    def only(self, positions: Any, name: str) -> "DataSet":
        """Return a data set of some entries."""
        return DataSet(name, tuple(self.entries[i] for i in positions), self.header)


def read_data_set(name: str, stream: Stream, findings: Findings) -> DataSet:
    """Return the entries of a stream; those with mistakes are left out of it."""
    check_dtype(stream, "DataSet", findings)
    reader = _Reader(findings)
    given = entries_of(stream, "a data set", "DataSet", findings)
    entries = [e for fields in given if (e := reader.entry(fields)) is not None]
    if not stream.entries:
        findings.mistake(Place(stream.source.at.file), "there are no entries in this data set")
    _check_units(entries, findings)
    if len(entries) == len(stream.entries):
        _check_weights(name, entries, findings)
    header = plain_value(stream.header) if stream.header is not None else None
    return DataSet(name, tuple(entries), header)


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._first: dict[str, Place] = {}

    def _mistake(self, place: Place, text: str) -> None:
        self._findings.mistake(place, text)

    def entry(self, fields: Fields) -> Entry | None:
        n_before = len(self._findings.mistakes)
        expression = self._expression(fields)
        weight = self._array(fields, "Weight", "a number, or an array like the value")
        reference = self._array(fields, "ReferenceValue", "the value to be met")
        if weight is not None and (weight < 0).any():
            self._mistake(fields.entries["Weight"].place, "Weight must not be negative")
        if expression is None:
            return None
        text, tree = expression
        first = next(calls(tree)).extractor
        unit, factor = self._unit(fields, first.unit)
        sigma = self._sigma(fields, first.sigma * abs(factor))
        if len(self._findings.mistakes) > n_before or weight is None or reference is None:
            return None
        metadata = {k: plain_value(v) for k, v in fields.entries.items() if k not in KEYS}
        places = {key: node.place for key, node in fields.entries.items()}
        return Entry(
            text, tree, weight, sigma, reference, unit, factor, fields.place, places, metadata
        )

    def _expression(self, fields: Fields) -> tuple[str, Part] | None:
        node = self._required(
            fields, "Expression", "what predicts the value, such as energy('job')"
        )
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self._mistake(node.place, "Expression must be a text, such as energy('job')")
            return None
        if node.text in self._first:
            line = self._first[node.text].line
            self._mistake(node.place, f"this Expression is given twice, first on line {line}")
        self._first.setdefault(node.text, node.place)
        tree = parse_expression(node.text, node.content, self._findings)
        if tree is not None and next(calls(tree), None) is None:
            self._mistake(node.place, "Expression needs an extractor, such as energy('job')")
            return None
        return None if tree is None else (node.text, tree)

    def _required(self, fields: Fields, key: str, what: str) -> Node | None:
        node = fields.get(key)
        if node is None:
            self._mistake(*fields.missing(key, KEYS, what))
        return node

    def _array(self, fields: Fields, key: str, what: str) -> NDArray[np.float64] | None:
        node = self._required(fields, key, what)
        if node is None:
            return None
        value = number(node)
        if value is None:
            value = self._nested(node, key)
        if value is None:
            return None
        try:
            array = np.array(value, dtype=float)
        except ValueError:
            self._mistake(node.place, f"{key}: the rows of an array must be of equal length")
            return None
        if not np.isfinite(array).all():
            self._mistake(node.place, f"{key} must be finite")
            return None
        return array

    def _nested(self, node: Node, key: str) -> Any:
        """Return a list of lists of numbers, from YAML or as the text ``array([...])``."""
        if isinstance(node, Scalar):
            return self._array_of(node, key)
        if isinstance(node, Listing):
            items = [number(item) for item in node.items]
            items = [
                self._nested(item, key) if isinstance(item, Listing) else value
                for item, value in zip(node.items, items, strict=True)
            ]
            for item, value in zip(node.items, items, strict=True):
                if value is None and not isinstance(item, Listing):
                    self._mistake(item.place, f"{key}: only numbers may stand in an array")
            return None if None in items else items
        self._mistake(node.place, f"{key} must be a number or an array")
        return None

    def _array_of(self, node: Scalar, key: str) -> Any:
        """Return the array that a text is; one that looks like none is told as a wrong number."""
        findings = Findings()
        array = parse_array(node.text, node.content, findings)
        if array is None and not any(bracket in node.text for bracket in "[("):
            text = f"{key} must be a number or an array{instead(node)}"
            findings.mistakes[:] = [Mistake(node.place, text)]
            if node.text.lower().lstrip("+-") in (".nan", ".inf"):
                findings.mistakes[:] = [Mistake(node.place, f"{key} must be finite")]
        self._findings.mistakes += findings.mistakes
        return array

    def _unit(self, fields: Fields, default: str) -> tuple[str, float]:
        node = fields.get("Unit")
        if node is None:
            return default, 1.0
        if not isinstance(node, Scalar):
            self._mistake(node.place, "Unit must be `name` or `name, factor`")
            return default, 1.0
        name, _, text = node.text.partition(",")
        if not text:
            return self._known_unit(name.strip(), node.place, default)
        try:
            factor = float(text)
        except ValueError:
            factor = np.nan
        if not np.isfinite(factor) or factor == 0.0:
            wanted = f"the factor of Unit must be a number that turns {default} into {name}"
            self._mistake(node.place, f"{wanted}, not {text.strip()}")
            return default, 1.0
        return name.strip(), factor

    def _known_unit(self, name: str, place: Place, default: str) -> tuple[str, float]:
        known = known_units(default)
        by_fold = {unit.casefold(): unit for unit in ("au", *known)}
        unit = by_fold.get(name.casefold())
        if unit is None:
            text = f"Unit {name} is not known here (known: {', '.join(known)})"
            self._mistake(place, f"{text}{_factor_advice(name, default, known)}")
            return default, 1.0
        return unit, known.get(unit, 1.0)

    def _sigma(self, fields: Fields, default: float) -> float:
        node = fields.get("Sigma")
        if node is None:
            return default
        sigma = number(node)
        if sigma is None or not np.isfinite(sigma) or sigma <= 0.0:
            advice = number_advice(node.text) if isinstance(node, Scalar) else ""
            given = f", not {node.text}{advice}" if isinstance(node, Scalar) else ""
            self._mistake(node.place, f"Sigma must be a number above 0{given}")
            return default
        return sigma


def _factor_advice(name: str, default: str, known: Mapping[str, float]) -> str:
    """Return what to write in place of a unit that is not known: with a prefix, its factor too."""
    sizes = {unit.casefold(): (unit, size) for unit, size in known.items()}
    prefix, rest = name[:1], name[1:].casefold()
    if prefix in _PREFIXES and rest in sizes:
        unit, size = sizes[rest]
        return f"; give its factor: {prefix}{unit}, {size / _PREFIXES[prefix]:.11g}"
    wanted = f"give its factor: {name}, <how many {name} are one {default}>"
    return f"{near}, or {wanted}" if (near := nearest(name, known)) else f"; {wanted}"


def _check_units(entries: Sequence[Entry], findings: Findings) -> None:
    """Warn of an extractor whose entries have a Unit in part: the others have its own."""
    by_extractor: dict[str, list[Entry]] = {}
    for entry in entries:
        by_extractor.setdefault(entry.extractor, []).append(entry)
    for name, group in by_extractor.items():
        without = [entry for entry in group if "Unit" not in entry.places]
        if 0 < len(without) < len(group):
            other = next(entry for entry in group if "Unit" in entry.places)
            findings.warn(
                without[0].place,
                f"{len(without)} of {len(group)} entries of {name} have no Unit, so that theirs is "
                f"{without[0].unit}; others have one, such as {other.unit} on line "
                f"{other.places['Unit'].line}",
            )


def _check_weights(name: str, entries: Sequence[Entry], findings: Findings) -> None:
    """Note weights that are all 0: a mistake where the loss that is minimised would be 0."""
    if not entries or any(entry.weight.any() for entry in entries):
        return
    note = findings.warn if name == "validation_set" else findings.mistake
    note(entries[0].places["Weight"], "all Weights are 0, so that the loss would always be 0")
