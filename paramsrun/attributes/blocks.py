"""The blocks of an input as objects whose attributes are its keys and blocks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, overload

from paramsrun.attributes.names import Name, Names, kind_of, names_of, of_python, value_of
from paramsrun.errors import nearest
from paramsrun.input import Block, Word, write
from paramsrun.settings.job import JobSettings
from paramsrun.settings.merge import COMBINATIONS
from paramsrun.settings.record import literal
from paramsrun.settings.tree_of import NOWHERE
from paramsrun.settings.values import cut_word


class InputBlock:
    """A block of an input; its keys and blocks are attributes, whatever their case.

    * A key reads as bool, int, float, str or tuple of numbers, in its default unit, and as None
      where it is not given. It takes the same, lists and numpy numbers too, or the text that
      stands in an input file: ``"2 [h]"``. None or `del` takes it out.
    * A block reads as an `InputBlock`, which is in the input once something is set in it; it takes
      a dict. The block of an engine is ``Engine.LennardJones``.
    * What may be given many times reads as a list and takes one; ``= []`` clears it, of conditions
      their boolean combination, too.
    * A free block (``Settings``) takes any name: ``Settings.seed = 112``.

    An unknown name is an AttributeError that tells the nearest one. A value that its key cannot
    take is a ValueError, one of a type that no input has a TypeError.
    """

    _names: Names
    _path: str
    _entries: dict[str, Any]
    _is_given: bool

    def __init__(self, names: Names, path: str = "") -> None:
        vars(self).update(_names=names, _path=path, _entries={}, _is_given=False)

    def __getattr__(self, name: str) -> Any:
        found = self._known(name)
        if found.name not in self._entries:
            if not (found.is_block or found.recurs):
                return None
            self._entries[found.name] = _empty(found, self._inner(found))
        return self._entries[found.name]

    def __setattr__(self, name: str, value: Any) -> None:
        found = self._known(name)
        if value is None:
            delattr(self, name)
            return
        made = _made(found, value, self._inner(found))
        self._entries[found.name] = made
        if found.recurs and not made:
            self._drop_combination(found)

    def __delattr__(self, name: str) -> None:
        found = self._known(name)
        self._entries.pop(found.name, None)
        self._drop_combination(found)

    __getitem__ = __getattr__
    __setitem__ = __setattr__
    __delitem__ = __delattr__

    def __contains__(self, name: object) -> bool:
        found = self._names.get(str(name).casefold())
        return found is not None and is_given(self._entries.get(found.name))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names that are given."""
        return (name.name for name in self._names.values() if name.name in self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *(name.name for name in self._names.values())]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputBlock) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._path or 'input'} {self.as_dict()}>"

    def __deepcopy__(self, memo: object) -> "InputBlock":
        return self.copy()

    def copy(self) -> "InputBlock":
        """Return a block of its own with the same content."""
        copied = InputBlock(self._names, self._path)
        for name in self:
            copied[name] = _plain_of(self._entries[name])
        vars(copied)["_is_given"] = self._is_given
        return copied

    def as_dict(self) -> dict[str, Any]:
        """Return what is given by name: values, dicts for blocks, lists for what recurs."""
        return {name: _plain_of(self._entries[name]) for name in self}

    def _known(self, name: str) -> Name:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._names.get(name.casefold())
        if found is None:
            known = [one.name for one in self._names.values()]
            where = (
                f"{self._path} has no key or block" if self._path else "There is no key or block"
            )
            raise AttributeError(f"{where} {name}{nearest(name, known)}")
        return found

    def _drop_combination(self, name: Name) -> None:
        """Take out what combined conditions that are there no more."""
        combination = COMBINATIONS.get(name.name.casefold(), "")
        if combination.casefold() in self._names:
            self._entries.pop(combination, None)

    def _inner(self, name: Name) -> str:
        if name.is_headed or not self._path:
            return name.name
        return f"{self._path}{' ' if self._path == 'Engine' else '%'}{name.name}"


class FreeBlock(MutableMapping[str, Any]):
    """A block of lines ``name value``, as attributes or items; values are Python literals.

    Its names are case-sensitive. A value that has no literal is a ValueError.
    """

    _path: str
    _values: dict[str, Any]
    _is_given: bool

    def __init__(self, path: str) -> None:
        vars(self).update(_path=path, _values={}, _is_given=False)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        value = of_python(value)
        if cut_word(name) != (name, "") or name.casefold() == "end":
            raise ValueError(f"{self._path}: {name!r} cannot stand for a name on a line")
        try:
            write(Block("Settings", NOWHERE, lines=(Word(f"{name} {literal(value)}", NOWHERE),)))
        except ValueError as error:
            raise ValueError(f"{self._path}%{name}: {error}") from None
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name)

    __setattr__ = __setitem__

    def __delattr__(self, name: str) -> None:
        self._values.pop(name, None)

    def __repr__(self) -> str:
        return repr(self._values)


class Recurring(MutableSequence[Any]):
    """What an input may give many times, in its order: blocks, or values of a key."""

    def __init__(self, name: str, made: Callable[[Any], Any]) -> None:
        self._name = name
        self._make = made
        self._items: list[Any] = []
        self._is_given = False

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return self._items[at]

    def __setitem__(self, at: int | slice, value: Any) -> None:
        if isinstance(at, slice):
            self._items[at] = [self._make(one) for one in value]
        else:
            self._items[at] = self._make(value)

    def __delitem__(self, at: int | slice) -> None:
        del self._items[at]

    def __len__(self) -> int:
        return len(self._items)

    def looked_at(self, at: int) -> InputBlock:
        """Return the block at a place; made if need be, and in the input once something is set."""
        while len(self) <= at:
            self.append({})
            vars(self._items[-1])["_is_given"] = False
        block: InputBlock = self._items[at]
        return block

    def insert(self, at: int, value: Any) -> None:
        """Put a value, or a block given as a dict, before a place."""
        self._items.insert(at, self._make(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recurring | list | tuple) and self._items == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._items)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"{self._name} may be given many times and is a list: {self._name}[0].{name}"
        )


def empty() -> InputBlock:
    """Return an input that gives nothing."""
    return InputBlock(names_of(JobSettings))


def is_given(entry: Any) -> bool:
    """Return whether an entry is more than an empty thing that was only looked at."""
    if isinstance(entry, InputBlock):
        return entry._is_given or any(True for _ in entry)
    if isinstance(entry, FreeBlock):
        return entry._is_given or bool(entry)
    if isinstance(entry, Recurring):
        return entry._is_given or any(map(is_given, entry))
    return entry is not None


def _plain_of(entry: Any) -> Any:
    if isinstance(entry, InputBlock):
        return entry.as_dict()
    if isinstance(entry, FreeBlock):
        return dict(entry)
    if isinstance(entry, Recurring):
        return [_plain_of(one) for one in given_of(entry)]
    return entry


def given_of(entries: Recurring) -> list[Any]:
    """Return the items up to the last that is given."""
    n = max((k for k, one in enumerate(entries, 1) if is_given(one)), default=0)
    return entries[:n]


def _empty(name: Name, path: str) -> Any:
    if name.recurs:
        return Recurring(name.name, lambda value: _one(name, value, path))
    return FreeBlock(path) if name.is_free else InputBlock(name.below, path)


def _made(name: Name, value: Any, path: str) -> Any:
    """Return what a name holds once a value is assigned to it."""
    if not name.recurs:
        return _one(name, value, path)
    items = _empty(name, path)
    is_one = isinstance(value, InputBlock | Mapping | str) or not isinstance(value, Iterable)
    items.extend([value] if is_one else value)
    items._is_given = True
    return items


def _one(name: Name, value: Any, path: str) -> Any:
    if not name.is_block:
        return value_of(name, value, path)
    if isinstance(value, InputBlock):
        value = value.as_dict()
    if not isinstance(value, Mapping):
        raise TypeError(f"{path} is a block and takes a dict, not {kind_of(value)}")
    block = FreeBlock(path) if name.is_free else InputBlock(name.below, path)
    for inner, given in value.items():
        block[inner] = given
    vars(block)["_is_given"] = True
    return block
