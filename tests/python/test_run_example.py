"""examples/LJ_Ar_restart/run.py, the tutorial of restarting from Python."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paramsrun import ParAMSResults
from tests.cli.jobs import story

EXAMPLE = Path(__file__).parents[2] / "examples/LJ_Ar_restart"


def test_it_runs_as_its_readme_says_and_the_second_run_lies_on_the_first() -> None:
    pytest.importorskip("matplotlib")
    ours = shutil.ignore_patterns("*.results", "*.png")
    shutil.copytree(EXAMPLE, "copy", ignore=ours)
    assert "    python run.py\n" in Path("copy/README.md").read_text()
    done = subprocess.run(
        [sys.executable, "run.py"], cwd="copy", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout + done.stderr
    initial = ParAMSResults("copy/initial.results")
    resumed = ParAMSResults("copy/resume_from_checkpoint.results")
    n, loss = initial.get_running_loss()
    n_resumed, loss_resumed = resumed.get_running_loss()
    assert n.tolist() == list(range(451))
    assert n_resumed.tolist() == list(range(101, 401))
    assert np.array_equal(loss[101:401], loss_resumed)
    assert story(resumed.path) == story(initial.path)[: len(story(resumed.path))]
    assert Path("copy/run.png").read_bytes().startswith(b"\x89PNG")
    assert (EXAMPLE / "run.png").is_file()
