"""Settings as plain JSON values and back, exactly: what journals keep of an optimizer."""

import ast
import math
from collections.abc import Mapping
from typing import Any

from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of
from paramsrun.settings.family import Family
from paramsrun.settings.secrets import masked


def record(settings: Any) -> dict[str, Any]:
    """Return the keys of settings by input name, those of nested blocks within.

    A block with a Type becomes ``{"Type": X, X: {...}}``, or ``{"Type": X, X: value}`` where a
    single value stands behind the type's name. Non-finite numbers become strings, and
    the values of a free block the Python literals that give them. Passwords are left out.
    """
    return {
        key.name: _plain(key, getattr(settings, key.attribute)) for key in keys_of(type(settings))
    }


def from_record(cls: type | Family, stored: Mapping[str, Any]) -> Any:
    """Return the settings that `record` was given; keys that are not there have their defaults.

    With a family the record is that of a block with a Type. ValueError where it is none.
    """
    try:
        return _made(cls, stored)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(f"its record holds no settings: {type(error).__name__}: {error}") from None


def _made(cls: type | Family, stored: Mapping[str, Any]) -> Any:
    if isinstance(cls, Family):
        member, below = cls[stored["Type"]], stored[stored["Type"]]
        bare = bare_key(member)
        return _made(member, below if bare is None else {bare.name: below})
    return cls(
        **{
            key.attribute: _restored(key, stored[key.name])
            for key in keys_of(cls)
            if key.name in stored
        }
    )


def _evaluated(text: str) -> Any:
    """Return the value of a Python literal; ValueError where the text is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"{text!r:.60} is no literal") from None


def literal(value: object) -> str:
    """Return the Python literal of a value; ValueError where there is none."""
    text = _literal(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise ValueError(f"{value!r} has no literal")
    return text


def _literal(value: object) -> str:
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(one)}, ' for one in value)})"
    return repr(value)


def _plain(key: Declared, value: Any) -> Any:
    if value is None:
        return None
    if key.kind is Kind.FREE:
        return {name: literal(held) for name, held in value.items()}
    if key.kind is Kind.BLOCK:
        return record(value)
    if key.kind is Kind.BLOCKS:
        return [record(one) for one in value]
    if key.kind is Kind.TYPED_BLOCKS:
        return [_typed(key, one) for one in value]
    if key.kind in (Kind.TYPED, Kind.HEADED):
        return _typed(key, value)
    if key.declaration.secret:
        return masked(value)
    return _number(list(value) if isinstance(value, tuple) else value)


def _typed(key: Declared, value: Any) -> dict[str, Any]:
    name = key.declaration.family.name_of(value)
    bare = bare_key(type(value))
    below = record(value) if bare is None else _plain(bare, getattr(value, bare.attribute))
    return {"Type": name, name: below}


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _restored(key: Declared, stored: Any) -> Any:
    if stored is None:
        return None
    if key.kind is Kind.FREE:
        return {name: _evaluated(text) for name, text in stored.items()}
    if key.kind is Kind.BLOCK:
        return _made(key.cls, stored)
    if key.kind is Kind.BLOCKS:
        return tuple(_made(key.cls, one) for one in stored)
    if key.kind is Kind.TYPED_BLOCKS:
        return tuple(_made(key.declaration.family, one) for one in stored)
    if key.kind in (Kind.TYPED, Kind.HEADED):
        return _made(key.declaration.family, stored)
    if key.kind is Kind.FLOATS:
        return tuple(map(float, stored))
    if key.kind is Kind.FLOAT:
        return float(stored)
    return tuple(stored) if isinstance(stored, list) else stored
