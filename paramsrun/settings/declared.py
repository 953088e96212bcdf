"""The keys of a settings class, as its annotations and declarations give them."""

import dataclasses
import types
from collections.abc import Hashable, Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from paramsrun.input.tree import Scope
from paramsrun.settings.keys import METADATA, Declaration


class Kind(Enum):
    """What a key takes; the value says it to people."""

    BOOL = "Yes or No"
    INT = "a whole number"
    FLOAT = "a number"
    TEXT = "a text"
    CHOICE = "a choice"
    INTS = "whole numbers"
    FLOATS = "numbers"
    TEXTS = "a text; it may be given many times"
    FREE = "a block of lines `name value`"
    BLOCK = "a block"
    BLOCKS = "a block; it may be given many times"
    TYPED = "a block with a Type"
    TYPED_BLOCKS = "a block with a Type; it may be given many times"
    HEADED = "a block whose header names its type"

    @property
    def is_block(self) -> bool:
        """Whether the name opens a block."""
        return self in _BLOCKS

    @property
    def recurs(self) -> bool:
        """Whether it may be given many times."""
        return self in (Kind.TEXTS, Kind.BLOCKS, Kind.TYPED_BLOCKS)


_BLOCKS = frozenset(
    {Kind.FREE, Kind.BLOCK, Kind.BLOCKS, Kind.TYPED, Kind.TYPED_BLOCKS, Kind.HEADED}
)
_ONE = {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT, str: Kind.TEXT}
_MANY = {int: Kind.INTS, float: Kind.FLOATS, str: Kind.TEXTS}


@dataclasses.dataclass(frozen=True)
class Declared:
    """One key of a settings class."""

    attribute: str
    name: str
    """As it is printed in inputs."""
    kind: Kind
    optional: bool
    """None is among its values."""
    choices: tuple[str, ...]
    cls: Any
    """The settings class of a (recurring) block."""
    declaration: Declaration
    field: dataclasses.Field[Any]

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        no = dataclasses.MISSING
        return self.field.default is no and self.field.default_factory is no

    def default(self) -> Any:
        """Return the default; only where it is not required."""
        if self.field.default_factory is not dataclasses.MISSING:
            return self.field.default_factory()
        return self.field.default


def keys_of(cls: type) -> tuple[Declared, ...]:
    """Return the keys that a settings class declares, in its order."""
    return _keys_of(cls)


@cache
def _keys_of(cls: Hashable) -> tuple[Declared, ...]:
    assert isinstance(cls, type)
    assert dataclasses.is_dataclass(cls)
    hints = get_type_hints(cls)
    return tuple(
        _declared(field, hints[field.name])
        for field in dataclasses.fields(cls)
        if METADATA in field.metadata
    )


def bare_key(cls: type) -> Declared | None:
    """Return the key whose value stands behind the type's own name, if the class has one."""
    return next((k for k in keys_of(cls) if k.declaration.bare), None)


def scope_of(cls: type) -> Scope:
    """Return the names that may stand in the block of a settings class."""
    keys = keys_of(cls)
    return Scope(
        keys=frozenset(k.name for k in keys if not k.kind.is_block or k.declaration.or_none),
        blocks={k.name: _scope_below(k) for k in keys if k.kind in _SCOPED},
        free=frozenset(k.name for k in keys if k.kind is Kind.FREE),
        by_header={k.name: _scopes_by_type(k) for k in keys if k.kind is Kind.HEADED},
    )


_SCOPED = {Kind.BLOCK, Kind.BLOCKS, Kind.TYPED, Kind.TYPED_BLOCKS}


def _scope_below(key: Declared) -> Scope:
    if key.cls is not None:
        return scope_of(key.cls)
    members = members_of(key)
    bare = frozenset(name for name, cls in members.items() if bare_key(cls))
    blocks = {name: scope_of(cls) for name, cls in members.items() if name not in bare}
    return Scope(keys=bare | {"Type"}, blocks=blocks)


def _scopes_by_type(key: Declared) -> dict[str, Scope]:
    return {name: scope_of(cls) for name, cls in members_of(key).items()}


def members_of(key: Declared) -> dict[str, type]:
    """Return the types of a typed block by name."""
    family = key.declaration.family
    return {name: family[name] for name in family}


def _declared(field: dataclasses.Field[Any], hint: Any) -> Declared:
    declaration: Declaration = field.metadata[METADATA]
    hint, optional = _without_none(hint)
    kind = _kind(declaration, hint)
    return Declared(
        attribute=field.name,
        name=declaration.name or _camel_case(field.name),
        kind=kind,
        optional=optional,
        choices=get_args(hint) if kind is Kind.CHOICE else (),
        cls=_class_below(kind, hint),
        declaration=declaration,
        field=field,
    )


def _camel_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (types.UnionType, Union):
        return hint, False
    rest = [a for a in get_args(hint) if a is not type(None)]
    return rest[0], True


def _kind(declaration: Declaration, hint: Any) -> Kind:
    many = get_origin(hint) is tuple
    if declaration.headed:
        return Kind.HEADED
    if declaration.family is not None:
        return Kind.TYPED_BLOCKS if many else Kind.TYPED
    if get_origin(hint) is Literal:
        return Kind.CHOICE
    if hint is Mapping or get_origin(hint) in (Mapping, dict):
        return Kind.FREE
    if many:
        return _MANY.get(get_args(hint)[0], Kind.BLOCKS)
    if get_origin(hint) is not None or hint not in _ONE:
        return Kind.BLOCK
    return _ONE[hint]


def _class_below(kind: Kind, hint: Any) -> Any:
    if kind is Kind.BLOCK:
        return hint
    return get_args(hint)[0] if kind is Kind.BLOCKS else None
