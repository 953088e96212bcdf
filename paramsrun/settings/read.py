"""Located tree to settings. Every mistake is noted; none of the user's is raised."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from paramsrun.errors import Findings, Place
from paramsrun.input.tree import Block, Entry, Key
from paramsrun.settings.declared import Declared, Kind, keys_of
from paramsrun.settings.read_typed import Chosen, choose
from paramsrun.settings.values import (
    Misfit,
    cut_word,
    kind_of,
    listed,
    parse_literal,
    parse_value,
    show_value,
    shown,
    takes,
)

Settings = TypeVar("Settings")


def read(block: Block, cls: type[Settings], findings: Findings, path: str = "") -> Settings:
    """Return the settings that a block gives; path is its name in messages.

    Where something is wrong it is noted and the default is taken in its place, so that the rest
    can be checked as well; call ``findings.check()`` before using the settings. Names that the
    scope of the class does not know are the parser's to report and are passed over.
    """
    settings: Settings = _Reader(findings).settings(block, cls, path)
    return settings


def joined(path: str, name: str) -> str:
    """Return the path of a key below a block."""
    return f"{path}%{name}" if path else name


def numbered(name: str, i: int, n: int) -> str:
    """Return the path of the i-th of n blocks, from 1; a lone one has no number."""
    return f"{name}[{i}]" if n > 1 else name


def free_values(block: Block, path: str, findings: Findings) -> dict[str, Any]:
    """Return what the lines of a free block give by name; those that are wrong are noted."""
    values: dict[str, Any] = {}
    for line in block.lines:
        name, text = cut_word(line.text)
        if not text:
            findings.mistake(line.place, f"{joined(path, name)} needs a value behind it")
        elif text.startswith("="):
            problem = "takes its value behind a blank, without ="
            findings.mistake(line.place, f"{joined(path, name)} {problem}")
        elif name in values:
            findings.mistake(line.place, f"{joined(path, name)} is given twice; keep one")
        else:
            values[name] = parse_literal(text)
    return values


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._mistake = findings.mistake

    def settings(self, block: Block, cls: type, path: str, later: str | None = None) -> Any:
        """Return the instance that a block fills; later, where all of its keys are to come."""
        keys = keys_of(cls)
        if later is not None:
            keys = tuple(_postponed(key, later) for key in keys)
        values = {key.attribute: self._value(key, block, path) for key in keys}
        return self._built(cls, values, block, path)

    def _built(self, cls: type, values: dict[str, Any], block: Block, path: str) -> Any:
        """Return the instance, checked as a whole unless a value is wrong that has no default."""
        wrong = [key for key in keys_of(cls) if key.required and values[key.attribute] is None]
        made = cls(**values | {key.attribute: _stand_in(key) for key in wrong})
        if hasattr(made, "mistakes") and not wrong:
            for sentence in made.mistakes():
                place, subject, problem = _located(sentence, block, path)
                self._mistake(place, f"{subject} {problem}")
        return made

    def _value(self, key: Declared, block: Block, path: str) -> Any:
        path = joined(path, key.name)
        entries = [e for e in block.all(key.name) if self._is_of_kind(e, key, path)]
        if key.declaration.or_none and any(map(_is_none, entries)):
            return self._none(key, entries, path)
        if not entries:
            return self._left_out(key, block, path)
        if key.declaration.ignored is not None:
            text = f"{path} is accepted, but has no effect here: {key.declaration.ignored}"
            self._findings.warn(entries[0].place, text)
        if key.kind.recurs:
            n = len(entries)
            values = [
                self._one(key, entry, numbered(path, i, n)) for i, entry in enumerate(entries, 1)
            ]
            return tuple(value for value in values if value is not None)
        self._check_single(entries, path)
        value = self._one(key, entries[0], path)
        return _default(key) if value is None else value

    def _left_out(self, key: Declared, block: Block, path: str) -> Any:
        if key.required:
            self._mistake(block.place, f"{path} is missing: {key.declaration.doc}")
            return None
        return key.default()

    def _is_of_kind(self, entry: Entry, key: Declared, path: str) -> bool:
        if isinstance(entry, Block) == key.kind.is_block:
            return True
        if key.declaration.or_none and _is_none(entry):
            return True
        block = f"{path} is a block: its keys stand on lines of their own, and End closes it"
        no_block = f"{path} is a key, not a block: {kind_of(key)} stands behind it, and no End"
        if key.declaration.or_none:
            block += f"; for none of them write {key.name} None"
        self._mistake(entry.place, block if key.kind.is_block else no_block)
        return False

    def _none(self, key: Declared, entries: Sequence[Entry], path: str) -> tuple[()]:
        for entry in entries:
            if not _is_none(entry):
                self._mistake(
                    entry.place,
                    f"{path} is given beside {key.name} None; keep the blocks or the None",
                )
        return ()

    def _check_single(self, entries: Sequence[Entry], path: str) -> None:
        for entry in entries[1:]:
            first = entries[0].place
            where = "" if first.file == entry.place.file else f" of {first.file}"
            self._mistake(
                entry.place, f"{path} is given twice, first on line {first.line}{where}; keep one"
            )

    def _one(self, key: Declared, entry: Entry, path: str) -> Any:
        if isinstance(entry, Key):
            return self._key(key, entry, path)
        if key.kind is Kind.HEADED:
            return self._headed(key, entry, path)
        self._check_header(key, entry, path)
        if key.kind is Kind.FREE:
            return free_values(entry, path, self._findings)
        if key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS):
            return self._typed(key, entry, path)
        return self.settings(entry, key.cls, path, key.declaration.later)

    def _check_header(self, key: Declared, block: Block, path: str) -> None:
        told = any(mistake.place == block.place for mistake in self._findings.mistakes)
        if block.header is None or told:
            return
        text = shown(block.header.text)
        names_type = key.declaration.family is not None and text in key.declaration.family
        advice = f"write Type {text} within" if names_type else "its keys stand on lines below"
        problem = f"takes nothing behind its name, but {text} stands there; {advice}"
        self._mistake(block.header.place, f"{path} is a block and {problem}")

    def _key(self, key: Declared, entry: Key, path: str) -> Any:
        if entry.value is None and key.kind is not Kind.BOOL:
            self._mistake(entry.place, f"{path} needs a value behind it: {takes(key)}")
            return _default(key)
        text, unit = text_and_unit(key, entry)
        place = entry.place if entry.value is None else entry.value.place
        try:
            value = parse_value(key, text, unit)
        except Misfit as misfit:
            if misfit.of_unit and entry.unit is not None:
                place = entry.unit.place
            self._mistake(place, f"{path} {misfit}")
            return _default(key)
        given = shown(text) if unit is None else f"{text} [{unit}]"
        self._check_available(key, value, f"{path} {given}", place)
        return value

    def _check_available(self, key: Declared, value: Any, given: str, place: Place) -> None:
        later = key.declaration.later
        if later is None or key.required:
            return
        act = [key.default(), *key.declaration.so_far]
        if value not in act:
            values = [show_value(key, v) for v in act if v is not None and v != ()]
            advice = f"give {listed(values)}, or leave it out" if values else "leave it out"
            self._mistake(place, f"{given} is not available yet ({later}); for now {advice}")

    def _headed(self, key: Declared, block: Block, path: str) -> Any:
        family = key.declaration.family
        name = "" if block.header is None else block.header.text
        if name not in family:  # the parser has told it
            return None
        return self.settings(block, family[name], f"{path} {family.name_of(family[name])}")

    def _typed(self, key: Declared, block: Block, path: str) -> Any:
        if not list(key.declaration.family):
            later = key.declaration.later
            self._mistake(
                block.place, f"{path} is not available yet ({later}); for now leave it out"
            )
            return None
        chosen = choose(key, block, path, self._findings)
        if chosen is None:
            return None
        if chosen.bare is not None:
            values = {chosen.bare.attribute: self._value(chosen.bare, chosen.block, path)}
            return self._built(chosen.cls, values, chosen.block, path)
        return self._sub_block(chosen, block, joined(path, chosen.name))

    def _sub_block(self, chosen: Chosen, block: Block, path: str) -> Any:
        self._check_single(chosen.entries, path)
        own = chosen.entries[0] if chosen.entries else Block(chosen.name, block.place)
        if isinstance(own, Block):
            return self.settings(own, chosen.cls, path)
        self._mistake(own.place, f"{path} is a block; its keys and an End follow it")
        return None


def _located(sentence: str, block: Block, path: str) -> tuple[Place, str, str]:
    """Return where a sentence belongs that begins with a key, that key's path, and the rest."""
    name, _, rest = sentence.partition(" ")
    entry = block.get(name)
    if entry is None:
        return block.place, joined(path, name), rest
    path = joined(path, name)
    if isinstance(entry, Key):
        return (entry.value or entry).place, path, rest
    name, _, problem = rest.partition(" ")
    for line in entry.lines:
        if cut_word(line.text)[0] == name:
            return line.place, joined(path, name), problem
    return entry.place, path, rest


def _is_none(entry: Entry) -> bool:
    """Return whether None stands behind the name, in place of a block."""
    return (
        isinstance(entry, Key) and entry.value is not None and entry.value.text.casefold() == "none"
    )


def text_and_unit(key: Declared, entry: Key) -> tuple[str, str | None]:
    """Return a key's text and unit; brackets behind a text belong to it."""
    if entry.value is None:
        return "Yes", None
    text, unit = entry.value.text, entry.unit
    if unit is None:
        return text, None
    if key.kind not in (Kind.TEXT, Kind.TEXTS):
        return text, unit.text
    if entry.quoted:
        return f'"{text}" [{unit.text}]', None
    gap = unit.place.column - entry.value.place.column - len(text)
    return f"{text}{' ' * max(gap, 1)}[{unit.text}]", None


def _postponed(key: Declared, later: str) -> Declared:
    return replace(key, declaration=replace(key.declaration, later=later))


def _default(key: Declared) -> Any:
    """Return what stands in for one wrong value: None where there is no default for one."""
    return None if key.required or key.kind.recurs else key.default()


_STAND_INS = {Kind.INT: 0, Kind.FLOAT: 0.0, Kind.TEXT: "", Kind.INTS: (), Kind.FLOATS: ()}


def _stand_in(key: Declared) -> Any:
    """Return a value for a required key that got none: a mistake is noted, nothing will run."""
    return key.choices[0] if key.choices else _STAND_INS.get(key.kind)
