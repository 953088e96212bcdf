"""Declaring input keys as fields of frozen dataclasses.

A settings class is a frozen, keyword-only dataclass whose fields are its keys. The type annotation
says what a key takes, its metadata says the rest. The input name is the field name in CamelCase.

    bool, int, float, str            a key with one value (a bare bool key is Yes)
    Literal["a", "b"]                a choice
    tuple[int, ...], tuple[float, ...]   a list of numbers
    ``T | None``                     the same, unset by default
    Mapping[str, object]             a free block of ``name value`` lines (`free`)
    tuple[str, ...]                  a key that may be given many times
    a settings class, or a tuple of one      a block, or a recurring block (`block`, `blocks`)
    a family member, or a tuple of them      a typed block (`typed`, `typed_blocks`, `headed`)

What one key cannot say is checked by the class: its optional method ``mistakes`` yields a sentence
for each thing that is wrong. A sentence begins with the name of the key, and for a free block with
the name in its line, where it is told: ``Settings tolfunn is not an option of pycma``.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

METADATA = "paramsrun"
"""The name under which a field's metadata holds its `Declaration`."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """What a field's annotation cannot say of its key."""

    doc: str
    takes: str | None = None
    """What it takes in words for people, where its annotation says too little: ``a folder``."""
    name: str | None = None
    """The input name, where it is not the field's name in CamelCase."""
    unit: str | None = None
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    path: bool = False
    """The value is a file or folder, relative to the input file's folder."""
    bare: bool = False
    """The value stands behind the type's own name (``MaxTotalFunctionCalls 400``)."""
    later: str | None = None
    """Where set, any value but the default is an error: this text says what is to come."""
    so_far: tuple[Any, ...] = ()
    """With `later`: the values besides the default that act already."""
    ignored: str | None = None
    """Where set, the key is accepted with a warning that gives this text."""
    on_resume: str | None = None
    """What a key of the top level means in the input of a resume, where it is no override."""
    family: Any = None
    """The `Family` of a typed block."""
    default_type: str | None = None
    """The type of a block that names none."""
    or_none: bool = False
    """Of a recurring block: ``Name None`` on one line stands for none of them."""
    headed: bool = False
    """The type stands in the header, as in ``Engine LennardJones ... EndEngine``."""
    secret: bool = False
    """The value is a URL that may hold a password, which is written nowhere."""


def key(default: Any = dataclasses.MISSING, *, doc: str, **declared: Any) -> Any:
    """Declare a key; without a default it is required.

    Keywords are those of `Declaration`: takes, name, unit, at_least, above, at_most, below, path,
    later, so_far, ignored, secret.
    """
    return _field(default, Declaration(doc=doc, **declared))


def value(default: Any = dataclasses.MISSING, *, doc: str, **declared: Any) -> Any:
    """Declare the single value of a scalar family member, as in ``TimeLimit 3600``."""
    return _field(default, Declaration(doc=doc, bare=True, **declared))


def free(*, doc: str) -> Any:
    """Declare a free block of ``name value`` lines; values are Python literals or bare strings."""
    return dataclasses.field(default_factory=dict, metadata={METADATA: Declaration(doc=doc)})


def block(cls: type, *, doc: str, optional: bool = False, **declared: Any) -> Any:
    """Declare a nested block; left out, it has its defaults, or is None where that is optional."""
    declaration = Declaration(doc=doc, **declared)
    if optional:
        return _field(None, declaration)
    return dataclasses.field(default_factory=cls, metadata={METADATA: declaration})


def blocks(*, doc: str, **declared: Any) -> Any:
    """Declare a recurring block."""
    return _field((), Declaration(doc=doc, **declared))


def typed(family: Any, default: str | None = None, *, doc: str, **declared: Any) -> Any:
    """Declare a typed block (``Type X`` and a sub-block X); default names the member used."""
    declaration = Declaration(doc=doc, family=family, default_type=default, **declared)
    if default is None:
        return _field(None, declaration)
    return dataclasses.field(
        default_factory=lambda: family[default](), metadata={METADATA: declaration}
    )


def typed_blocks(family: Any, default: Sequence[str] = (), *, doc: str, **declared: Any) -> Any:
    """Declare a recurring typed block; default names the members used where none is given."""
    declaration = Declaration(doc=doc, family=family, **declared)
    return dataclasses.field(
        default_factory=lambda: tuple(family[name]() for name in default),
        metadata={METADATA: declaration},
    )


def headed(family: Any, *, doc: str, **declared: Any) -> Any:
    """Declare a block whose header names its type; left out, it is None."""
    return _field(None, Declaration(doc=doc, family=family, headed=True, **declared))


def _field(default: Any, declaration: Declaration) -> Any:
    shown = not declaration.secret
    return dataclasses.field(default=default, repr=shown, metadata={METADATA: declaration})
