"""The command line of a program: which of its words are files of the user's, and where."""

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import NamedTuple

from paramsrun.errors import CodeChanged, nearest

_READ_S = 60.0
"""So long after its start a program may still read its files."""
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.", re.DOTALL)
_OF_SHELLS = re.compile(r"[|;<>]|&&|^&$|^\$.")
_GO_ON = (
    "Go on with it as it is now by --resume auto, or start a new run.\n"
    "A file that evaluations write to must not stand in Command: let the program find it itself"
)


def begins_below(word: str) -> bool:
    """Return whether a word is written as a path relative to a folder."""
    return word in (".", "..") or word.startswith(("./", "../"))


class CommandLine:
    """A program and its arguments, with the full paths of what lies beside the input. Picklable.

    The program is looked for on the PATH if it is written without a slash, else in the folders. An
    argument that begins with ``./`` or ``../`` (or has that behind its first ``=``) is looked for
    in the folders, too. All other words stay as they are.

    What is wrong is in `mistakes`. Raises ValueError where a quote is not closed.

    Parameters
    ----------
    text
        As a shell would read it: words and quotes, but nothing else of a shell's.
    folders
        The first is the input's; the others are where an earlier run found its files.
    """

    def __init__(self, text: str, folders: tuple[Path, ...]) -> None:
        self.text = text
        self.folders = tuple(folder.absolute() for folder in folders)
        self.mistakes: list[str] = []
        self.files: dict[str, Path] = {}
        """Word -> the file that it means."""
        program, *rest = shlex.split(text)
        self.arguments = (self._program(program), *map(self._argument, rest))
        self._stamps = {path: _stamp(path) for path in self.files.values()}
        self._digests: dict[Path, str] = {}

    @property
    def name(self) -> str:
        """The file that a reader would call the program: the first of the user's, if any."""
        written = [word for word in self.files if "/" in word]
        return Path((*written, shlex.split(self.text)[0])[0]).name

    def user_code(self) -> dict[str, str]:
        """Return the files by their words, each with its path and SHA-256."""
        return {word: f"{path} {self._digest(path)}" for word, path in self.files.items()}

    def check_unchanged(self, began: float = inf) -> None:
        """Raise CodeChanged where a file has another content than when this was made.

        A file that is gone is no objection: the start of the program will fail.

        Parameters
        ----------
        began
            When a program was started that has ended: what was written long after that was not
            read by it, and is no objection. Left out, it is yet to start.
        """
        for path, stamp in self._stamps.items():
            now = _stamp(path)
            if now is None or now == stamp or now.modified_ns / 1e9 > began + _READ_S:
                continue
            if _sha256(path) != self._digests.get(path):
                raise CodeChanged(f"{path} changed since the job began: {_GO_ON}")
            self._stamps[path] = now

    def bare_files(self) -> Iterator[str]:
        """Iterate over the arguments that the user may take for files beside the input."""
        for word in shlex.split(self.text)[1:]:
            if not begins_below(word) and os.path.isfile(self.folders[0] / word):
                yield word

    def for_a_shell(self) -> Iterator[str]:
        """Iterate over the words, as written, that mean something to a shell alone."""
        found = _QUOTED.sub(lambda m: "_" * len(m[0]), self.text)
        for word in re.finditer(r"\S+", found):
            if _OF_SHELLS.search(word[0]):
                yield self.text[word.start() : word.end()]

    def _program(self, word: str) -> str:
        if "/" not in word:
            return self._on_path(word)
        path = self._beside(word)
        if path is None:
            near = nearest(Path(word).name, _names(self.folders[0]))
            self.mistakes.append(f"there is no program {word} in {self.folders[0]}{near}")
        elif not path.is_file():
            self.mistakes.append(f"{path} is a folder, no program")
        elif not os.access(path, os.X_OK):
            self.mistakes.append(
                f"{path} may not be executed: allow it by chmod +x, or write what runs it in "
                f"front, such as python {word}"
            )
        else:
            self.files[word] = path
            return str(path)
        return word

    def _on_path(self, word: str) -> str:
        earlier = os.pathsep.join(map(str, self.folders[1:]))
        found = (shutil.which(word, path=earlier) if earlier else None) or shutil.which(word)
        if found is not None:
            self.files[word] = Path(found).absolute()
            return str(self.files[word])
        is_here = os.path.isfile(self.folders[0] / word)
        hint = f"; for the one beside the input write ./{word}" if is_here else ""
        self.mistakes.append(f"there is no program {word} on the PATH{hint}")
        return word

    def _argument(self, word: str) -> str:
        option, sign, value = word.partition("=")
        if begins_below(word) or word.startswith("/"):
            option, sign, value = "", "", word
        if value.startswith("/") and os.path.isfile(value):
            self.files[value] = Path(value)
        if not begins_below(value):
            return word
        path = self._beside(value)
        if path is None:
            self.mistakes.append(
                f"there is no {value} in {self.folders[0]}; a file that the program makes in its "
                f"own folder is written without ./"
            )
            return word
        if path.is_file():
            self.files[value] = path
        return f"{option}{sign}{path}"

    def _beside(self, word: str) -> Path | None:
        candidates = (folder / word for folder in self.folders)
        return next((path for path in candidates if os.path.exists(path)), None)

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = _sha256(path)
        return self._digests[path]


def variables(named: Mapping[str, float | int | str | bool]) -> tuple[dict[str, str], list[str]]:
    """Return parameter name -> environment variable, and the names that get none.

    The variable is ``PARAMSRUN_`` and the name in capitals, all but letters and digits replaced by
    ``_``. Names that would share one, or take one that has a meaning already, get none.
    """
    wanted: dict[str, list[str]] = {}
    for name in named:
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.upper())
        wanted.setdefault(f"{PREFIX}{plain}", []).append(name)
    single = {v: names[0] for v, names in wanted.items() if len(names) == 1 and v != REPEAT}
    found = {name: variable for variable, name in single.items()}
    return found, [name for name in named if name not in found]


PREFIX = "PARAMSRUN_"
REPEAT = f"{PREFIX}REPEAT"


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


class _Stamp(NamedTuple):
    """What tells, without reading a file, that it may have changed."""

    modified_ns: int
    size: int
    inode: int


def _stamp(path: Path) -> _Stamp | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return _Stamp(told.st_mtime_ns, told.st_size, told.st_ino)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}".replace(" ", "_")
