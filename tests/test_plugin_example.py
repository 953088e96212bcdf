"""The optimizer of examples/plugin_optimizer: run, killed, resumed, tested as its README says."""

import importlib.util
import shutil
import signal
from pathlib import Path
from types import ModuleType

import pytest

from paramsrun.testing import OptimizerConformance
from tests.cli.jobs import evaluations_of, journal_of, paramsrun, start, story

EXAMPLE = Path(__file__).parents[1] / "examples/plugin_optimizer"
DEADLY = """
import itertools, os, signal
calls = itertools.count(1)
alive = loss
def loss(x):
    if os.path.exists("armed") and next(calls) == 150:
        os.kill(os.getpid(), signal.SIGKILL)
    return alive(x)
"""


def walk() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walk_of_the_example", EXAMPLE / "walk.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestRandomWalk(OptimizerConformance):
    optimizer = walk().RandomWalk
    settings = {"step": 0.1}  # noqa: RUF012


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def test_it_converges_in_a_minimum() -> None:
    assert paramsrun("params.in").exit_code == 0
    told = journal_of(Path("params.results"))
    end = next(e for e in told if e["e"] == "end")
    assert end["how"] == "converged"
    assert str(end["reason"]).startswith("its step has shrunk to ")
    best = min(float(str(e["fx"])) for e in evaluations_of(Path("params.results")))
    assert best < 1e-6


def test_a_misspelt_setting_is_told_with_its_line() -> None:
    text = Path("params.in").read_text()
    Path("params.in").write_text(text.replace("step 0.1", "stp 0.1", 1))
    result = paramsrun("params.in")
    assert result.exit_code == 2
    assert result.output == (
        "params.in:11:10: Optimizer%Plugin%Settings%stp is no keyword argument of RandomWalk "
        "(it has: step); did you mean step?\n"
    )
    assert not Path("params.results").exists()


def test_killed_and_resumed_it_is_the_run_that_was_not_killed(tmp_path: Path) -> None:
    with Path("himmelblau.py").open("a") as file:
        file.write(DEADLY)
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    Path("armed").touch()
    process = start("params.in", "--name", "walk", folder=tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    Path("armed").unlink()
    result = paramsrun("params.in", "--name", "walk", "--resume", "auto")
    assert result.exit_code == 0, result.output
    assert "Warning" not in result.output
    assert story(Path("walk.2.results")) == story(Path("whole.results"))


def test_its_checkpoints_go_on_as_the_run_did() -> None:
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    Path("resume.in").write_text("ResumeCheckpoint whole.results/checkpoints/walk000.tar.gz\n")
    assert paramsrun("resume.in").exit_code == 0
    assert story(Path("resume.results")) == story(Path("whole.results"))
