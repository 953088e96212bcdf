"""What a settings class declares."""

import pytest

from paramsrun.input import Scope
from paramsrun.settings.declared import Kind, keys_of, scope_of
from tests.settings.toy import Notes, Time, Toy, Walk, limits


def test_names_come_from_fields_and_kinds_from_annotations() -> None:
    kinds = {key.name: key.kind for key in keys_of(Toy)}
    assert kinds["Title"] is Kind.TEXT
    assert kinds["On"] is Kind.BOOL
    assert kinds["Wait"] is Kind.FLOAT
    assert kinds["Colour"] is Kind.CHOICE
    assert kinds["Sizes"] is Kind.INTS
    assert kinds["Angles"] is Kind.FLOATS
    assert kinds["Rule"] is Kind.TEXTS
    assert kinds["Notes"] is Kind.BLOCK
    assert kinds["Data"] is Kind.BLOCKS
    assert kinds["Mover"] is Kind.TYPED
    assert kinds["Limit"] is Kind.TYPED_BLOCKS
    assert kinds["Engine"] is Kind.HEADED
    assert {key.name: key.kind for key in keys_of(Walk)}["Settings"] is Kind.FREE


def test_the_scope_holds_the_names_of_all_types() -> None:
    scope = scope_of(Toy)
    notes = Scope(keys=frozenset({"Every", "Flush"}))
    assert scope.blocks["Notes"] == notes == scope_of(Notes)
    assert scope.blocks["Limit"].keys == {"Type", "Calls", "Time"}
    assert scope.blocks["Mover"].blocks["Walk"].free == {"Settings"}
    assert scope.by_header["Engine"]["Spring"].keys == {"Length"}


def test_a_type_is_found_whatever_its_case_and_an_unknown_one_is_told() -> None:
    assert limits["TIME"] is Time
    assert "Moon" not in limits
    with pytest.raises(KeyError, match="Limit has no type Moon"):
        limits["Moon"]
