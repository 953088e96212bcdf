"""What a new input makes of a stored one, and which files the two may name."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from paramsrun.errors import UsageError
from paramsrun.input import Block, Key, Word
from paramsrun.resuming.origin import Origin
from paramsrun.settings.job import JobSettings
from paramsrun.settings.merge import merge
from paramsrun.settings.paths import moved

NOT_INHERITED = ("resumecheckpoint", "resultsdirectory")


def resume_path(tree: Block, folder: Path) -> Path | None:
    """Return what the key ResumeCheckpoint of an input names, relative to its folder."""
    given = tree.text("ResumeCheckpoint")
    return None if given is None else folder / given


def merged(origin: Origin, new: Block, folder: Path) -> Block:
    """Return the stored input changed by a new one, every path in it absolute."""
    given = _absolute(_without(new, "resumecheckpoint"), folder)
    return merge(inherited(origin), _with_paths(given, folder, origin.inputs), JobSettings)


def inherited(origin: Origin) -> Block:
    """Return the stored input, every path in it absolute, without what is not inherited."""
    kept = _absolute(_without(origin.input, *NOT_INHERITED), origin.inputs)
    return _with_paths(kept, origin.inputs)


def _without(tree: Block, *names: str) -> Block:
    kept = tuple(e for e in tree.entries if e.name.casefold() not in names)
    return Block("", tree.place, entries=kept)


def _with_paths(tree: Block, *folders: Path) -> Block:
    """Return an input whose DataSet blocks name the files that they take from one of the folders.

    The first folder comes first.
    """
    assumed = iter(("training_set", "validation_set"))
    entries = []
    for entry in tree.entries:
        if isinstance(entry, Block) and entry.name.casefold() == "dataset":
            assumed_name = next(assumed, "")
            name = entry.text("Name") or assumed_name
            there = [
                path for f in folders if os.path.isfile(path := (f / f"{name}.yaml").absolute())
            ]
            if entry.get("Path") is None and there:
                key = Key("Path", entry.place, Word(str(there[0]), entry.place))
                entry = replace(entry, entries=(*entry.entries, key))
        entries.append(entry)
    return replace(tree, entries=tuple(entries))


def resolver(origin: Origin, new: Block, folder: Path) -> Callable[[str], Path]:
    """Return what finds the files that a merged input names.

    It raises UsageError for one that a checkpoint names outside of itself, and not the new input.
    """
    if origin.path.is_dir():
        return origin.inputs.joinpath
    named = _paths(inherited(origin)) - _paths(_absolute(new, folder))
    inputs = f"{os.path.normpath(origin.inputs.absolute())}/"

    def resolve(text: str) -> Path:
        path = origin.inputs / text
        if text not in named or os.path.normpath(path.absolute()).startswith(inputs):
            return path
        told = origin.shown(str(path))
        raise UsageError(
            f"{origin.path} cannot be used: its params.in leads outside, to {told}; "
            "if that file is wanted, name it in the new input"
        )

    return resolve


def _paths(block: Block) -> set[str]:
    """Return all paths in a tree."""
    found: set[str] = set()

    def note(path: str) -> str:
        found.add(path)
        return path

    moved(block, JobSettings, note)
    return found


def _absolute(block: Block, root: Path) -> Block:
    return moved(block, JobSettings, lambda path: str((root / path).absolute()))
