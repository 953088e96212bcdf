"""What is told of an evaluation of a data set: predictions, contributions and statistics."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paramsrun.arrays import Vector
from paramsrun.problem.contract import SetEvaluation
from paramsrun.problem.data_set import Entry
from paramsrun.problem.objective import DataSetObjective
from paramsrun.settings.families import extractors

_PLAIN = re.compile(r"[A-Za-z][\w()'\"., *+/-]*", re.ASCII)
_NOT_TEXT = re.compile(r"(true|false|yes|no|on|off|null|none)", re.IGNORECASE)


class Statistics(NamedTuple):
    """How far predictions are from the references, whatever the weights and sigmas."""

    extractor: str
    """The first of each entry's expression."""
    n: int
    """How many numbers were compared."""
    mae: float
    """Mean absolute error."""
    rmse: float
    """Root mean square error."""
    unit: str
    """The entries' Unit, or the extractor's own where they differ."""


class Contribution(NamedTuple):
    """An entry's share in the loss."""

    position: int
    """Of the entry in the data set."""
    value: float
    """Its term in the sum, divided by the number of entries for mae and rmse."""
    percent: float


class Row(NamedTuple):
    """One number of a scatter plot."""

    reference: float
    prediction: float
    difference: float
    contribution: float
    """Of this number alone."""
    expression: str
    element: int


class Report:
    """Tells of evaluations of one objective."""

    def __init__(self, objective: DataSetObjective) -> None:
        self._objective = objective
        self._entries = objective.data_set.entries
        self._all = tuple(range(len(self._entries)))
        self._all_elements = objective.elements(self._all)
        names = np.array([e.extractor for e in self._entries])
        self._element_names = np.repeat(names, objective.plan.sizes)
        self._names = tuple(dict.fromkeys(names.tolist()))
        units = {name: _unit(name, self._entries) for name in self._names}
        self._units = {name: unit for name, (unit, _) in units.items()}
        to_common = np.array(
            [1.0 if units[e.extractor][1] else 1.0 / e.factor for e in self._entries]
        )
        self._to_common = np.repeat(np.abs(to_common), objective.plan.sizes)

    def statistics(self, result: SetEvaluation) -> tuple[Statistics, ...]:
        """Return the errors by extractor, in file order; none without predictions."""
        if result.residuals is None:
            return ()
        elements = self._elements(result)
        errors = np.abs(self._differences(result, elements)) * self._to_common[elements]
        names = self._element_names[elements]
        return tuple(self._statistics(name, errors[names == name]) for name in self._names)

    def contributions(self, result: SetEvaluation) -> tuple[Contribution, ...]:
        """Return the share of each entry that was used; none without predictions."""
        if result.residuals is None:
            return ()
        used = self._used(result)
        sizes = self._objective.plan.sizes[list(used)]
        by_entry = np.add.reduceat(self._terms(result), np.cumsum(sizes) - sizes)
        with np.errstate(all="ignore"):
            percent = 100.0 * by_entry / by_entry.sum()
        return tuple(map(Contribution, used, by_entry.tolist(), percent.tolist()))

    def scatter(self, result: SetEvaluation) -> dict[str, list[Row]]:
        """Return for each extractor a row for every number, each in its entry's Unit."""
        if result.residuals is None or result.predictions is None:
            return {}
        elements = self._elements(result)
        columns = zip(
            self._objective.comparison.reference[elements].tolist(),
            result.predictions.tolist(),
            self._differences(result, elements).tolist(),
            self._terms(result).tolist(),
            strict=True,
        )
        rows: dict[str, list[Row]] = {name: [] for name in self._names}
        for i in self._used(result):
            entry = self._entries[i]
            for element in range(int(self._objective.plan.sizes[i])):
                rows[entry.extractor].append(Row(*next(columns), entry.expression, element))
        return {name: found for name, found in rows.items() if found}

    def predictions_yaml(self, result: SetEvaluation) -> str:
        """Return a data set file of the entries that were used, each with its Prediction."""
        parts = [_header(self._objective.data_set.header)]
        used = self._used(result)
        if result.predictions is None:
            parts += [_entry(self._entries[i]) for i in used]
        else:
            sizes = self._objective.plan.sizes[list(used)]
            predictions = np.split(result.predictions, np.cumsum(sizes)[:-1])
            shares = self.contributions(result)
            parts += [
                _entry(self._entries[i], prediction, share)
                for i, prediction, share in zip(used, predictions, shares, strict=True)
            ]
        return "".join(parts) + "...\n"

    def _used(self, result: SetEvaluation) -> tuple[int, ...]:
        return self._all if result.entries is None else result.entries

    def _elements(self, result: SetEvaluation) -> NDArray[np.intp]:
        if result.entries is None:
            return self._all_elements
        return self._objective.elements(result.entries)

    def _differences(self, result: SetEvaluation, elements: NDArray[np.intp]) -> Vector:
        assert result.residuals is not None
        differences: Vector = result.residuals * self._objective.comparison.sigma[elements]
        return differences

    def _terms(self, result: SetEvaluation) -> Vector:
        """Return each number's term in the sum of the loss."""
        assert result.residuals is not None
        loss, plan = self._objective.loss, self._objective.plan
        weight = self._objective.comparison.weight[self._elements(result)]
        with np.errstate(all="ignore"):
            coefficients = loss.coefficients(weight, plan.sizes[list(self._used(result))])
            terms: Vector = coefficients * loss.terms(result.residuals)
        return terms

    def _statistics(self, name: str, errors: Vector) -> Statistics:
        with np.errstate(all="ignore"):
            mae = float(errors.mean()) if len(errors) else float("nan")
            rmse = float(np.sqrt((errors**2).mean())) if len(errors) else float("nan")
        return Statistics(name, len(errors), mae, rmse, self._units[name])


def _unit(name: str, entries: Sequence[Entry]) -> tuple[str, bool]:
    """Return the unit of an extractor's statistics, and whether all its entries are given in it."""
    units = {(e.unit, e.factor) for e in entries if e.extractor == name}
    if len(units) == 1:
        return units.pop()[0], True
    return str(extractors[name].unit), False


def _header(header: Any) -> str:
    fields = {"dtype": "DataSet"} | dict(header or {})
    return "---\n" + "".join(f"{key}: {_value(value)}\n" for key, value in fields.items())


def _entry(
    entry: Entry, prediction: Vector | None = None, share: Contribution | None = None
) -> str:
    return "---\n" + "".join(f"{line}\n" for line in _lines(entry, prediction, share))


def _lines(entry: Entry, prediction: Vector | None, share: Contribution | None) -> Iterator[str]:
    yield f"Expression: {_value(entry.expression)}"
    yield f"Weight: {_array(entry.weight)}"
    yield f"Sigma: {entry.sigma!r}"
    yield f"ReferenceValue: {_array(entry.reference)}"
    yield f"Unit: {_value(f'{entry.unit}, {entry.factor!r}')}"
    for key, value in entry.metadata.items():
        if key not in ("Prediction", "Loss contribution", "Loss percent"):
            yield f"{_value(key)}: {_value(value)}"
    if prediction is not None and share is not None:
        yield f"Prediction: {_array(prediction.reshape(entry.reference.shape))}"
        yield f"Loss contribution: {share.value!r}"
        yield f"Loss percent: {share.percent:.4f}"


def _array(array: NDArray[np.float64]) -> str:
    """Return an array as a number or as lines ``array([...])``, a line for each row."""
    if array.ndim == 0:
        return repr(float(array))
    rows = ",\n          ".join(map(str, array.tolist()))
    return f"|\n   array([{rows}])"


def _value(value: Any) -> str:
    """Return metadata as YAML on one line."""
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value == value.strip()
    if is_plain and not _NOT_TEXT.fullmatch(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
