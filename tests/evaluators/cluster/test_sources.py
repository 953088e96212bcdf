"""The user's modules on their way to workers."""

import sys
from pathlib import Path

import pytest

from paramsrun.evaluators.cluster import sources
from paramsrun.evaluators.cluster.sources import sources_of, write
from paramsrun.job import Job
from paramsrun.problem.problem import Problem
from tests.cli.jobs import SPHERE, function_job
from tests.evaluators.losses import Sphere


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


def problem(folder: Path, module: str = "plain", name: str = "") -> Problem:
    file = function_job(folder, module=module)
    if name:
        file.write_text(file.read_text().replace(f"Call {module}:", f"Call {name}:"))
    with Job.load(file, run_code=False) as job:
        return job.problem


def test_the_module_and_its_neighbours_are_taken_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "beside.py").write_text("N = 2\n")
    (folder / "data.npy").write_bytes(b"0" * 100)
    found = sources_of(problem(folder))
    assert found == {"beside.py": b"N = 2\n", "plain.py": SPHERE.encode()}
    write(found, tmp_path / "there")
    assert (tmp_path / "there/plain.py").read_text() == SPHERE


def test_a_package_is_taken_whole(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "mine/inner").mkdir(parents=True)
    for part in ("mine", "mine/inner"):
        (folder / part / "__init__.py").write_text("")
    (folder / "mine/inner/losses.py").write_text(SPHERE)
    found = sources_of(problem(folder, name="mine.inner.losses"))
    assert {"mine/__init__.py", "mine/inner/losses.py"} < set(found)


def test_too_much_is_left_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 10)
    assert sources_of(problem(tmp_path / "job")) == {}


def test_a_problem_without_code_of_the_users_has_none() -> None:
    assert sources_of(Sphere()) == {}
