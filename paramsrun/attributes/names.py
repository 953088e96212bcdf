"""The names that may stand in an input, and the values that they take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePath
from typing import Any, TypeAlias

from paramsrun.input import Block, write
from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of, members_of
from paramsrun.settings.tree_of import NOWHERE, key_entry
from paramsrun.settings.values import Misfit, parse_value, show_value, takes

NUMBERS = (Kind.INTS, Kind.FLOATS)
TEXTS = (Kind.TEXT, Kind.TEXTS, Kind.CHOICE)


@dataclass(frozen=True)
class Name:
    """A name that may stand in a block, and what it stands for."""

    name: str
    key: Declared | None = None
    """What is declared under it; None for the sub-block of a type, and for Type itself."""
    cls: type | None = None
    """Of the sub-block of a type: the settings class."""
    types: Declared | None = None
    """Of Type: the typed block whose types it may name."""

    @property
    def is_free(self) -> bool:
        """Whether it opens a block of lines."""
        return self.key is not None and self.key.kind is Kind.FREE

    @property
    def is_block(self) -> bool:
        """Whether it opens a block."""
        return self.cls is not None or (self.key is not None and self.key.kind.is_block)

    @property
    def recurs(self) -> bool:
        """Whether it may be given many times."""
        return self.key is not None and self.key.kind.recurs

    @property
    def is_headed(self) -> bool:
        """Whether it opens a block whose header names the type."""
        return self.key is not None and self.key.kind is Kind.HEADED

    @property
    def below(self) -> "Names":
        """The names that may stand in its block."""
        if self.cls is not None:
            return names_of(self.cls)
        assert self.key is not None
        return names_of(self.key.cls) if self.key.cls is not None else _typed_names(self.key)


Names: TypeAlias = Mapping[str, Name]
"""By their casefolded forms, in the order in which they are written."""


@cache
def names_of(cls: type) -> Names:
    """Return the names that may stand in the block of a settings class."""
    return {key.name.casefold(): Name(key.name, key) for key in keys_of(cls)}


def _typed_names(key: Declared) -> Names:
    names = [] if key.kind is Kind.HEADED else [Name("Type", types=key)]
    for name, cls in members_of(key).items():
        bare = bare_key(cls)
        names.append(Name(name, cls=cls) if bare is None else Name(name, replace(bare, name=name)))
    return {name.name.casefold(): name for name in names}


def value_of(name: Name, given: Any, path: str) -> Any:
    """Return the value that a key takes; ValueError or TypeError where it cannot."""
    if name.types is not None:
        return _type(name.types, given, path)
    assert name.key is not None
    text, unit = _text(name.key, of_python(given), path)
    try:
        value = parse_value(name.key, text, unit)
        write(Block("", NOWHERE, entries=(key_entry(name.name, name.key, value),)))
    except Misfit as misfit:
        raise ValueError(f"{path} {misfit}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return value


def _type(key: Declared, given: Any, path: str) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{path} takes the name of a type, not {kind_of(given)}")
    spelling = {name.casefold(): name for name in members_of(key)}
    if given.casefold() not in spelling:
        raise ValueError(f"{path}: {key.declaration.family.unknown(given)}")
    return spelling[given.casefold()]


def _text(key: Declared, given: Any, path: str) -> tuple[str, str | None]:
    """Return the text of a value as it stands behind a key, and its unit."""
    if isinstance(given, PurePath):
        given = str(given)
    if isinstance(given, bool | int | float):
        return show_value(key, given), None
    if isinstance(given, str):
        value, bracket, unit = given.partition("[")
        if key.kind in TEXTS or not bracket or not unit.rstrip().endswith("]"):
            return given, None
        return value.rstrip(), unit.rstrip()[:-1]
    if key.kind in NUMBERS and isinstance(given, list | tuple):
        return " ".join(_text(key, one, path)[0] for one in given), None
    raise TypeError(f"{path} takes {takes(key)}, not {kind_of(given)}")


def of_python(value: Any) -> Any:
    """Return a numpy number or array as Python's; all else as it is."""
    return value.tolist() if type(value).__module__ == "numpy" else value


def kind_of(value: object) -> str:
    """Return the name of a value's type."""
    return type(value).__name__
