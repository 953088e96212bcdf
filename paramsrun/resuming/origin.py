"""An earlier run, as its results folder or a checkpoint of it holds it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from paramsrun.errors import Findings, Mistake, Place, RunError, UsageError
from paramsrun.input import Block, parse, read_source
from paramsrun.manager.state import RunState
from paramsrun.manager.tape import Tape, tapes
from paramsrun.optimizers.contract import Saved
from paramsrun.results import journal, lock
from paramsrun.results.checkpoint_list import LIST
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.reader import fold, folded
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.naming import MAX_BYTES, SUFFIX

_STATE = re.compile(r"([0-9]{6,12})_([0-9]{9,12})", re.ASCII)
"""What `state_name` gives to the state of an optimizer."""
_INCLUDE = re.compile(r"^\s*@include\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """An earlier run that is gone on with."""

    path: Path
    """As the user named it."""
    inputs: Path
    """Folder of its params.in and data."""
    journal: Path
    """Folder of its journal's segments."""
    states: Path | None = None
    """Folder of what optimizers wrote of themselves; a checkpoint may have one."""

    @cached_property
    def input(self) -> Block:
        """Its params.in; InputError where that has mistakes.

        It is stored with what it included: UsageError where that of a checkpoint includes more.
        """
        findings = Findings()
        path = self.inputs / "params.in"
        source = read_source(path, findings, Place(str(path)))
        if source is not None and not self.path.is_dir() and _INCLUDE.search(source.text):
            raise UsageError(
                f"{self.path} cannot be used: its params.in leads outside by @include, which no "
                "checkpoint does"
            )
        tree = None if source is None else parse(source, scope_of(JobSettings), findings)
        if source is None and self.path.is_dir():
            told = "; ".join(map(str, findings.mistakes))
            hint = _listed(self.path / "checkpoints")
            raise UsageError(f"{self.path} cannot be gone on with: {told}{hint}")
        self.name_inputs(findings)
        findings.check()
        assert tree is not None
        return tree

    def name_inputs(self, findings: Findings) -> None:
        """Let mistakes name a checkpoint's files as being in it, not where they were unpacked."""
        findings.mistakes[:] = [
            Mistake(replace(m.place, file=self.shown(m.place.file)), self.shown(m.text))
            for m in findings.mistakes
        ]

    def shown(self, text: str) -> str:
        """Return a text that names the inputs of a checkpoint as being in it."""
        return self._naming(self.inputs, text)

    def state(self) -> RunState:
        """Return the state at its end, where a new session begins; UsageError if it has none."""
        try:
            state = fold(self.journal)
        except RunError as error:
            told = self._naming(self.journal, str(error))
            raise UsageError(
                f"{told}\nThe run cannot go on from {self.path}; if there is another checkpoint "
                "of it, resume from that"
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
            place = journal.place(self.journal, so_far.n_events - 1)
            place = self._naming(self.journal, place)
            raise UsageError(f"{place}: {error}\nThe run cannot go on from {self.path}") from None

    def saved(self) -> dict[int, Saved]:
        """Return what optimizers wrote of themselves."""
        found = {}
        for path in [] if self.states is None else self.states.glob("*"):
            name = _STATE.fullmatch(path.name)
            if name is not None and path.is_file():
                found[int(name[1])] = Saved(int(name[2]), path.read_bytes())
        return found

    def _naming(self, part: Path, text: str) -> str:
        """Return a text that names a folder of a checkpoint as being in it."""
        return text if self.path.is_dir() else text.replace(str(part), f"{self.path}:{part.name}")

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
    meant = f"; did you mean {folder.parent}?" if (folder.parent / JOURNAL).is_dir() else ""
    return _listed(folder) or meant


def _listed(folder: Path) -> str:
    """Return that a folder lists checkpoints, such as its newest; empty where it does not."""
    rows = folder / LIST
    if not rows.is_file():
        return ""
    listed = [row for row in rows.read_text(errors="replace").split() if row.endswith(SUFFIX)]
    such = f", such as {folder / listed[-1][-MAX_BYTES:]}" if listed else ""
    return f"; to go on from one of its checkpoints, name that{such}"
