"""README says only what is so: its commands run, its files and folders are there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from paramsrun.cli.command import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
READMES = sorted([ROOT / "README.md", *ROOT.glob("examples/*/README.md")])


def blocks(kind: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for of, text in found if of == kind]


def test_both_commands_stand_word_by_word_in_the_script_of_ci() -> None:
    script = (ROOT / ".ci/run").read_text().splitlines()
    commands = [block.strip() for block in blocks("sh")][:2]
    assert len(commands) == 2
    assert "examples/LJ_Ar/params.in" in commands[0]
    assert "pytest" in commands[1]
    for command in commands:
        assert script.count(command) == 1


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_the_commands_it_shows_work_one_after_the_other(
    path: Path, readme_runs: Callable[[Path], Path]
) -> None:
    if path.parent.name == "hyperparameters":
        pytest.importorskip("optuna")
    readme_runs(path)


def test_the_python_function_it_describes_is_that_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = (block for block in blocks("") if "Call rosenbrock:loss" in block)
    for name in ("rosenbrock.py", "parameter_interface.yaml"):
        shutil.copy(ROOT / "examples/function" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("params.in").write_text(text)
    result = CliRunner().invoke(main, ["params.in"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("shows", ["Type CMAES", "Type Random", "Type     Processes"])
def test_the_input_it_shows_has_no_mistakes(
    shows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = (block for block in blocks("") if shows in block)
    shutil.copytree(ROOT / "examples/LJ_Ar", tmp_path / "job")
    monkeypatch.chdir(tmp_path / "job")
    Path("shown.in").write_text(text)
    result = CliRunner().invoke(main, ["check", "shown.in"])
    assert (result.exit_code, result.output) == (0, "shown.in: no mistakes\n")


def test_the_scripts_it_shows_work_one_after_the_other_beside_the_first_example(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "examples/LJ_Ar", tmp_path / "job")
    setting, going_on, again, *_ = [b for b in blocks("python") if "ParAMSJob" in b]
    (tmp_path / "job/script.py").write_text("\n".join([setting, going_on, again]))
    run = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path / "job", capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert "Done. 400 evaluations" in (tmp_path / "job/longer.results/job.log").read_text()
    assert (tmp_path / "job/search.results/summary.txt").exists()


def test_the_files_and_folders_it_names_are_there() -> None:
    for path in READMES:
        text = path.read_text()
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (path.parent / link).exists(), link
    for named in re.findall(r"`?\b((?:examples|benchmarks|scripts)/[\w./]*)", README):
        assert (ROOT / named).exists(), named


def test_the_results_it_draws_are_those_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree,) = (block for block in blocks("") if block.startswith("params.results/\n"))
    drawn = re.findall(r"^ +((?:[\w.]+/? {2})*[\w.]+/?)(?: {3}|$)", tree, re.MULTILINE)
    shutil.copytree(ROOT / "examples/LJ_Ar", tmp_path / "job")
    monkeypatch.chdir(tmp_path / "job")
    assert CliRunner().invoke(main, ["params.in"]).exit_code == 0
    results = Path("params.results")
    there = {p.name + "/" * p.is_dir() for p in results.rglob("*")}
    names = [name for words in drawn for name in words.split()]
    assert len(names) > 10
    assert set(names) - there <= {"validation_set_results/"}
