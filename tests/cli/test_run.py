"""`paramsrun FILE`: what it runs, where, and how it exits."""

from pathlib import Path

import pytest

from tests.cli.jobs import (
    CALLS_25,
    SAMPLING,
    contents,
    evaluations_of,
    function_job,
    paramsrun,
    start,
)


def test_a_job_runs_to_its_end_and_tells_what_it_did(tmp_path: Path) -> None:
    result = paramsrun(function_job(tmp_path / "job"))
    assert result.exit_code == 0, result.output
    assert "Initial loss 2\n" in result.output
    assert "Optimizer 2 converged after 10 evaluations, best loss 0." in result.output
    assert "MaxTotalFunctionCalls(fmax=25) = True\n" in result.output
    assert "Done. 25 evaluations in " in result.output
    assert {p.name for p in Path("params.results").iterdir()} >= {
        "job.log",
        "summary.txt",
        "settings_and_initial_data",
        "optimization",
    }
    assert len(evaluations_of(Path("params.results"))) == 25
    assert Path("params.results/job.log").read_text() == result.output


def test_run_may_be_named(tmp_path: Path) -> None:
    assert paramsrun("run", function_job(tmp_path / "job")).exit_code == 0
    assert Path("params.results").is_dir()


def test_a_file_named_like_a_command_is_run_by_path(tmp_path: Path) -> None:
    file = function_job(tmp_path)
    file.rename("check")
    assert paramsrun("./check").exit_code == 0
    assert paramsrun("run", "check", "--name", "other").exit_code == 0
    assert Path("check.results").is_dir()
    assert Path("other.results").is_dir()


@pytest.mark.parametrize("order", [0, 1])
def test_name_decides_the_results_folder(tmp_path: Path, order: int) -> None:
    file = function_job(tmp_path / "job")
    arguments = [[file, "--name", "second"], ["--name", "second", file]][order]
    assert paramsrun(*arguments).exit_code == 0
    assert [p.name for p in tmp_path.glob("*.results")] == ["second.results"]


def test_results_directory_overrides_the_name(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", text=SAMPLING + CALLS_25 + "ResultsDirectory elsewhere\n")
    assert paramsrun(file).exit_code == 0
    assert (tmp_path / "elsewhere/summary.txt").is_file()


def test_the_input_is_kept_among_the_results(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job")
    paramsrun(file)
    kept = Path("params.results/settings_and_initial_data")
    assert (kept / "params.in").read_bytes() == file.read_bytes()
    assert "range: [-2.0, 2.0]" in (kept / "parameter_interface.yaml").read_text()


def test_a_second_run_into_the_same_folder_is_refused_and_loses_nothing(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job")
    paramsrun(file)
    before = contents(tmp_path / "params.results")
    result = paramsrun(file)
    assert result.exit_code == 2
    assert result.output == (
        "params.results is there already, and results are never overwritten: "
        "give the job another name (--name NAME), go on with it (--resume auto), "
        "or move the folder away\n"
    )
    assert contents(tmp_path / "params.results") == before
    assert not list(tmp_path.glob(".*.tmp"))


def test_nothing_of_what_stands_in_the_way_is_touched(tmp_path: Path) -> None:
    Path("params.results").symlink_to("nowhere")
    assert paramsrun(function_job(tmp_path / "job")).exit_code == 2
    assert Path("params.results").is_symlink()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "/x"])
def test_a_name_that_is_no_file_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "here/a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    result = paramsrun(function_job(tmp_path / "job"), "--name", name)
    assert result.exit_code == 2
    assert "it must be a name without slashes" in " ".join(result.output.split())
    assert not list(tmp_path.rglob("*.results"))


def test_a_name_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    result = paramsrun(function_job(tmp_path / "job"), "--name", "x" * 300)
    assert result.exit_code == 2
    assert "longer than 200 bytes" in result.output


def test_paramsrun_alone_prints_help() -> None:
    result = paramsrun()
    assert result.output.startswith("Usage: ")
    assert "Exit codes: 0 the run ended as its input says" in result.output


def test_help_and_version_are_told() -> None:
    assert paramsrun("--help").exit_code == 0
    assert paramsrun("-h").output == paramsrun("--help").output
    assert "Report every mistake" in paramsrun("check", "--help").output
    assert paramsrun("--version").output.startswith("paramsrun, version 0.")


def test_a_missing_file_is_told_in_one_line() -> None:
    result = paramsrun("nofile.in")
    assert result.exit_code == 2
    assert result.output.endswith("Error: There is no file or command nofile.in\n")
    result = paramsrun("run", "nofile.in")
    assert (result.exit_code, result.output) == (2, "There is no file nofile.in\n")


def test_a_misspelt_command_is_told_with_the_nearest() -> None:
    result = paramsrun("statu", "params.results")
    assert result.exit_code == 2
    assert "There is no file or command statu; did you mean status?" in result.output


@pytest.mark.parametrize("command", [[], ["run"], ["check"]])
def test_a_folder_is_no_input_file(tmp_path: Path, command: list[str]) -> None:
    function_job(tmp_path / "job")
    result = paramsrun(*command, "job")
    assert result.exit_code == 2
    assert result.output == ("job is a folder; an input file is wanted, such as job/params.in\n")


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    result = paramsrun(function_job(tmp_path / "job"), "--nmae", "x")
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_a_run_goes_on_when_the_reader_of_its_output_is_gone(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job")
    run = start(file, folder=tmp_path)
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    errors = run.stderr.read()
    run.stderr.close()
    assert (run.wait(), errors) == (0, "")
    assert "Done. 25 evaluations" in (tmp_path / "params.results/job.log").read_text()


def test_output_that_the_terminal_cannot_show_ends_nothing(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", code="def loss(x):\n    raise ValueError('Ω')\n")
    western = {"PYTHONIOENCODING": "latin-1"}
    run = start(file, folder=tmp_path, environment=western)
    _, errors = run.communicate()
    assert run.returncode == 1
    assert "ValueError: \\u03a9" in errors
    assert "ValueError: Ω" in (tmp_path / "params.results/job.log").read_text(encoding="utf-8")
