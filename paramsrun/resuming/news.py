"""What the user is told of a resume."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from paramsrun.input import Block, write
from paramsrun.manager.state import RunState
from paramsrun.resuming.merging import inherited
from paramsrun.resuming.origin import Origin
from paramsrun.settings.job import JobSettings
from paramsrun.settings.paths import moved

OF_THE_START = ("optimizer", "scaler", "randomseed")
"""What an optimizer is started with, and keeps."""


def news(origin: Origin, state: RunState, new: Block, tree: Block) -> Iterator[str]:
    """Yield what the user should know of a resume, a line each.

    tree is the merged input; of the new one, what gives the same as is stored is not told.
    """
    yield f"Resumed from {origin.path}, after {state.n_evaluations} evaluations"
    if origin.torn:
        yield f"The last line of its journal was cut off ({origin.torn} bytes) and is left out"
    stored = inherited(origin)
    given = dict.fromkeys(e.name for e in new.entries if e.name.casefold() != "resumecheckpoint")
    changed = [name for name in given if _content(stored, name) != _content(tree, name)]
    if changed:
        yield f"In place of what is stored: {', '.join(changed)}"
    elsewhere = _stored_directory(stored)
    if elsewhere is not None and "CheckpointControl" not in given:
        yield f"Checkpoints go to {elsewhere}, as is stored"
    later = [name for name in changed if name.casefold() in OF_THE_START]
    if later and state.living:
        yield f"Optimizers that live keep theirs; new ones get the new {', '.join(later)}"


def _stored_directory(stored: Block) -> str | None:
    """Return where an input puts checkpoints, if that is outside of the results folder."""
    control = stored.get("CheckpointControl")
    given = control.text("CheckpointingDirectory") if isinstance(control, Block) else None
    if given is None:
        return None
    path = Path(given)
    return str(path) if path.is_absolute() or ".." in path.parts else None


def _content(tree: Block, name: str) -> str:
    """Return the entries of a name as text, with what is in a file in place of its path."""
    entries = Block("", tree.place, entries=tuple(tree.all(name)))
    return write(moved(entries, JobSettings, _digest)).casefold()


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return path
