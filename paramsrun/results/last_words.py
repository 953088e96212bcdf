"""What ended a run whose manager could not tell of it: written down, and read back."""

import re
from contextlib import suppress
from pathlib import Path

from paramsrun.errors import ParamsrunError, RunError
from paramsrun.manager.events import Exit
from paramsrun.manager.state import RunState
from paramsrun.printable import printable
from paramsrun.regular import opened
from paramsrun.results import journal, lock
from paramsrun.results.folder import JOURNAL
from paramsrun.results.log import INDENT, Log

LOG = "job.log"
HEAD = "Ended by an error:"
MAX_BYTES = 1 << 16
"""So much of the end of a log is looked at."""
_STAMP = re.compile(r"^\[\d\d\.\d\d\|\d\d:\d\d:\d\d\] ", re.MULTILINE)


def end_by(error: BaseException, state: RunState) -> Exit:
    """Return the event of a run that an error has ended, or Ctrl-C."""
    living = tuple(sorted(state.living))
    if isinstance(error, KeyboardInterrupt):
        return Exit("signal", "Ended by SIGINT", living, state.t)
    told = isinstance(error, ParamsrunError)
    return Exit(
        "error", str(error) if told else f"{type(error).__name__}: {error}", living, state.t
    )


def note(folder: Path, event: Exit, is_recorded: bool) -> None:
    """Write how a run has ended into the log, if that does not tell; its folder is let go of.

    Into the journal, too, unless that has it already or breaks off.
    """
    with suppress(OSError, RunError):
        if printable(event.reason) not in _last_entry(folder):
            log = Log(folder / LOG, lambda line: None)
            log.entry(f"{HEAD}\n{event.reason}" if event.how == "error" else event.reason)
            log.close()
    with suppress(OSError, RunError):
        at = folder / JOURNAL
        segments = journal.segments(at)
        if segments and not is_recorded and not journal.n_torn(segments[-1]):
            events = journal.Journal(at)
            events.append(event)
            events.close()
    with suppress(OSError):
        (folder / lock.NAME).unlink()


def noted(folder: Path) -> str | None:
    """Return the error that the log tells last; None where it tells of none."""
    last = _last_entry(folder)
    return last.removeprefix(HEAD).strip() if last.startswith(HEAD) else None


def _last_entry(folder: Path) -> str:
    """Return the last entry of the log, without its time; an empty text where there is none."""
    try:
        with opened(folder / LOG) as file:
            file.seek(max(0, (folder / LOG).stat().st_size - MAX_BYTES))
            text = file.read(MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return _STAMP.split(text)[-1].rstrip().replace(f"\n{INDENT}", "\n")
