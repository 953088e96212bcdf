"""What every member of every family must keep to; a new file is tested here with no edit."""

import dataclasses
import inspect
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from paramsrun.errors import Findings
from paramsrun.input import Source, parse, write
from paramsrun.settings import families
from paramsrun.settings.declared import Kind, keys_of, scope_of
from paramsrun.settings.describe import describe
from paramsrun.settings.family import Family
from paramsrun.settings.read import read
from paramsrun.settings.record import from_record, record
from paramsrun.settings.tree_of import tree_of
from tests.families.test_every_optimizer import needing

FAMILIES = [family for family in vars(families).values() if isinstance(family, Family)]
SAMPLES = {
    Kind.INT: 3,
    Kind.FLOAT: 2.5,
    Kind.TEXT: "module:name",
    Kind.BOOL: True,
    Kind.INTS: (3, 5),
}
"""Values for keys that have no default."""


def made(family: Family, name: str) -> Any:
    """Return a member with its defaults, and samples where there are none."""
    if family is families.extractors:
        fields = dataclasses.fields(family[name])
        required = [f.name for f in fields if f.default is dataclasses.MISSING]
        return family[name](**{field: i for i, field in enumerate(required)})
    samples = {key.attribute: SAMPLES[key.kind] for key in keys_of(family[name]) if key.required}
    return family[name](**samples)


def members(among: list[Family]) -> Iterator[Any]:
    for family in among:
        for name in family:
            yield pytest.param(
                family, name, id=f"{family.block}-{name}", marks=needing(made(family, name))
            )


every_member = pytest.mark.parametrize(("family", "name"), list(members(FAMILIES)))
every_block = pytest.mark.parametrize(
    ("family", "name"), list(members([f for f in FAMILIES if f is not families.extractors]))
)
"""Extractors are no blocks of the input: their fields are the arguments of a call."""


def test_there_are_members_to_test() -> None:
    assert {f.block for f in FAMILIES if list(f)} == {
        "Engine",
        "Extractor",
        "Optimizer",
        "ExitCondition",
        "Stopper",
        "Generator",
        "OptimizerSelector",
    }


@every_member
def test_it_and_its_keys_are_documented(family: Family, name: str) -> None:
    cls = family[name]
    assert cls.__doc__
    assert inspect.getmodule(cls).__doc__
    assert all(len(key.declaration.doc) > 10 for key in keys_of(cls))


@every_block
def test_each_of_its_fields_is_a_key(family: Family, name: str) -> None:
    fields = [field.name for field in dataclasses.fields(family[name])]
    assert fields == [key.attribute for key in keys_of(family[name])]


@every_member
def test_it_is_frozen_and_can_be_sent_to_a_worker(family: Family, name: str) -> None:
    member = made(family, name)
    for field in dataclasses.fields(member):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(member, field.name, None)
    assert pickle.loads(pickle.dumps(member)) == member


@every_member
def test_it_is_found_in_any_case_and_knows_its_name(family: Family, name: str) -> None:
    assert family[name.upper()] is family[name.lower()] is family[name]
    assert family.name_of(made(family, name)) == name


@every_block
def test_its_record_is_json_and_gives_it_back(family: Family, name: str) -> None:
    member = made(family, name)
    stored = json.loads(json.dumps(record(member)))
    assert from_record(family[name], stored) == member


@every_block
def test_text_gives_it_back(family: Family, name: str) -> None:
    member = made(family, name)
    if any(key.declaration.bare for key in keys_of(type(member))):
        pytest.skip("its value stands behind its own name: test_read covers it")
    findings = Findings()
    text = write(tree_of(member, defaults=True))
    tree = parse(Source(text), scope_of(family[name]), findings)
    assert read(tree, family[name], findings) == member
    findings.check()


@every_block
def test_describe_knows_it(family: Family, name: str) -> None:
    path = f"{family.block}%{name}" if family.block != "Engine" else f"Engine {name}"
    assert name in describe(path)
