"""Going on with an earlier run: what it was, and what a new input changes in it."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from paramsrun.errors import Findings, Mistake, Place, RunError, UsageError
from paramsrun.input import Block, Key, Source, Word, parse, read_source, write
from paramsrun.manager.events import Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape, tapes
from paramsrun.optimizers.contract import Saved
from paramsrun.problem.choices import shown
from paramsrun.problem.documents import read_stream
from paramsrun.problem.parameters import ParameterInterface, read_parameters
from paramsrun.problem.space import uncommon
from paramsrun.results import journal, lock
from paramsrun.results.checkpoint_list import LIST
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.reader import fold, folded
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.merge import merge
from paramsrun.settings.naming import MAX_BYTES, SUFFIX
from paramsrun.settings.paths import moved

NOT_INHERITED = ("resumecheckpoint", "resultsdirectory")
OF_THE_START = ("optimizer", "scaler", "randomseed")
"""What an optimizer is started with, and keeps."""
_STATE = re.compile(r"([0-9]{6,12})_([0-9]{9,12})", re.ASCII)
"""What `state_name` gives to the state of an optimizer."""
_INCLUDE = re.compile(r"^\s*@include\b", re.IGNORECASE | re.MULTILINE)


class Origin(NamedTuple):
    """An earlier run, as its results folder or a checkpoint of it holds it."""

    path: Path
    """As the user named it."""
    inputs: Path
    """Folder of its params.in and data."""
    journal: Path
    """Folder of its journal's segments."""
    states: Path | None = None
    """Folder of what optimizers wrote of themselves; a checkpoint may have one."""

    def state(self) -> RunState:
        """Return the state at its end, where a new session begins; UsageError if it has none."""
        try:
            state = fold(self.journal)
        except RunError as error:
            raise UsageError(
                f"{self._told(str(error))}\nThe run cannot go on from {self.path}; if there is "
                "another checkpoint of it, resume from that"
            ) from None
        if state.run is None:
            raise UsageError(f"{self.path} holds an empty journal: there is nothing to go on with")
        state.session_began = state.checkpoint_t = state.t
        state.n_before = state.n_evaluations
        return state

    def tapes(self, state: RunState) -> dict[int, Tape]:
        """Return what was recorded of unfinished optimizers; UsageError if it cannot be true."""
        so_far = RunState()
        try:
            return tapes(folded(self.journal, so_far), state.unfinished)
        except RunError as error:
            place = self._told(journal.place(self.journal, so_far.n_events - 1))
            raise UsageError(f"{place}: {error}\nThe run cannot go on from {self.path}") from None

    def saved(self) -> dict[int, Saved]:
        """Return what optimizers wrote of themselves."""
        found = {}
        for path in [] if self.states is None else self.states.glob("*"):
            name = _STATE.fullmatch(path.name)
            if name is not None and path.is_file():
                found[int(name[1])] = Saved(int(name[2]), path.read_bytes())
        return found

    def _told(self, text: str) -> str:
        """Return a text that names the journal of a checkpoint as being in it."""
        if self.path.is_dir():
            return text
        return text.replace(str(self.journal), f"{self.path}:{self.journal.name}")

    @property
    def torn(self) -> int:
        """How many bytes of a last line were cut off in writing."""
        return journal.n_torn(journal.segments(self.journal)[-1])


@contextmanager
def opened(path: Path) -> Iterator[Origin]:
    """Open a results folder or a checkpoint for as long as it is needed.

    Raises UsageError where it is none, or its run is still alive.
    """
    if not os.path.exists(path):
        raise UsageError(f"There is no checkpoint or results folder {path}")
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{path} is neither a checkpoint nor a results folder")
    if not path.is_dir():
        from paramsrun.results.opening import unpacked

        with unpacked(path) as (folder, _):
            yield Origin(path, *(folder / part for part in ("inputs", "journal", "states")))
        return
    if not journal.segments(path / JOURNAL):
        raise UsageError(f"{path} is no results folder: it holds no {JOURNAL}{_hint(path)}")
    driver = lock.alive(path)
    if driver is not None:
        raise UsageError(
            f"The run of {path} is still alive: process {driver['pid']} on {driver['host']}. "
            "End it first (Ctrl-C, or a SIGTERM to that process)"
        )
    yield Origin(path, path / INPUTS, path / JOURNAL)


def _hint(folder: Path) -> str:
    """Return what may have been meant by a folder that holds no run."""
    rows = folder / LIST
    if rows.is_file():
        listed = [row for row in rows.read_text(errors="replace").split() if row.endswith(SUFFIX)]
        such = f", such as {folder / listed[-1][-MAX_BYTES:]}" if listed else ""
        return f"; to go on from one of its checkpoints, name that{such}"
    if (folder.parent / JOURNAL).is_dir():
        return f"; did you mean {folder.parent}?"
    return ""


def resume_path(tree: Block, folder: Path) -> Path | None:
    """Return what the key ResumeCheckpoint of an input names, relative to its folder."""
    entry = tree.get("ResumeCheckpoint")
    given = isinstance(entry, Key) and entry.value is not None
    return folder / entry.value.text if given else None  # type: ignore[union-attr]


def merged(origin: Origin, new: Block, folder: Path, findings: Findings) -> Block:
    """Return the stored input changed by a new one, every path in it absolute."""
    given = tuple(
        e for e in _with_paths(new, folder).entries if e.name.casefold() != "resumecheckpoint"
    )
    return merge(
        _stored(origin, findings),
        _absolute(Block("", new.place, entries=given), folder),
        JobSettings,
    )


def _with_paths(new: Block, folder: Path) -> Block:
    """Return an input whose DataSet blocks name the files that they take beside the input."""
    assumed = iter(("training_set", "validation_set"))
    entries = []
    for entry in new.entries:
        if isinstance(entry, Block) and entry.name.casefold() == "dataset":
            name = next(assumed, "")
            path = Word(f"{name}.yaml", entry.place)
            if entry.get("Path") is None and os.path.isfile(folder / path.text):
                key = Key("Path", entry.place, path)
                entry = replace(entry, entries=(*entry.entries, key))
        entries.append(entry)
    return replace(new, entries=tuple(entries))


def _stored(origin: Origin, findings: Findings) -> Block:
    """Return the stored input, every path in it absolute, without what is not inherited."""
    source = _stored_source(origin, findings)
    if source is None:
        name_stored(origin, findings)
        findings.check()
    assert source is not None
    tree = parse(source, scope_of(JobSettings), findings)
    kept = tuple(e for e in tree.entries if e.name.casefold() not in NOT_INHERITED)
    return _absolute(Block("", tree.place, entries=kept), origin.inputs)


def _stored_source(origin: Origin, findings: Findings) -> Source | None:
    """Return the stored input; it is stored with what it included, and may include no more."""
    path = origin.inputs / "params.in"
    source = read_source(path, findings, Place(str(path)))
    if source is not None and not origin.path.is_dir() and _INCLUDE.search(source.text):
        raise UsageError(
            f"{origin.path} cannot be used: its params.in leads outside by @include, which no "
            "checkpoint does"
        )
    return source


def resolver(origin: Origin, new: Block, folder: Path) -> Callable[[str], Path]:
    """Return what finds the files that a merged input names.

    It raises UsageError for one that a checkpoint names outside of itself, and not the new input.
    """
    if origin.path.is_dir():
        return origin.inputs.joinpath
    named = _paths(_stored(origin, Findings())) - _paths(_absolute(new, folder))
    inputs = f"{os.path.normpath(origin.inputs.absolute())}/"

    def resolve(text: str) -> Path:
        path = origin.inputs / text
        if text not in named or os.path.normpath(path.absolute()).startswith(inputs):
            return path
        told = _shown(origin, str(path))
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


def news(origin: Origin, state: RunState, new: Block, tree: Block) -> Iterator[str]:
    """Yield what the user should know of a resume, a line each.

    tree is the merged input; of the new one, what gives the same as is stored is not told.
    """
    yield f"Resumed from {origin.path}, after {state.n_evaluations} evaluations"
    if origin.torn:
        yield f"The last line of its journal was cut off ({origin.torn} bytes) and is left out"
    stored = _stored(origin, Findings())
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
    key = control.get("CheckpointingDirectory") if isinstance(control, Block) else None
    if not isinstance(key, Key) or key.value is None:
        return None
    path = Path(key.value.text)
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


def name_stored(origin: Origin, findings: Findings) -> None:
    """Let mistakes name a checkpoint's files as being in it, not where they were unpacked to."""
    if origin.path.is_dir():
        return
    findings.mistakes[:] = [
        Mistake(replace(m.place, file=_shown(origin, m.place.file)), _shown(origin, m.text))
        for m in findings.mistakes
    ]


def _shown(origin: Origin, text: str) -> str:
    """Return a text that names the inputs of a checkpoint as being in it."""
    if origin.path.is_dir():
        return text
    return text.replace(str(origin.inputs), f"{origin.path}:{origin.inputs.name}")


def check_interface(origin: Origin, run: Run, parameters: ParameterInterface) -> None:
    """Raise UsageError, naming the difference, where the parameters are not those of the run."""
    stored = _stored_interface(origin)
    if (
        stored.active_names != run.names
        or not np.array_equal(stored.bounds, run.ranges)
        or uncommon(stored.space) != run.space
    ):
        file = _shown(origin, stored.source.at.file)
        raise UsageError(
            f"{file} was changed since the run of {origin.path} began: its active "
            "parameters, or what values they may have, are not those of the journal. Undo that "
            "change"
        )
    differences = list(_differences(stored, parameters))
    if differences:
        raise UsageError(
            "\n".join(
                [
                    f"{parameters.source.at.file}: the parameter interface may not change on "
                    f"resume; against that of {origin.path}:",
                    *(f"  {line}" for line in differences),
                    "Leave ParameterInterface out of the input to go on with the stored one, or "
                    "start a new run.",
                ]
            )
        )


def _stored_interface(origin: Origin) -> ParameterInterface:
    findings = Findings()
    source = _stored_source(origin, findings)
    path = "parameter_interface.yaml"
    if source is not None:
        entry = parse(source, scope_of(JobSettings), findings).get("ParameterInterface")
        if isinstance(entry, Key) and entry.value is not None:
            path = entry.value.text
    stream = read_stream(origin.inputs / path, findings)
    parameters = None if stream is None else read_parameters(stream, findings)
    findings.check()
    assert parameters is not None
    return parameters


def _differences(stored: ParameterInterface, given: ParameterInterface) -> Iterator[str]:
    before = {p.name: p for p in stored.parameters}
    after = {p.name: p for p in given.parameters}
    yield from (f"{name} is gone" for name in before if name not in after)
    yield from (f"{name} is new" for name in after if name not in before)
    for name in (n for n in before if n in after):
        for what in ("type", "scale", "choices", "value", "range"):
            a, b = getattr(before[name], what), getattr(after[name], what)
            if a != b or (what == "choices" and _say(what, a) != _say(what, b)):
                verb = ("were", "are") if what == "choices" else ("was", "is")
                said = f"{verb[0]} {_say(what, a)} and {verb[1]} {_say(what, b)} now"
                yield f"the {what} of {name} {said}"
        if before[name].is_active != after[name].is_active:
            yield (
                f"{name} was active and is not now"
                if before[name].is_active
                else (f"{name} was not active and is now")
            )
    if list(before) != list(after) and before.keys() == after.keys():
        yield "the parameters stand in another order"


def _say(what: str, value: Any) -> str:
    if what == "range":
        return " to ".join(map(repr, value))
    if what == "choices":
        return ", ".join(map(shown, value)) or "none"
    return shown(value) if what == "value" else str(value)


def check_not_over(origin: Origin, state: RunState, rule: ExitRule) -> None:
    """Raise UsageError where there is nothing left to do: the exit conditions are met already.

    A run that was killed before it wrote its exit has that left to do.
    """
    if state.initial is not None and state.initial.why and not state.n_started:
        raise UsageError(
            f"{origin.path} ended since the loss of its initial parameters is not finite "
            f"({state.initial.why}): start a new run"
        )
    over = state.exit is not None and state.exit.is_over
    was_killed = origin.path.is_dir() and not over
    if rule.met(state) and not was_killed:
        conditions = "\n".join(f"  {line}" for line in rule.explain(state).splitlines())
        raise UsageError(
            f"The exit conditions are met already in {origin.path} "
            f"({state.n_evaluations} evaluations, {state.n_converged} converged):\n{conditions}\n"
            "To go on, give the input other ExitCondition blocks: they replace the stored ones."
        )
