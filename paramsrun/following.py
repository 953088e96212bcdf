"""How a job goes on whose command is started again and again: its sessions in a folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from paramsrun.errors import Findings, RunError
from paramsrun.input import parse, read_source
from paramsrun.manager.events import Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.results import lock
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.reader import folded, read
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.merge import merge
from paramsrun.settings.read_job import read_job, read_tree


class Following(NamedTuple):
    """How a job goes on."""

    name: str
    """Of its next session."""
    origin: Path | None = None
    """The folder that it resumes; None where it begins, or begins anew."""
    over: str | None = None
    """If the job has come to its end already, a sentence that says so."""
    anew: str | None = None
    """If what there is cannot be gone on with, a sentence that says so."""


def following(name: str, file: Path | None = None) -> Following:
    """Return how the job of that name goes on, for queues that start one command again and again.

    A session that ended at its initial loss has nothing to go on with: the next begins anew. file
    is the input that it goes on with, where that may have been changed.
    """
    n = max(_sessions(name), default=0)
    if n == 0:
        return Following(name)
    latest = _folder(name, n)
    following = f"{name}.{n + 1}"
    if is_false_start(latest):
        why = f"{latest} ended at its initial loss, which is not finite"
        return Following(following, anew=f"{why}: a new run begins in {_folder(name, n + 1)}")
    state = read(latest).state
    exit = state.exit
    by_conditions = exit is not None and exit.how == "conditions"
    if exit is None or not exit.is_over or (by_conditions and _goes_on(latest, state, file)):
        return Following(following, latest)
    how = ", give the input other ExitCondition blocks"
    if not by_conditions:
        how = f": --resume {quote(str(latest))}, with other blocks in the input"
    reason = exit.reason.replace("\n", "\n  ")
    over = f"{latest} ended already, and there is nothing to do:\n  {reason}\nTo go on all the same"
    return Following(following, latest, f"{over}{how}")


def _goes_on(folder: Path, state: RunState, file: Path | None) -> bool:
    """Return whether the exit conditions are not met as the next session begins.

    There may be others in the input by now, and a time limit may hold for a session. Mistakes in
    the input are told by who reads it to go on.
    """
    stored, given = Findings(), Findings()
    settings, tree = read_job(folder / INPUTS / "params.in", stored)
    source = None if file is None else read_source(file, given)
    if source is not None:
        new = parse(source, scope_of(JobSettings), given)
        settings = read_tree(merge(tree, new, JobSettings), given)
    state.session_began = state.t
    return not stored.mistakes and (bool(given.mistakes) or not ExitRule.of(settings).met(state))


def has_run(name: str) -> bool:
    """Return whether a job has results to go on with: a folder of its name may be anything."""
    folders = (_folder(name, n) for n in _sessions(name))
    return any((path / JOURNAL).is_dir() and not is_false_start(path) for path in folders)


def is_false_start(folder: Path) -> bool:
    """Return whether a folder holds a run that ended since its initial loss was not finite."""
    state = RunState()
    try:
        if any(isinstance(event, Start) for event in folded(folder / JOURNAL, state)):
            return False
    except RunError:  # told by who goes on with it
        return False
    failed = state.initial is not None and state.initial.why is not None
    return failed and lock.alive(folder) is None


def _folder(name: str, n: int) -> Path:
    return Path(f"{name}.results" if n == 1 else f"{name}.{n}.results")


def _sessions(name: str) -> Iterator[int]:
    """Yield the numbers of the sessions of a job whose results are in the current folder."""
    of_session = re.compile(re.escape(name) + r"(?:\.([1-9][0-9]*))?\.results")
    for path in Path().iterdir():
        match = of_session.fullmatch(path.name)
        if match is not None and path.is_dir():
            yield int(match[1] or 1)
