"""Makes an attempt in a folder of its own, and tells what came of it."""

import os
import re
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from paramsrun.cli.command import main
from paramsrun.errors import ParamsrunError
from tests.malice.attempt import Attempt, Den
from tests.malice.watch import watching

PATIENCE_S = 120.0
MEMORY = 1 << 30
"""Bytes that an attempt may take beside what the process has already."""
LONGEST = 20_000
"""Characters of an error that someone will still read."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass
class Verdict:
    """What came of an attempt; it was withstood if there is nothing in it but the output."""

    executed: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    """What was changed outside of the working folder, or read there, or left in /tmp."""
    traceback: str = ""
    unclear: str = ""
    output: str = ""

    @property
    def faults(self) -> dict[str, Any]:
        """What is wrong, without what is not."""
        return {k: v for k, v in asdict(self).items() if v and k != "output"}


class Hung(BaseException):
    """An attempt has not come to its end in time."""


def judged(attempt: Attempt, base: Path, root: Path) -> Verdict:
    """Make an attempt in this process, in a folder that is empty."""
    den = Den(root, base)
    for name in ("work", "outside", "home", "tmp"):
        (root / name).mkdir()
    den.secret.write_text("top secret: 42\n")
    verdict = Verdict()
    with _in(den):
        made = attempt.bait(den)
        before = _seen(root)
        with watching(root, attempt.programs, attempt.own_code) as watch, _limited():
            code, error = _made(made, verdict)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    verdict.executed += watch.executed
    allowed = "read" if attempt.reads else "nothing"
    verdict.touched += [one for one in watch.touched if not one.startswith(f"{allowed} ")]
    if attempt.elsewhere:
        verdict.touched = [one for one in verdict.touched if str(den.secret) in one]
    if den.canary.exists() and not attempt.canary:
        verdict.executed.append("the canary is there")
    if attempt.canary:
        den.canary.unlink(missing_ok=True)
        verdict.touched = [one for one in verdict.touched if "canary" not in one]
    changed = before - _seen(root) if attempt.elsewhere else before ^ _seen(root)
    verdict.touched += sorted(f"{name} differs" for name in changed)
    verdict.traceback = error
    verdict.unclear = _unclear(attempt, code, verdict.output)
    return verdict


def _made(made: Sequence[str] | Callable[[], object], verdict: Verdict) -> tuple[int, str]:
    """Return exit code and traceback of a command."""
    try:
        if callable(made):
            verdict.output, code = _called(made)
            return code, ""
        result = CliRunner().invoke(main, list(map(str, made)))
    except Hung:
        return -1, f"it hangs: no answer in {PATIENCE_S} s\n{traceback.format_exc()}"
    except BaseException:
        return -1, traceback.format_exc()
    verdict.output = result.output
    info = result.exc_info
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return result.exit_code, "".join(traceback.format_exception(*info))  # type: ignore[misc]
    return result.exit_code, "Traceback" if "Traceback (most" in result.output else ""


def _called(made: Callable[[], object]) -> tuple[str, int]:
    try:
        return f"{made()!r}\n", 0
    except ParamsrunError as error:
        return f"{error}\n", error.exit_code


def _unclear(attempt: Attempt, code: int, output: str) -> str:
    """Return what is wrong with an answer."""
    wanted_codes = (1, 2) if attempt.fails else (0,)
    if code not in wanted_codes:
        return f"exit code {code}"
    if found := _CONTROLS.search(output):
        return f"the control character {found[0]!r} reaches the terminal"
    if attempt.fails and len(output) > LONGEST:
        return f"{len(output)} characters"
    if re.search(attempt.wanted, output, re.DOTALL) is None:
        return f"does not say {attempt.wanted!r}"
    return ""


def _seen(root: Path) -> set[tuple[str, int, int]]:
    """Return name, size and time of change of all that must stay as it is."""
    return {
        (str(path.relative_to(root)), told.st_size, told.st_mtime_ns * (not path.is_dir()))
        for folder in ("outside", "home", "tmp")
        for path in (root / folder).rglob("*")
        if (told := path.lstat())
    }


@contextmanager
def _in(den: Den) -> Iterator[None]:
    """Let this process be in the working folder, and home and temporary files be in the den."""
    here, environment, path = os.getcwd(), dict(os.environ), list(sys.path)
    kept, tempfile.tempdir = tempfile.tempdir, None
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    modules = set(sys.modules)
    os.environ.update(
        HOME=str(den.root / "home"),
        TMPDIR=str(den.root / "tmp"),
        MPLCONFIGDIR=str(den.work / ".matplotlib"),
    )
    os.chdir(den.work)
    tempfile.tempdir = str(den.root / "tmp")
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir, sys.dont_write_bytecode = kept, bytecode
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(den.root)):
                del sys.modules[name]


@contextmanager
def _limited() -> Iterator[None]:
    """Bound memory and time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (min(limit, hard) if hard > 0 else limit, hard))
    before = signal.signal(signal.SIGALRM, _hung)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _hung(*_: object) -> None:
    raise Hung
