"""What is installed is complete: wheel and checkout find the grammar and run a job.

The wheel goes into an empty environment; its dependencies are those of the environment of the
tests, which stand behind it on the path.
"""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
WHERE = (
    "import paramsrun, paramsrun.input.grammar as grammar\n"
    "print(paramsrun.__file__)\n"
    "print(grammar.grammar_text(), end='')\n"
)


def printed(*command: object, folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    printed(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT, folder=folder)
    (path,) = folder.glob("paramsrun-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of commands of an environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    printed(*PIP, "--python", folder / "bin/python", "install", "--no-deps", wheel, folder=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_the_wheel_holds_the_package_and_the_grammar_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "paramsrun/grammar/ams.lark" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"paramsrun"}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "paramsrun").rglob("*.py")}
    assert modules <= set(names)


def test_an_installed_wheel_finds_its_own_grammar(installed: Path, tmp_path: Path) -> None:
    where, _, grammar = printed(installed / "python", "-c", WHERE, folder=tmp_path).partition("\n")
    assert Path(where).is_relative_to(installed.parent)
    assert grammar == (ROOT / "grammar/ams.lark").read_text()


def test_an_installed_wheel_runs_an_example(installed: Path, tmp_path: Path) -> None:
    output = printed(installed / "paramsrun", ROOT / "examples/LJ_Ar/params.in", folder=tmp_path)
    assert "Done. " in output
    assert (tmp_path / "params.results/summary.txt").is_file()


def test_a_checkout_finds_its_grammar_without_being_installed(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + WHERE
    where, _, grammar = printed(sys.executable, "-c", code, folder=tmp_path).partition("\n")
    assert Path(where).is_relative_to(ROOT)
    assert grammar == (ROOT / "grammar/ams.lark").read_text()
