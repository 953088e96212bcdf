"""Reading a results folder back: its events, and the state they fold into."""

from pathlib import Path
from typing import NamedTuple

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.state import RunState
from paramsrun.results import journal, lock
from paramsrun.results.folder import JOURNAL


class Reading(NamedTuple):
    """A results folder as its journal tells it."""

    state: RunState
    torn: journal.Torn | None
    """A last line that was cut off in writing."""
    driver: dict[str, object] | None
    """Host and process of the driver, if the run is alive."""


def read(folder: Path) -> Reading:
    """Return the state of a running or ended run; UsageError if the folder holds none."""
    if not folder.exists():
        raise UsageError(f"There is no results folder {folder}")
    if not (folder / JOURNAL).is_dir():
        raise UsageError(f"{folder} is no results folder: it has no {JOURNAL}")
    state, torn = RunState(), None
    try:
        for event in journal.read(folder / JOURNAL):
            if isinstance(event, journal.Torn):
                torn = event
            else:
                state.apply(event)
    except KeyError as error:
        raise RunError(f"{folder}: its journal lacks the start of optimizer {error}") from error
    except OSError as error:
        raise RunError(f"{folder} cannot be read: {error}") from error
    if state.run is None:
        raise UsageError(f"{folder}: its journal is empty")
    return Reading(state, torn, lock.alive(folder))
