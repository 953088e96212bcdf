"""What `paramsrun describe` prints of blocks and keys, all of it from their declarations."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill, shorten

from paramsrun.errors import UsageError, nearest
from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of, members_of
from paramsrun.settings.families import optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.parameter_types import told
from paramsrun.settings.units import alternatives
from paramsrun.settings.values import listed, show_value, takes

WIDTH = 98
NAME_WIDTH = 33


@dataclass(frozen=True)
class Topic:
    """A key, a block or a type, as it is described."""

    path: tuple[str, ...]
    doc: str
    key: Declared | None = None
    """None for a type that has keys of its own."""
    later: str | None = None
    below: tuple["Topic", ...] = ()
    parameters: str = ""
    """The types of parameters that an optimizer takes."""

    def walk(self) -> Iterator["Topic"]:
        """Iterate over this topic and all below."""
        yield self
        for topic in self.below:
            yield from topic.walk()


def describe(name: str | None = None) -> str:
    """Return all about what has that name, or one line for each block and key.

    A name may be a part of a path, in any case: ``Optimizer%CMAES%Sigma0``, ``CMAES``, ``sigma0``.
    Raises UsageError where nothing has it.
    """
    topics = _topics(JobSettings, ())
    if name is None:
        return _overview(topics)
    everything = [topic for top in topics for topic in top.walk()]
    wanted = tuple(re.split(r"[%\s]+", re.sub(r"\[\d*\]", "", name.strip()).casefold()))
    found = [t for t in everything if _folded(t.path)[-len(wanted) :] == wanted]
    if found:
        return "\n\n".join(map(_full, found))
    hint = nearest(wanted[-1], [topic.path[-1] for topic in everything])
    hint = hint or "; `paramsrun describe` lists all"
    raise UsageError(f"There is no block, key or type {name}{hint}")


# What there is


def _topics(cls: type, path: tuple[str, ...], later: str | None = None) -> tuple[Topic, ...]:
    return tuple(_topic(key, path, later) for key in keys_of(cls))


def _topic(key: Declared, path: tuple[str, ...], later: str | None) -> Topic:
    path = (*path, key.name)
    later = key.declaration.later or later
    if key.declaration.family is not None:
        planned = key.declaration.family.planned
        below = tuple(
            _type_topic(cls, (*path, name), "this type is to come" if name in planned else None)
            for name, cls in sorted(members_of(key).items())
        )
    elif key.cls is not None:
        below = _topics(key.cls, path, later)
    else:
        below = ()
    return Topic(path, key.declaration.doc, key, later, below)


def _type_topic(cls: type, path: tuple[str, ...], later: str | None) -> Topic:
    doc = inspect.getdoc(cls) or ""
    bare = bare_key(cls)
    if bare is not None:
        return Topic(path, f"{doc}\n\n{bare.declaration.doc}", bare, later)
    parameters = told(cls) if path[:-1] == (optimizers.block,) and not later else ""
    return Topic(path, doc, None, later, _topics(cls, path, later), parameters)


# All of it in short


def _overview(topics: tuple[Topic, ...]) -> str:
    lines = [
        "The blocks and keys of an input file, with the types of blocks that have a Type.",
        "Marks: * not available yet, - accepted without effect, [] may be given many times.",
        "On resume all but ParameterInterface can be overridden.",
        "`paramsrun describe NAME` tells all about one of them.",
        "",
    ]
    for top in topics:
        lines += [_short(topic) for topic in top.walk()]
    return "\n".join(lines)


def _short(topic: Topic) -> str:
    mark = "-" if topic.key and topic.key.declaration.ignored else "*" if _is_later(topic) else " "
    many = "[]" if topic.key and topic.key.kind.recurs else ""
    name = f"{mark} {'  ' * (len(topic.path) - 1)}{topic.path[-1]}{many}"
    room = WIDTH - max(len(name), NAME_WIDTH) - 1
    return f"{name:<{NAME_WIDTH}} {shorten(_gist(topic.doc), room, placeholder=' ...')}"


def _gist(doc: str) -> str:
    """Return the first sentence, or its first part."""
    text = " ".join(doc.split("\n\n")[0].split())
    return re.split(r"(?<![A-Z.])\.(?:\s|$)|[;:]\s", text)[0]


def _is_later(topic: Topic) -> bool:
    return topic.later is not None and not _acts_so_far(topic)


def _acts_so_far(topic: Topic) -> list[str]:
    """Return the values of a key that act although others are to come."""
    key = topic.key
    if topic.later is None or key is None or not (key.choices or key.declaration.so_far):
        return []
    return [show_value(key, v) for v in (key.default(), *key.declaration.so_far)]


# One in full


def _full(topic: Topic) -> str:
    path = "%".join(topic.path).replace("Engine%", "Engine ")
    paragraphs = [" ".join(p.split()) for p in topic.doc.split("\n\n")]
    parts = [path, *(_indented(p) for p in paragraphs if p), "", *_facts(topic)]
    if topic.below:
        parts += ["", "    Types" if _has_types(topic) else "    Keys"]
        parts += [f"      {_short(_flat(below))}" for below in topic.below]
    if taking := [below for below in topic.below if below.parameters]:
        parts += ["", "    Types of parameters that each takes"]
        parts += [f"        {b.path[-1]:<{NAME_WIDTH - 2}} {b.parameters}" for b in taking]
    return "\n".join(parts)


def _facts(topic: Topic) -> Iterator[str]:
    key = topic.key
    if key is not None:
        yield _fact("Takes", takes(key))
        if key.declaration.unit is not None:
            others = ", ".join(alternatives(key.declaration.unit))
            yield _fact("Unit", f"{key.declaration.unit}; in brackets behind the number: {others}")
        if default := _default_text(key):
            yield _fact("Default", default)
    if topic.parameters:
        yield _fact("Takes", f"parameters of type {topic.parameters}")
    yield _fact("Status", _status(topic))
    yield _fact("Resume", _resume(topic))


def _resume(topic: Topic) -> str:
    """Return what it does in the input of a resume."""
    top = next(key for key in keys_of(JobSettings) if key.name == topic.path[0])
    if top.declaration.on_resume is not None:
        return top.declaration.on_resume
    if not top.kind.recurs:
        return "can be overridden: what is given replaces what is stored"
    several = f"all {top.name} blocks given" if top.kind.is_block else "all lines given"
    return f"can be overridden: {several} replace the whole stored list"


def _default_text(key: Declared) -> str:
    if key.required:
        return "none, it must be given"
    value = key.default()
    if key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS):
        used = value if isinstance(value, tuple) else (value,)
        return ", ".join(key.declaration.family.name_of(one) for one in used) or "none"
    if key.kind.is_block:
        return ""
    return "none" if value in (None, (), "") else show_value(key, value)


def _status(topic: Topic) -> str:
    key = topic.key
    if key is not None and key.declaration.ignored is not None:
        return f"accepted without effect: {key.declaration.ignored}"
    if topic.later is None:
        return "acts"
    if values := _acts_so_far(topic):
        return f"for now only {listed(values)}: {topic.later}"
    return f"not available yet: {topic.later}"


def _has_types(topic: Topic) -> bool:
    return topic.key is not None and topic.key.declaration.family is not None


def _flat(topic: Topic) -> Topic:
    return Topic(topic.path[-1:], topic.doc, topic.key, topic.later)


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in path)


def _fact(name: str, text: str) -> str:
    indent = " " * 14
    return fill(text, WIDTH, initial_indent=f"    {name:<10}", subsequent_indent=indent)


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
