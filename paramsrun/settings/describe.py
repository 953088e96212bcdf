"""What `paramsrun describe` prints of blocks and keys, all of it from their declarations."""

import re
from collections.abc import Iterator, Sequence
from textwrap import fill, shorten

from paramsrun.errors import UsageError, most_like
from paramsrun.settings.topics import Topic, file_topics, input_topics

WIDTH = 98
NAME_WIDTH = 33


def describe(name: str | None = None) -> str:
    """Return all about what has that name, or one line for each block and key.

    A name may be a part of a path, in any case: ``Optimizer%CMAES%Sigma0``, ``CMAES``, ``sigma0``.
    A name that is none, but a value that a key may have, finds that key. Raises UsageError where
    nothing has it.
    """
    if name is None:
        return _overview()
    everything = [topic for top in (*input_topics(), *file_topics()) for topic in top.walk()]
    wanted = _words(name)
    found = [t for t in everything if wanted and _folded(t.path)[-len(wanted) :] == wanted]
    found.sort(key=lambda topic: len(topic.path) != len(wanted))  # what is so called comes first
    found = found or [t for t in everything if _has_choice(t, wanted)]
    if not found:
        raise UsageError(f"There is no block, key or type {name}{_hint(wanted, everything)}")
    return "\n\n".join(map(_full, found))


def gist(doc: str) -> str:
    """Return the first sentence, or its first part."""
    text = " ".join(doc.split("\n\n")[0].split())
    return re.split(r"(?<!\b[A-Z])(?<!\.)\.(?:\s|$)|[;:]\s", text)[0]


def _words(name: str) -> tuple[str, ...]:
    """Return the names of a path: ``Engine Function%Call``, ``ExitCondition[2]%TimeLimit``."""
    text = re.sub(r"\[\d*\]", "", name.casefold())
    return tuple(filter(None, re.split(r"[%\s]+", text)))


def _has_choice(topic: Topic, wanted: tuple[str, ...]) -> bool:
    *block, value = wanted or ("",)
    of_key = _folded(topic.path)[-len(block) :] == tuple(block) if block else True
    return of_key and value in _folded(topic.choices)


def _hint(wanted: tuple[str, ...], everything: Sequence[Topic]) -> str:
    """Return the path that is most like the one wanted, or else the name."""
    n = len(wanted)
    paths = {"%".join(t.path[-n:]) for t in everything if n and len(t.path) >= n}
    like = most_like("%".join(wanted), sorted(paths))
    like = like or (most_like(wanted[-1], sorted({t.name for t in everything})) if n else None)
    return f"; did you mean {like}?" if like else "; `paramsrun describe` lists all"


# All of it in short


def _overview() -> str:
    lines = [
        "The blocks and keys of an input file, with the types of blocks that have a Type.",
        "Marks: * not available yet, - accepted without effect, [] may be given many times.",
        "On resume all but ParameterInterface can be overridden.",
        "`paramsrun describe NAME` tells all about one of them.",
        "",
    ]
    lines += [_short(topic) for top in input_topics() for topic in top.walk()]
    lines += ["", "The YAML files that it names, and the keys of their documents."]
    lines += [_short(topic) for top in file_topics() for topic in top.walk()]
    return "\n".join(lines)


def _short(topic: Topic, depth: int | None = None) -> str:
    indent = len(topic.path) - 1 if depth is None else depth
    name = f"{topic.mark} {'  ' * indent}{topic.name}{'[]' if topic.recurs else ''}"
    room = WIDTH - max(len(name), NAME_WIDTH) - 1
    return f"{name:<{NAME_WIDTH}} {shorten(gist(topic.doc), room, placeholder=' ...')}"


# One in full


def _full(topic: Topic) -> str:
    paragraphs = [" ".join(p.split()) for p in topic.doc.split("\n\n")]
    parts = [topic.title, *(_indented(p) for p in paragraphs if p), "", *_facts(topic)]
    if topic.below:
        parts += ["", f"    {topic.below_are}"]
        parts += [f"      {_short(below, 0)}" for below in topic.below]
    if taking := [below for below in topic.below if below.parameters]:
        parts += ["", "    Types of parameters that each takes"]
        parts += [f"        {b.name:<{NAME_WIDTH - 2}} {b.parameters}" for b in taking]
    return "\n".join(parts)


def _facts(topic: Topic) -> Iterator[str]:
    if topic.takes:
        yield _fact("Takes", topic.takes)
    if topic.value:
        yield _fact("Value", topic.value)
    if topic.unit:
        others = ", ".join(topic.other_units)
        yield _fact(
            "Unit", topic.unit + (f"; in brackets behind the number: {others}" if others else "")
        )
    if topic.default:
        yield _fact("Default", topic.default)
    if topic.parameters:
        yield _fact("Takes", f"parameters of type {topic.parameters}")
    yield _fact("Status", topic.status)
    if topic.on_resume:
        yield _fact("Resume", topic.on_resume)


def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)


def _fact(name: str, text: str) -> str:
    indent = " " * 14
    return fill(text, WIDTH, initial_indent=f"    {name:<10}", subsequent_indent=indent)


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
