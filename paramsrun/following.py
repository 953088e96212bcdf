"""How a job goes on whose command is started again and again: its sessions in a folder."""

import re
from collections.abc import Iterator
from pathlib import Path

from paramsrun.results.folder import JOURNAL
from paramsrun.results.reader import read


def following(name: str) -> tuple[str, Path | None, str | None]:
    """Return how the job of that name goes on, for queues that start one command again and again.

    The results are the name of the next session; the folder that it resumes, or None where there
    is none yet; and, if the job has come to its end already, a sentence that says so.
    """
    n = max(_sessions(name), default=0)
    if n == 0:
        return name, None, None
    latest = _folder(name, n)
    following = f"{name}.{n + 1}"
    exit = read(latest).state.exit
    if exit is None or exit.how not in ("conditions", "exhausted"):
        return following, latest, None
    reason = exit.reason.replace("\n", "\n  ")
    return (
        following,
        latest,
        f"{latest} ended already, and there is nothing to do:\n  {reason}\n"
        f"To go on all the same: --resume {latest}, with other ExitCondition blocks in the input",
    )


def latest_of(name: str) -> Path | None:
    """Return the results folder of a job's latest session; None where there is none yet."""
    n = max(_sessions(name), default=0)
    return None if n == 0 else _folder(name, n)


def has_run(name: str) -> bool:
    """Return whether a session of a job has results: a folder of its name may be anything."""
    return any((_folder(name, n) / JOURNAL).is_dir() for n in _sessions(name))


def _folder(name: str, n: int) -> Path:
    return Path(f"{name}.results" if n == 1 else f"{name}.{n}.results")


def _sessions(name: str) -> Iterator[int]:
    """Yield the numbers of the sessions of a job whose results are in the current folder."""
    of_session = re.compile(re.escape(name) + r"(?:\.([1-9][0-9]*))?\.results")
    for path in Path().iterdir():
        match = of_session.fullmatch(path.name)
        if match is not None and path.is_dir():
            yield int(match[1] or 1)
