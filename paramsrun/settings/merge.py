"""What a resumed job runs with: its stored input, changed by what the new input gives."""

from collections.abc import Mapping
from dataclasses import replace

from paramsrun.input.tree import Block, Entry, Key
from paramsrun.settings.declared import Declared, Kind, keys_of, members_of

COMBINATIONS = {
    "exitcondition": "ExitConditionBooleanCombination",
    "stopper": "StopperBooleanCombination",
}
"""A list of conditions -> the key that names them by place, which a new list makes void."""


def merge(stored: Block, new: Block, cls: type) -> Block:
    """Return the stored input with the new one's keys and blocks in place of its own.

    A recurring key or block that is given replaces all stored ones of its name, and so does a
    block whose type is another one. In other blocks the keys given replace the stored ones and the
    rest stay.
    """
    given = {entry.name.casefold() for entry in new.entries}
    void = {COMBINATIONS[name].casefold() for name in given if name in COMBINATIONS} - given
    stay = tuple(e for e in stored.entries if e.name.casefold() not in void)
    return _merged(replace(stored, entries=stay), new, {key.name: key for key in keys_of(cls)})


def _merged(stored: Block, new: Block, keys: Mapping[str, Declared | type]) -> Block:
    known = {name.casefold(): key for name, key in keys.items()}
    given = dict.fromkeys(entry.name.casefold() for entry in new.entries)
    entries = [e for e in stored.entries if e.name.casefold() not in given]
    for name in given:
        before, after = list(stored.all(name)), list(new.all(name))
        if len(before) == len(after) == 1 and name in known:
            after = [_one(before[0], after[0], known[name])]
        entries += after
    return replace(stored, entries=tuple(entries))


def _one(stored: Entry, new: Entry, key: Declared | type) -> Entry:
    if not (isinstance(stored, Block) and isinstance(new, Block)):
        return new
    if isinstance(key, type):
        return merge(stored, new, key)
    if key.kind is Kind.BLOCK:
        return merge(stored, new, key.cls)
    if key.kind is Kind.HEADED and _header(stored) == _header(new) in key.declaration.family:
        return merge(stored, new, key.declaration.family[_header(new)])
    if key.kind is Kind.TYPED and _type(new) in ("", _type(stored)):
        return _merged(stored, new, members_of(key))
    return new


def _header(block: Block) -> str:
    return block.header.text.casefold() if block.header is not None else ""


def _type(block: Block) -> str:
    entry = block.get("Type")
    return entry.value.text.casefold() if isinstance(entry, Key) and entry.value else ""
