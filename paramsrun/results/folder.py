"""Making a results folder: built aside, renamed when it can be resumed, never overwritten."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from paramsrun.errors import RunError, UsageError
from paramsrun.results import lock
from paramsrun.results.files import alone

INPUTS = "settings_and_initial_data"
JOURNAL = "optimization/journal"
MAX_NAME = 200
"""Bytes of a job's name."""
_WAYS = (
    "give the job another name (--name NAME), go on with it (--resume auto), or move the folder "
    "away"
)


def job_name(name: str) -> str:
    """Return the name of a job, for which that of its results folder may be given.

    Raises UsageError where it cannot be that of a folder.
    """
    given, name = name, name.removesuffix(".results")
    if not name or "/" in name or name in (".", ".."):
        raise UsageError(
            f"{given!r} is no name for a results folder: it must be a name without slashes. The "
            "key ResultsDirectory of the input puts results elsewhere."
        )
    if not name.isprintable():
        raise UsageError(
            f"{name!r} is no name for a results folder: it has signs that cannot be shown"
        )
    if len(os.fsencode(name)) > MAX_NAME:
        raise UsageError(
            f"{name!r} is no name for a results folder: it is longer than {MAX_NAME} bytes"
        )
    return name


def journal_of(folder: Path) -> Path:
    """Return where the journal of a results folder is; UsageError where it is none."""
    if not os.path.exists(folder):
        raise UsageError(f"There is no results folder {folder}")
    if not os.path.isdir(folder / JOURNAL):
        raise UsageError(f"{folder} is no results folder: it has no {JOURNAL}")
    return folder / JOURNAL


def check_free(
    folder: Path, ways: str = "give the job another name, or move the folder away"
) -> None:
    """Raise UsageError, with ways out of it, where something has the name of a results folder."""
    if os.path.lexists(folder):
        raise UsageError(f"{folder} is there already, and results are never overwritten: {ways}")


def name_of(folder: Path) -> str:
    """Return the name of a results folder; the current one, too, has one."""
    return folder.name or folder.resolve().name


def optimizer_folder(o: int) -> str:
    """Return the folder of an optimizer's own results."""
    return f"optimizer_{o:03d}"


def create(
    folder: Path, settings: str, files: Mapping[str, Path], journal: Callable[[Path], None]
) -> None:
    """Make a results folder that holds the inputs and a journal, and can be resumed at once.

    Raises UsageError where the folder is there already or another driver is making it.

    Parameters
    ----------
    settings
        The input as AMS text.
    files
        The data files: the name that each gets among the inputs, and where it is now.
    journal
        Makes the journal in the folder it is given.
    """
    if not folder.name:
        raise UsageError(f"{folder} cannot be the results folder: give ResultsDirectory a new name")
    fresh = folder.with_name(f".{folder.name}.tmp")
    try:
        with alone(folder.parent):
            check_free(folder, _WAYS)
            _clear(fresh)
            fresh.mkdir()
            (fresh / lock.NAME).write_text(json.dumps(lock.owner()) + "\n")
        try:
            _copy_inputs(fresh / INPUTS, settings, files)
            (fresh / JOURNAL).mkdir(parents=True)
            journal(fresh / JOURNAL)
            os.rename(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        _sync(folder.parent)
    except OSError as error:
        # The error names a file that is made on the way, of which the user knows nothing.
        why = error.strerror or error
        raise RunError(f"The results folder {folder} cannot be made: {why}") from error


def stored_names(given: Mapping[str, Path], roots: Sequence[Path]) -> dict[str, str]:
    """Return, for each path of an input, the name its file has among the stored inputs.

    A file below one of the roots keeps its place there; others are put into ``external/``.
    """
    names: dict[str, str] = {}
    for position, (text, path) in enumerate(given.items(), 1):
        name = next((n for root in roots if (n := _below(root, path)) is not None), None)
        if name is None or name in names.values() or name == "params.in":
            free = (f"external/{k:02d}/{path.name}" for k in count(position))
            name = next(n for n in free if n not in names.values())
        names[text] = name
    return names


def _below(root: Path, path: Path) -> str | None:
    """Return the path relative to a folder, or None if it does not lie below it."""
    relative = os.path.relpath(path.absolute(), root.absolute())
    return None if relative.startswith("..") else relative


def _clear(fresh: Path) -> None:
    """Remove what a driver that died left of a folder it was making."""
    if fresh.is_symlink():
        raise UsageError(f"{fresh}, where the results are made, is a link: remove it")
    if not fresh.exists():
        return
    held = lock.alive(fresh)
    if held is not None:
        raise UsageError(f"{fresh} is being made by process {held['pid']} on {held['host']}")
    shutil.rmtree(fresh)


def _copy_inputs(folder: Path, settings: str, files: Mapping[str, Path]) -> None:
    folder.mkdir()
    (folder / "params.in").write_text(settings, encoding="utf-8")
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
