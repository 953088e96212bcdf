"""The runs that several files of tests look at."""

import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from paramsrun.cli.command import main

ROOT = Path(__file__).parents[1]

settings.register_profile(  # the same examples each time, however long a busy machine takes for one
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background: jobs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def commands_in(path: Path) -> list[str]:
    """Return what a README tells to type: root in backticks, an example in lines of their own.

    What names a CHECKPOINT, a PATH or RUNNING results by that word is no command yet.
    """
    pattern = r"`(paramsrun [^`]*)`" if path.parent == ROOT else r"^(?:    )?(paramsrun .*)$"
    commands = re.findall(pattern, path.read_text(), re.MULTILINE)
    assert commands
    return [command for command in commands if not re.search("CHECKPOINT|PATH|RUNNING", command)]


def type_all(path: Path, folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Run the commands of a README one after the other; return where their results are."""
    own = Path(sys.executable).parent  # as in an activated environment
    patch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    example = path.parent if path.parent != ROOT else ROOT / "examples/function"
    here = folder / "examples" / example.name
    shutil.copytree(example, here, ignore=shutil.ignore_patterns("*.results", "*.png"))
    patch.chdir(here)
    for command in commands_in(path):
        result = CliRunner().invoke(main, shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}\n{result.output}"
    return here


@pytest.fixture(scope="session")
def readme_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Run the commands of a README, once for all tests; return where their results are."""

    @cache
    def run(path: Path) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            return type_all(path, tmp_path_factory.mktemp("readme"), patch)

    return run
