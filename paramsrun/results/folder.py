"""Making a results folder: built aside, renamed when it can be resumed, never overwritten."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.events import Run
from paramsrun.results import lock
from paramsrun.results.journal import Journal

INPUTS = "settings_and_initial_data"
JOURNAL = "optimization/journal"


def create(folder: Path, run: Run, files: Mapping[str, Path]) -> None:
    """Make a results folder that holds the inputs and the run's first event.

    files maps the name that each data file gets among the inputs to where it is now. Raises
    UsageError where the folder is there already or another driver is making it.
    """
    if folder.exists():
        raise UsageError(
            f"{folder} is there already, and results are never overwritten: "
            "give the job another name (--name NAME), or move the folder away"
        )
    fresh = folder.with_name(f".{folder.name}.tmp")
    _clear(fresh)
    try:
        fresh.mkdir()
        (fresh / lock.NAME).write_text(json.dumps(lock.owner()) + "\n")
        _copy_inputs(fresh / INPUTS, run.settings, files)
        journal = Journal(fresh / JOURNAL)
        journal.append(run)
        journal.close()
        os.rename(fresh, folder)
        _sync(folder.parent)
    except OSError as error:
        raise RunError(f"The results folder {folder} cannot be made: {error}") from error


def stored_names(given: Mapping[str, Path]) -> dict[str, str]:
    """Return, for each path text of an input, the name its file has among the stored inputs.

    Relative paths keep their name; others are put into ``external/``.
    """
    names: dict[str, str] = {}
    for position, text in enumerate(given, 1):
        path = PurePosixPath(text)
        inside = not path.is_absolute() and ".." not in path.parts
        names[text] = str(path) if inside else f"external/{position:02d}_{path.name}"
    return names


def _clear(fresh: Path) -> None:
    """Remove what a driver that died left of a folder it was making."""
    if not fresh.exists():
        return
    held = lock.alive(fresh)
    if held is not None:
        raise UsageError(f"{fresh} is being made by process {held['pid']} on {held['host']}")
    shutil.rmtree(fresh)


def _copy_inputs(folder: Path, settings: str, files: Mapping[str, Path]) -> None:
    folder.mkdir()
    (folder / "params.in").write_text(settings)
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
