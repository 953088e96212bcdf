"""examples/LJ_Ar_restart, as its README tells it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.jobs import evaluations_of, paramsrun, story
from tests.resuming.runs import LOSSES, checkpoints, done, events, losses, numbers

EXAMPLE = Path(__file__).parents[2] / "examples/LJ_Ar_restart"
INITIAL, RESUMED = Path("initial.results"), Path("resume.results")


@pytest.fixture(autouse=True)
def _copy(tmp_path: Path, _here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = shutil.ignore_patterns("*.results")
    shutil.copytree(EXAMPLE, tmp_path / "LJ_Ar_restart", ignore=ours)
    monkeypatch.chdir(tmp_path / "LJ_Ar_restart")


def command(number: int) -> list[str]:
    """Return the arguments of a command in the README."""
    lines = Path("README.md").read_text().splitlines()
    return [line.split()[1:] for line in lines if line.startswith("    paramsrun ")][number]


def test_the_input_says_what_the_tutorial_does() -> None:
    text = " ".join(Path("params.in").read_text().split())
    for said in (
        "General 1",
        "seed 112",
        "Optimizations 1 ParameterVectors 1 Jobs 1 Processes 1 Threads 1",
        "EveryFunctionCalls 100",
        "KeepPast 3",
        "%(count)",
        "RandomSeed",
    ):
        assert said in text
    statements = [line.split("#")[0].strip() for line in Path("resume.in").read_text().splitlines()]
    assert [line for line in statements if line] == [
        "ResumeCheckpoint initial.results/checkpoints/checkpoint_000.tar.gz",
        "ExitCondition",
        "Type MaxTotalFunctionCalls",
        "MaxTotalFunctionCalls 400",
        "End",
    ]


def test_the_readme_holds_from_its_first_command_to_its_last() -> None:
    assert command(0) == ["params.in", "--name", "initial"]
    output = done(paramsrun(*command(0)))
    assert "Warning" not in output
    assert 401 <= len(evaluations_of(INITIAL)) <= 499
    (exit,) = events(INITIAL, "exit")
    assert exit["how"] == "conditions"
    assert checkpoints(INITIAL / "checkpoints") == {
        f"checkpoint_{k:03d}.tar.gz": 100 * (k + 1) for k in range(4)
    }

    shown = done(paramsrun(*command(1)))
    assert "checkpoint of evaluation 100\n" in shown

    assert done(paramsrun("check", "resume.in")) == "resume.in: no mistakes\n"
    assert not RESUMED.exists()
    output = done(paramsrun(*command(2)))
    assert "Warning" not in output
    assert "Initial loss" not in output

    assert numbers(INITIAL) == list(range(451))
    assert numbers(RESUMED) == list(range(101, 401))
    before = losses(INITIAL)
    assert losses(RESUMED) == {n: fx for n, fx in before.items() if 100 < int(n) <= 400}
    assert story(RESUMED) == story(INITIAL)[: len(story(RESUMED))]

    comparison = Path("README.md").read_text().partition("    diff ")[2].partition("\n\n")[0]
    said = subprocess.run(
        ["bash", "-c", "diff " + comparison], capture_output=True, text=True, check=True
    )
    assert said.stdout == "equal\n"

    own = RESUMED / "optimization/optimizer_001"
    assert (own / "opt_type.txt").read_text() == "CMAES\n"
    header = (RESUMED / LOSSES).read_text().splitlines()[0]
    own_rows = (own / "training_set_results/running_loss.txt").read_text().splitlines()
    assert own_rows[0] == header
    assert own_rows[1].startswith("000101 ")
