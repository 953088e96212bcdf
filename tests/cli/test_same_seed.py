"""The same input and RandomSeed give equal journals, in processes of their own."""

from pathlib import Path

import pytest

from tests.cli.jobs import function_job, lennard_jones_job, paramsrun, start, story

TEXT = """\
RandomSeed 11
Optimizer
  Type CMAES
End
Optimizer
  Type RandomSampling
  RandomSampling
    NumberOfSamples 15
  End
End
Optimizer
  Type Scipy
  Scipy
    Algorithm Nelder-Mead
  End
End
ExitCondition
  Type MaxTotalFunctionCalls
  MaxTotalFunctionCalls 600
End
"""


@pytest.mark.parametrize("job", [function_job, lennard_jones_job])
def test_two_runs_have_equal_journals(job: object, tmp_path: Path) -> None:
    assert callable(job)
    file = job(tmp_path / "job", text=TEXT)
    runs = [
        start(file, "--name", name, folder=tmp_path, environment={"PYTHONHASHSEED": seed})
        for name, seed in (("first", "1"), ("second", "2"))
    ]
    for run in runs:
        output, errors = run.communicate()
        assert run.returncode == 0, output + errors
    first, second = (story(tmp_path / f"{name}.results") for name in ("first", "second"))
    assert first == second
    assert sum(e["e"] == "eval" for e in first) == 601
    assert {e["type"] for e in first if e["e"] == "start"} == {"CMAES", "RandomSampling", "Scipy"}


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    for seed in ("11", "12"):
        paramsrun(function_job(tmp_path / seed, text=TEXT.replace("11", seed)), "--name", seed)
    assert story(tmp_path / "11.results") != story(tmp_path / "12.results")


def test_a_drawn_seed_is_told_and_repeats_the_run(
    tmp_path: Path,
) -> None:
    file = function_job(tmp_path / "job", text=TEXT.replace("RandomSeed 11\n", ""))
    output = paramsrun(file, "--name", "first").output
    seed = output.partition("RandomSeed ")[2].split()[0]
    file.write_text(file.read_text() + f"RandomSeed {seed}\n")
    assert paramsrun(file, "--name", "second").exit_code == 0
    assert story(tmp_path / "first.results") == story(tmp_path / "second.results")
