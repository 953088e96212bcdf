"""What an attempt is, and the folders it is made in."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tests.malice import forging

INPUTS = "settings_and_initial_data"
JOURNAL = "optimization/journal/000001.jsonl"


@dataclass(frozen=True)
class Den:
    """The folders of one attempt. Only ``work``, the current folder, is the program's to write."""

    root: Path
    base: Path
    """The job and the run that baits are made of: params.in, data, params.results, c000.tar.gz."""

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    @property
    def canary(self) -> Path:
        """The file that a payload makes if it is executed."""
        return self.outside / "canary"

    @property
    def secret(self) -> Path:
        """A file that nothing may read, change or remove."""
        return self.outside / "secret.txt"

    @property
    def touch(self) -> str:
        """A command that makes the canary."""
        return f"touch {self.canary}"

    @property
    def python(self) -> str:
        """An expression of Python that makes the canary."""
        return f"__import__('os').system('{self.touch}')"

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the working folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def job(self, more: str = "", **files: str) -> list[str]:
        """Put the job into the working folder, with other data files; return its command."""
        for path in self.base.iterdir():
            if path.suffix in (".in", ".yaml"):
                shutil.copy(path, self.work)
        for name, text in files.items():
            self.write(f"{name}.yaml", text)
        with (self.work / "params.in").open("a") as file:
            file.write(more)
        return ["params.in"]

    def folder(self) -> Path:
        """Put the results folder, as a kill leaves it, into the working folder."""
        at = self.work / "evil.results"
        shutil.copytree(self.base / "params.results", at)
        return at

    def members(self) -> dict[str, bytes]:
        """Return what the checkpoint holds."""
        return forging.members(self.base / "c000.tar.gz")

    def checkpoint(self, changes: Mapping[str, bytes | None] | None = None, **fields: Any) -> str:
        """Put a checkpoint with other members there, all its hashes right; return its name."""
        members = {**self.members(), **(changes or {})}
        listed = [(name, data) for name, data in members.items() if data is not None]
        return self.forged(listed, **fields)

    def forged(self, listed: Iterable[tuple[str, bytes]], **fields: Any) -> str:
        """Put a checkpoint of any members there, its seal right; return its name."""
        return forging.forged(self.work / "evil.tar.gz", list(listed), **fields).name

    def resumed(self, origin: str = "evil.tar.gz", more: str = "") -> list[str]:
        """Return the command that goes on from an origin."""
        self.write("resume.in", f"ResumeCheckpoint {origin}\n{more}")
        return ["resume.in"]


Bait: TypeAlias = Callable[[Den], "Sequence[str] | Callable[[], object]"]


@dataclass(frozen=True)
class Attempt:
    """One attempt, as data."""

    name: str
    bait: Bait
    """Makes the hostile files; returns the arguments of the command, or what Python calls."""
    wanted: str
    """A regular expression of the answer: where it is, and what is wrong there."""
    fails: bool = True
    """Whether the answer is an error: exit code 1 or 2. If not, the attempt is harmless."""
    programs: bool = False
    """Whether the user's own input names a program, which may be started."""
    own_code: bool = False
    """Whether the user's own input names code, which may be loaded."""
    canary: bool = False
    """Whether that code makes the canary, and may."""
    elsewhere: bool = False
    """Whether new files may be made outside, since the answer says so."""
    apart: bool = False
    """Whether it could end the process that it is made in."""
    reads: bool = False
    """Whether a link of the user's leads to the secret file, which may be read then."""
