"""The engine that a parameter interface names in its header, with the options given there."""

from collections.abc import Iterator
from typing import Any

from paramsrun.errors import Findings, Place, nearest
from paramsrun.input import Block, Entry, Key, Word
from paramsrun.problem.nodes import Fields, Node, Scalar
from paramsrun.settings.declared import keys_of
from paramsrun.settings.families import engines
from paramsrun.settings.read import read


def engine_of_header(name: str, header: Fields | None, findings: Findings) -> Any:
    """Return the engine of that name with the options of ``settings: input: <name>:``."""
    cls = engines[name]
    name = engines.name_of(cls)
    place = header.place_of("dtype") if header is not None else Place("")
    options = _options(name, header, findings) or Fields({}, {}, place)
    known = [key.name for key in keys_of(cls)]
    folds = {k.casefold() for k in known}
    for given, at in options.places.items():
        if given.casefold() not in folds:
            findings.mistake(at, f"{name} has no key {given}{nearest(given, known)}")
    block = Block(name, options.place, entries=tuple(_entries(options)))
    return read(block, cls, findings, f"Engine {name}")


def _options(name: str, header: Fields | None, findings: Findings) -> Fields | None:
    """Return the mapping of an engine's options; only that may stand below ``settings``."""
    fields = header
    for wanted in ("settings", "input", name):
        found: Node | None = None
        for given, node in fields.entries.items() if fields is not None else ():
            if given.casefold() == wanted.casefold():
                found = node
            elif wanted != "settings":
                text = f"{given} has no meaning here: the options of the engine stand below "
                assert fields is not None
                findings.mistake(fields.place_of(given), f"{text}settings, input, {name}")
        if not isinstance(found, Fields):
            return None
        fields = found
    return fields


def _entries(fields: Fields) -> Iterator[Entry]:
    """Iterate over the entries that the lines of a mapping would be in an engine block."""
    for name, node in fields.entries.items():
        place = fields.place_of(name)
        if isinstance(node, Scalar):
            yield Key(name, place, Word(node.text, node.content))
        elif isinstance(node, Fields):
            yield Block(name, place, entries=tuple(_entries(node)))
        else:
            text = " ".join(item.text for item in node.items if isinstance(item, Scalar))
            yield Key(name, place, Word(text, node.place))
