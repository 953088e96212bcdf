"""What a name means where it stands, and where a name that is not known there belongs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from paramsrun.errors import most_like
from paramsrun.input.tree import Scope


class Kind(Enum):
    """What a name opens; the values are labels of the grammar."""

    KEY = "KEY"
    BLOCK = "BLOCK"
    FREE = "FREE"
    ENGINE = "ENGINE"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A name in its printed spelling and what it is."""

    name: str
    kind: Kind
    scope: Scope | None = None
    """The names within it; None where any name is let pass."""
    lost: bool = False
    """Reported as unknown, and left out of the tree, so that nobody reports it again."""


def meaning(scope: Scope, name: str, *, as_key: bool = False) -> Meaning | None:
    """Return what a name means in a scope; of a key and a block of one name, the key if asked."""
    known = scope.spelling.get(name.casefold())
    if known is None:
        return None
    if known in scope.keys and (as_key or known not in scope.inner):
        return Meaning(known, Kind.KEY)
    if known in scope.by_header:
        return Meaning(known, Kind.ENGINE)
    if known in scope.free:
        return Meaning(known, Kind.FREE)
    return Meaning(known, Kind.BLOCK, scope.blocks[known])


def similar(scope: Scope, name: str) -> Meaning | None:
    """Return the meaning of the known name most like this one."""
    known = most_like(name, sorted(scope.spelling.values()))
    return meaning(scope, known) if known else None


def homes(root: Scope, name: str) -> Iterator[tuple[str, Meaning]]:
    """Iterate over the blocks that know a name, the outermost first, with what it means there."""
    waiting = deque([("", root)])
    seen = {id(root)}
    while waiting:
        path, scope = waiting.popleft()
        if found := meaning(scope, name):
            yield path, found
        inner = list(scope.blocks.items())
        inner += [(f"{b} {h}", s) for b, by in scope.by_header.items() for h, s in by.items()]
        for block, within in inner:
            if id(within) not in seen:
                seen.add(id(within))
                waiting.append((f"{path}%{block}" if path else block, within))
