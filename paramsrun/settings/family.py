"""Families: open sets of types that an input file chooses from, one file per member."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from paramsrun.errors import nearest

Member = TypeVar("Member", bound=type)


@cache
def _entry_points() -> Any:
    """Return those of all that is installed; finding them takes some milliseconds."""
    return entry_points()


class Family:
    """A named set of settings classes, found by their input name.

    Members register themselves with `member`; their modules are imported when the family is first
    asked for one, so that no floor has to import the floor whose members it names. Modules of
    ``package`` come first, then third parties through the entry point group named like it.

    Parameters
    ----------
    block
        The block in which the members appear, such as ``Optimizer``.
    package
        The package that holds one module per member.
    """

    def __init__(self, block: str, package: str) -> None:
        self.block = block
        self.package = package
        self._members: dict[str, type[Any]] = {}
        self._names: dict[type[Any], str] = {}
        self._loaded = False

    def member(self, name: str) -> Callable[[Member], Member]:
        """Register a frozen dataclass under its input name."""

        def register(cls: Member) -> Member:
            if not is_dataclass(cls):
                raise TypeError(f"{cls.__name__} must be a frozen dataclass")
            taken = self._members.get(name.casefold())
            if taken is not None and taken.__module__ != cls.__module__:
                raise TypeError(f"{self.block} {name} is defined by {taken.__module__} already")
            self._members[name.casefold()] = cls
            self._names[cls] = name
            return cls

        return register

    def __getitem__(self, name: str) -> type[Any]:
        """Return the member of that name, whatever its case; KeyError names the nearest."""
        self._load()
        try:
            return self._members[name.casefold()]
        except KeyError:
            raise KeyError(self.unknown(name)) from None

    def unknown(self, name: str) -> str:
        """Return the message for a name that no member has."""
        names = list(self)
        return f"{self.block} has no type {name}{nearest(name, names)} (known: {', '.join(names)})"

    def __contains__(self, name: object) -> bool:
        self._load()
        return isinstance(name, str) and name.casefold() in self._members

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted, in their printed spelling."""
        self._load()
        return iter(sorted(self._names[cls] for cls in self._members.values()))

    def name_of(self, member: object) -> str:
        """Return the input name of a member (class or instance)."""
        self._load()
        return self._names[member if isinstance(member, type) else type(member)]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            self._import_members()
        except BaseException:
            self._loaded = False
            raise

    def _import_members(self) -> None:
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self.package}.{module.name}")
        for point in _entry_points().select(group=self.package):
            point.load()
