"""The folders that programs run in: one for each evaluation, made for it and filled."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from paramsrun.problem.command.names import PARAMETERS, STDERR, STDOUT
from paramsrun.problem.command.reading import NoLoss
from paramsrun.problem.command.template import Template, Values
from paramsrun.problem.contract import Key


@dataclass(frozen=True)
class Folders:
    """Where folders of evaluations are made.

    They are ``001_000012`` and the like, for the 12th evaluation of optimizer 1; before a results
    folder is known, they are in the system's folder for temporary files.
    """

    place: Path
    """Relative to the results folder."""
    base: Path | None = None
    """Where they are, once that is known."""

    def below(self, results: Path) -> "Folders":
        """Return the same, for the run of a results folder.

        A place outside of it gets a folder for each results folder, so that none is shared.
        """
        if not self.place.is_absolute():
            return replace(self, base=results / self.place)
        whose = f"{os.uname().nodename}:{results.absolute()}"
        digest = hashlib.sha256(whose.encode()).hexdigest()[:12]
        return replace(self, base=self.place / f"{results.name}-{digest}")

    def make(self, key: Key) -> Path:
        """Return a new, empty folder; what an attempt at the same evaluation left is removed."""
        if self.base is None:
            return Path(tempfile.mkdtemp(prefix="paramsrun-"))
        folder = self.base / f"{key[0]:03d}_{key[1]:06d}"
        try:
            folder.mkdir()
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            shutil.rmtree(folder)
            folder.mkdir()
        return folder

    def remove(self, folder: Path) -> None:
        """Remove a folder and all that is in it, as far as the system allows."""
        with suppress(OSError):
            for name in (PARAMETERS, STDOUT, STDERR):  # mostly all that there is
                os.unlink(folder / name)
            os.rmdir(folder)
            return
        shutil.rmtree(folder, ignore_errors=True)

    def clear_up(self, everything: bool) -> None:
        """Remove the folder of all folders if it is empty, or else if everything is to go."""
        if self.base is not None and everything:
            shutil.rmtree(self.base, ignore_errors=True)
        elif self.base is not None:
            with suppress(OSError):
                self.base.rmdir()

    def name(self, folder: Path) -> str | None:
        """Return what the user may call a folder, or None for one that will not stay."""
        if self.base is None:
            return None
        return str(folder) if self.place.is_absolute() else f"{self.place}/{folder.name}"


@dataclass(frozen=True)
class Inputs:
    """What is put into each folder."""

    templates: Sequence[Template] = ()
    files: Sequence[tuple[str, Path]] = ()
    """The name that each gets, and where it is."""

    def moved(self, stored: Mapping[Path, Path]) -> "Inputs":
        """Return the same, its files taken from where they are stored."""
        files = ((name, stored.get(path, path)) for name, path in self.files)
        return replace(self, files=tuple(files))

    def put_into(self, folder: Path, values: Values) -> None:
        """Write the parameters and templates and copy the files; NoLoss where that fails."""
        try:
            folder.mkdir(exist_ok=True)
            (folder / PARAMETERS).write_bytes(_as_json(values))
            for template in self.templates:
                (folder / template.name).write_bytes(template.filled(values))
            for name, path in self.files:
                shutil.copy(path, folder / name)
        except (OSError, ValueError) as error:
            raise NoLoss(f"its folder cannot be filled: {error}") from None

    def identity(self) -> list[list[str]]:
        """Return names and hashes of what is put into each folder."""
        contents = [(t.name, repr(t.parts).encode()) for t in self.templates]
        contents += [(name, path.read_bytes()) for name, path in self.files]
        return [[name, hashlib.sha256(data).hexdigest()] for name, data in contents]


def _as_json(values: Values) -> bytes:
    """Return a JSON object, a line for each value."""
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
