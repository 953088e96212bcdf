"""What is told of the keys of YAML files is what their readers do."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from paramsrun.errors import Findings
from paramsrun.input.source import Source
from paramsrun.problem import data_set, jobs, parameter_entry
from paramsrun.problem.documents import Stream, parse_stream
from paramsrun.problem.parameters import read_parameters
from paramsrun.problem.space import SCALES
from paramsrun.settings.data_files import (
    DATA_SET,
    ENGINE_COLLECTION,
    JOB_COLLECTION,
    PARAMETER_INTERFACE,
    DataFile,
    extractor_docs,
)
from paramsrun.settings.families import extractors
from paramsrun.settings.parameter_types import TYPES

Reader = Callable[[Stream, Findings], object]
ATOM = "|\n  System\n    Atoms\n      Ar 0 0 0\n    End\n  End\n"
COMPLETE: Mapping[str, tuple[DataFile, Reader, dict[str, str]]] = {
    "parameter": (
        PARAMETER_INTERFACE,
        read_parameters,
        {"name": "a", "value": "1", "range": "[0, 2]", "is_active": "true"},
    ),
    "choice": (
        PARAMETER_INTERFACE,
        read_parameters,
        {
            "name": "a",
            "value": "x",
            "type": "categorical",
            "choices": "[x, y]",
            "is_active": "true",
        },
    ),
    "job": (JOB_COLLECTION, jobs.read_jobs, {"ID": "one", "AMSInput": ATOM}),
    "engine": (
        ENGINE_COLLECTION,
        jobs.read_engines,
        {"ID": "one", "AMSInput": "|\n  Engine X\n  EndEngine\n"},
    ),
    "entry": (
        DATA_SET,
        lambda stream, findings: data_set.read_data_set("training_set", stream, findings),
        {"Expression": "energy('one')", "Weight": "1", "ReferenceValue": "0"},
    ),
}


def is_complete(read: Reader, entry: Mapping[str, str]) -> bool:
    findings = Findings()
    stream = parse_stream(Source("".join(f"{k}: {v}\n" for k, v in entry.items())), findings)
    assert stream is not None
    read(stream, findings)
    return not findings.mistakes


def test_the_keys_told_are_the_keys_read() -> None:
    def names(file: DataFile) -> list[str]:
        return [key.name for key in file.keys]

    assert names(PARAMETER_INTERFACE) == list(parameter_entry.KEYS)
    assert names(JOB_COLLECTION) == list(jobs.JOB_KEYS)
    assert set(names(ENGINE_COLLECTION)) <= set(jobs.JOB_KEYS)
    assert names(DATA_SET) == list(data_set.KEYS)


@pytest.mark.parametrize("what", COMPLETE)
def test_what_must_be_given_is_told_so_and_all_else_may_be_left_out(what: str) -> None:
    file, read, entry = COMPLETE[what]
    assert is_complete(read, entry)
    for key in file.keys:
        must = "must be given" in key.default
        if key.name in entry and key.name != "type":
            without = {name: value for name, value in entry.items() if name != key.name}
            assert must
            assert not is_complete(read, without)
        elif key.name not in ("range", "choices"):
            assert not must


def test_the_words_of_types_and_scales_are_those_that_are_read() -> None:
    by_name: dict[str, Any] = {key.name: key for key in PARAMETER_INTERFACE.keys}
    assert by_name["type"].takes.replace(" or ", ", ").split(", ") == list(TYPES)
    assert by_name["scale"].takes.split(" or ") == list(SCALES)
    assert (by_name["type"].default, by_name["scale"].default) == (TYPES[0], SCALES[0])


def test_every_extractor_is_told_with_its_unit_sigma_and_engines() -> None:
    told = dict(extractor_docs())
    assert set(told) == set(extractors)
    for name, of_it in told.items():
        assert of_it["called"].startswith(f"{name}('job'")
        assert of_it["unit"] == extractors[name].unit
        assert float(of_it["sigma"].split()[0]) == extractors[name].sigma
    assert "Engines that give it: LennardJones." in told["forces"]["doc"]
    assert "No engine gives it yet." in told["charges"]["doc"]
    assert "ngine" not in told["angle"]["doc"]
