"""README says only what is so: its commands run, its files and folders are there."""

import os
import re
import shlex
import shutil
import sys
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


def commands_in(path: Path) -> list[str]:
    """Return what a README tells to type: root in backticks, an example in lines of their own.

    What names a CHECKPOINT, a PATH or RUNNING results by that word is no command yet.
    """
    pattern = r"`(paramsrun [^`]*)`" if path.parent == ROOT else r"^(?:    )?(paramsrun .*)$"
    commands = re.findall(pattern, path.read_text(), re.MULTILINE)
    assert commands
    return [command for command in commands if not re.search("CHECKPOINT|PATH|RUNNING", command)]


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_the_commands_it_shows_work_one_after_the_other(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path.parent.name == "hyperparameters":
        pytest.importorskip("optuna")
    folder = Path(sys.executable).parent  # as in an activated environment
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    example = path.parent if path.parent != ROOT else ROOT / "examples/function"
    here = tmp_path / "examples" / example.name
    shutil.copytree(example, here)
    monkeypatch.chdir(here if "examples/" not in "".join(commands_in(path)) else tmp_path)
    for command in commands_in(path):
        result = CliRunner().invoke(main, shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}\n{result.output}"


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
