"""The meaning of each first word where it stands, with advice where it has none."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from paramsrun.errors import Findings, most_like
from paramsrun.input.frames import Frame
from paramsrun.input.lines import Line
from paramsrun.input.names import Kind, Meaning, homes, meaning, similar
from paramsrun.input.tree import Scope, Word

MOST_ADVICE = 100
"""Unknown names beyond this many mistakes are reported without advice, which takes time."""


class Meanings:
    """Looks names up in the block they stand in, and reports those that nobody knows there.

    What cannot be a key or a block of the tree still gets a meaning, so that the lines below it
    are understood: a name is taken for the one it resembles or for the one it is elsewhere, and a
    name like none is a block if the line below is indented.
    """

    def __init__(self, root: Scope, findings: Findings) -> None:
        self._root = root
        self._findings = findings
        self.engines = {name.casefold() for name in root.by_header}

    def of(self, line: Line, following: Line | None, top: Frame) -> Meaning:
        """Return the meaning of a line's first word within the innermost open block."""
        name = line.name
        deeper = following is not None and following.place().column > name.place.column
        if top.scope is None:
            engine = name.text.casefold() in self.engines
            return Meaning(name.text, Kind.ENGINE if engine else _guess(deeper))
        has_value = len(line.words) > 1 and not line.is_compact()
        as_key = has_value and not _goes_on(top.scope, name.text, following)
        found = meaning(top.scope, name.text, as_key=as_key)
        if found is None:
            return _fitting(self.unknown(name, top, deeper), line, deeper)
        if found.kind is Kind.KEY and len(line.words) == 1 and deeper:
            assert following is not None
            if not top.knows(following.fold) and not following.fold.startswith(("end", "subend")):
                text = (
                    f"{top.inside(found.name)} is a key, not a block: its value stands on its line"
                )
                self._findings.mistake(name.place, text)
                return Meaning(found.name, Kind.BLOCK, lost=True)
        return found

    def unknown(self, name: Word, top: Frame, deeper: bool = False) -> Meaning:
        """Report a name that is not known in a block and return what to take it for."""
        guess = Meaning(name.text, _guess(deeper), lost=True)
        path = top.inside(name.text)
        if top.scope is None:
            return guess
        if len(self._findings.mistakes) >= MOST_ADVICE:
            self._findings.mistake(name.place, f"{path}: no such key or block")
            return guess
        colon = meaning(top.scope, name.text[:-1]) if name.text.endswith(":") else None
        if colon is not None:
            text = f"{top.inside(colon.name)} takes its value behind a blank, without :"
            self._findings.mistake(name.place, text)
            return colon
        if elsewhere := self._elsewhere(name, top):
            return elsewhere
        like = similar(top.scope, name.text)
        advice = f"; did you mean {like.name}?" if like else ""
        self._findings.mistake(name.place, f"{path}: no such key or block{advice}")
        if like is None:
            return guess
        taken = like.kind is Kind.KEY and like.name.casefold() in top.seen
        return replace(like, lost=taken)

    def _elsewhere(self, name: Word, top: Frame) -> Meaning | None:
        known = list(islice(homes(self._root, name.text), 4))
        if not known:
            return None
        places = [f"in {path}" if path else "at the top level" for path, _ in known]
        where = " or ".join(places[:3]) + (" or others" if len(places) > 3 else "")
        printed = known[0][1].name
        text = f"{top.inside(printed)}: no such key or block; {printed} belongs {where}"
        around = top.parent
        while around is not None:
            if around.scope and (found := meaning(around.scope, name.text)):
                top.doubts.append((name.place, text))
                return replace(found, lost=True)
            around = around.parent
        self._findings.mistake(name.place, text)
        return replace(known[0][1], lost=True)

    def engine(self, name: str, line: Line, top: Frame) -> tuple[Scope | None, Word | None]:
        """Return the names within an engine block, which its header chooses, and that header."""
        scopes = top.scope.by_header.get(name, {}) if top.scope else {}
        header = line.header()
        kind, *rest = header.text.split(maxsplit=1) if header and header.text.strip() else [""]
        if header is None or not kind:
            path, example = top.inside(name), next(iter(scopes), "X")
            text = f"{path} needs a type behind it, such as {name} {example}"
            self._findings.mistake(line.place(), text)
            return None, None
        known = {k.casefold(): k for k in scopes}.get(kind.casefold())
        if known is None and scopes:
            known = most_like(kind, scopes)
            advice = f"did you mean {known}?" if known else f"known are {', '.join(scopes)}"
            text = f"{top.inside(name)} {kind}: no such type; {advice}"
            self._findings.mistake(header.place, text)
        if known is None:
            return None, header
        return scopes[known], Word(" ".join([known, *rest]), header.place)


def _guess(deeper: bool) -> Kind:
    return Kind.BLOCK if deeper else Kind.KEY


def _goes_on(scope: Scope, name: str, following: Line | None) -> bool:
    """Return whether the next line has its place within a block of that name, and not beside it."""
    within = scope.blocks.get(scope.spelling.get(name.casefold(), ""))
    if within is None or following is None or following.fold in scope.spelling:
        return False
    return following.fold in within.spelling


def _fitting(found: Meaning, line: Line, deeper: bool) -> Meaning:
    """Return the meaning of a doubtful name, unless its line has the form of the other kind."""
    bare = len(line.words) == 1
    if found.kind is Kind.KEY and bare and deeper:
        return Meaning(found.name, Kind.BLOCK, lost=True)
    if found.kind in (Kind.BLOCK, Kind.FREE) and not (bare or deeper or line.is_compact()):
        return Meaning(found.name, Kind.KEY, lost=True)
    return found
