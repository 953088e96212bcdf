"""Blocks that are open while a text is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from paramsrun.errors import Place
from paramsrun.input.names import Kind
from paramsrun.input.tree import Scope


@dataclass(eq=False, slots=True)
class Frame:
    """An open block: what may stand in it, and what is remembered of it to explain mistakes."""

    name: str
    place: Place
    scope: Scope | None
    kind: Kind
    parent: Frame | None = None
    lost: bool = False
    """Left out of the tree."""
    guessed: bool = False
    """An unknown name, taken for a block because the lines below it are indented."""
    has_header: bool = False
    type: str = ""
    """Of an engine, as its header has it."""
    indented: bool | None = None
    """Whether its first entry stands further right than its name; None before the first entry."""
    seen: set[str] = field(default_factory=set)
    doubts: list[tuple[Place, str]] = field(default_factory=list)
    """Entries that belong in a block around it: misplaced, or else its End is missing."""
    thief: Frame | None = None
    """A block within it that was closed by an End indented like its own."""

    @property
    def end(self) -> str:
        """The word that closes it."""
        return f"End{self.name}" if self.kind is Kind.ENGINE else "End"

    @property
    def path(self) -> str:
        """Its input path, such as ``Optimizer%CMAES``; very long ones are cut in the middle."""
        names: list[str] = []
        frame: Frame | None = self
        while frame is not None and frame.parent is not None:
            name = f"{frame.name} {frame.type}" if frame.type else frame.name
            names.append(name if len(name) <= 60 else f"{name[:57]}...")
            frame = frame.parent
        if len(names) > 8:
            names[4:-4] = ["..."]
        return "%".join(reversed(names))

    def inside(self, name: str) -> str:
        """Return the input path of a name within it."""
        name = name if len(name) <= 60 else f"{name[:57]}..."
        return f"{self.path}%{name}" if self.parent else name

    def knows(self, fold: str) -> bool:
        """Return whether a name may stand in it."""
        return self.scope is None or fold in self.scope.spelling

    def may_end_before(self, column: int) -> bool:
        """Return whether a line that begins there looks as if it were outside."""
        return column <= self.place.column and self.indented is not False

    def unclosed(self) -> tuple[Place, str]:
        """Return the mistake of its missing End, at the block that most likely lacks it."""
        frame = self
        while frame.thief is not None:
            frame = frame.thief
        if frame.has_header and frame.indented is None and frame.kind is Kind.BLOCK:
            advice = (
                f"its keys stand on lines of their own and {frame.end} closes it, or as Key=value"
            )
            return frame.place, f"{frame.path} is a block, not a key: {advice} on its line"
        return frame.place, f"{frame.path} is never closed: its {frame.end} is missing"
