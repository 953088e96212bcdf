"""All that can be described: blocks, keys and types of an input, and keys of the files it names."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from paramsrun.settings.data_files import DATA_SET, FILES, DataFile, FileKey, extractor_docs
from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of, members_of
from paramsrun.settings.families import optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.parameter_types import told
from paramsrun.settings.units import alternatives
from paramsrun.settings.values import kind_of, listed, range_text, show_value, takes

REQUIRED = "none, it must be given"
_ONLY_TYPE = "the type whose name the block holds, if that is one"
OVERRIDDEN = "can be overridden: what is given replaces what is stored"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A block, a key, a type or a file, and what is told of it; nothing is said by ``""``."""

    path: tuple[str, ...]
    doc: str
    takes: str = ""
    """What stands behind its name, its range included."""
    kind: str = ""
    """The same without range and choices."""
    range: str = ""
    choices: tuple[str, ...] = ()
    value: str = ""
    """What the value behind the name of a type means."""
    unit: str = ""
    other_units: tuple[str, ...] = ()
    default: str = ""
    recurs: bool = False
    status: str = "acts"
    mark: str = " "
    """``*`` where it is not available yet, ``-`` where it has no effect."""
    on_resume: str = ""
    parameters: str = ""
    """The types of parameters that an optimizer takes."""
    below: tuple["Topic", ...] = ()
    below_are: str = "Keys"

    @property
    def name(self) -> str:
        """Its own name, the last of its path."""
        return self.path[-1]

    @property
    def title(self) -> str:
        """Its path as it is printed."""
        return "%".join(self.path).replace("Engine%", "Engine ", 1)

    def walk(self) -> Iterator["Topic"]:
        """Iterate over this topic and all below."""
        yield self
        for topic in self.below:
            yield from topic.walk()


@cache
def input_topics() -> tuple[Topic, ...]:
    """Return the blocks and keys of an input."""
    return _topics(JobSettings, ())


@cache
def file_topics() -> tuple[Topic, ...]:
    """Return the YAML files that an input names, with the keys of their entries."""
    return tuple(_of_file(file) for file in FILES)


# Blocks and keys of an input


def _topics(cls: type, path: tuple[str, ...], later: str | None = None) -> tuple[Topic, ...]:
    return tuple(_topic(key, path, later) for key in keys_of(cls))


def _topic(key: Declared, path: tuple[str, ...], later: str | None) -> Topic:
    declaration = key.declaration
    path, later = (*path, key.name), declaration.later or later
    below: tuple[Topic, ...] = ()
    if declaration.family is not None:
        below = (*_type_key(key, path), *_types(key, path))
    elif key.cls is not None:
        below = _topics(key.cls, path, later)
    are = "Types" if declaration.family is not None else "Keys"
    return _of_key(key, path, declaration.doc, later, below=below, below_are=are)


def _types(key: Declared, path: tuple[str, ...]) -> Iterator[Topic]:
    for name, cls in sorted(members_of(key).items()):
        yield _type(cls, (*path, name))


def _type(cls: type, path: tuple[str, ...]) -> Topic:
    doc = inspect.getdoc(cls) or ""
    bare = bare_key(cls)
    if bare is not None:
        return _of_key(bare, path, doc, None, value=bare.declaration.doc)
    return Topic(
        path=path,
        doc=doc,
        on_resume=_on_resume(path),
        kind="a block" if keys_of(cls) else "no keys",
        parameters=told(cls) if path[:-1] == (optimizers.block,) else "",
        below=_topics(cls, path),
    )


def _type_key(key: Declared, path: tuple[str, ...]) -> Iterator[Topic]:
    """Yield the key Type of a block that has one; an engine's type stands in its header."""
    if key.kind is Kind.HEADED:
        return
    names = tuple(members_of(key))
    yield Topic(
        path=(*path, "Type"),
        doc=f"Which {key.name} it is: one of the types below. A block of the same name holds the "
        "type's own keys; where it has but one value, that stands behind its name.",
        takes=listed(names),
        kind="a choice",
        choices=names,
        default=key.declaration.default_type or _ONLY_TYPE,
        on_resume=_on_resume(path),
    )


def _of_key(
    key: Declared, path: tuple[str, ...], doc: str, later: str | None, **more: object
) -> Topic:
    declaration = key.declaration
    facts: dict[str, object] = {
        "path": path,
        "doc": doc,
        "takes": takes(key),
        "kind": kind_of(key),
        "range": range_text(declaration),
        "choices": key.choices,
        "unit": declaration.unit or "",
        "other_units": alternatives(declaration.unit) if declaration.unit else (),
        "default": _default(key),
        "recurs": key.kind.recurs,
        "status": _status(key, later),
        "mark": _mark(key, later),
        "on_resume": _on_resume(path),
    }
    return Topic(**facts | more)  # type: ignore[arg-type]  # the fields by name


def _default(key: Declared) -> str:
    if key.required:
        return REQUIRED
    value = key.default()
    if key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS):
        used = value if isinstance(value, tuple) else (value,)
        return ", ".join(key.declaration.family.name_of(one) for one in used) or "none"
    if key.kind.is_block:
        return "none" if value is None else ""
    return "none" if value in (None, (), "") else show_value(key, value)


# What they do


def _mark(key: Declared, later: str | None) -> str:
    if key.declaration.ignored is not None:
        return "-"
    return "*" if later is not None and not _acting(key, later) else " "


def _status(key: Declared, later: str | None) -> str:
    if key.declaration.ignored is not None:
        return f"accepted without effect: {key.declaration.ignored}"
    values = _acting(key, later)
    if values:
        return f"for now only {listed(values)}: {later}"
    return "acts" if later is None else f"not available yet: {later}"


def _acting(key: Declared, later: str | None) -> list[str]:
    """Return the values of a key that act although others are to come."""
    if later is None or not (key.choices or key.declaration.so_far):
        return []
    return [show_value(key, v) for v in (key.default(), *key.declaration.so_far)]


def _on_resume(path: tuple[str, ...]) -> str:
    """Return what a key does in the input of a resume; what stands below goes with the block."""
    top = next(key for key in keys_of(JobSettings) if key.name == path[0])
    if top.declaration.on_resume is not None:
        return top.declaration.on_resume
    if not top.kind.recurs:
        return OVERRIDDEN
    several = f"all {top.name} blocks given" if top.kind.is_block else "all lines given"
    return f"can be overridden: {several} replace the whole stored list"


# Keys of data files


def _of_file(file: DataFile) -> Topic:
    below = tuple(_of_file_key(file, key) for key in file.keys)
    return Topic(path=(file.name,), doc=file.doc, takes="YAML documents", below=below)


def _of_file_key(file: DataFile, key: FileKey) -> Topic:
    path = (file.name, key.name)
    below = tuple(_extractors(path)) if (file, key.name) == (DATA_SET, "Expression") else ()
    return Topic(
        path=path,
        doc=key.doc,
        takes=key.takes,
        kind=key.takes,
        default=key.default,
        below=below,
        below_are="Extractors",
    )


def _extractors(path: tuple[str, ...]) -> Iterator[Topic]:
    for name, told_of in extractor_docs():
        yield Topic(
            path=(*path, name),
            doc=told_of["doc"],
            takes=told_of["called"],
            kind=told_of["called"],
            unit=told_of["unit"],
            default=f"Sigma {told_of['sigma']}",
        )
