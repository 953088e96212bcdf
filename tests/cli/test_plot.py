"""`paramsrun plot`: folders in, a figure out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.jobs import CALLS_25, SAMPLING, SEED, function_job, paramsrun
from tests.report.told import (
    CONTEXT,
    INF,
    Event,
    ended,
    evaluated,
    exited,
    in_turn,
    started,
    write_journal,
)

PNG = b"\x89PNG"
THREE: list[Event] = [
    *map(started, (1, 2, 3)),
    *in_turn(12, (1, 2, 3), range(12, 0, -1)),
    ended(1, "stopped"),
    exited(2, 3),
]


@pytest.fixture
def job(tmp_path: Path) -> str:
    return write_journal(tmp_path / "job.results", *THREE).name


def test_a_run_is_drawn_in_the_current_folder(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "inputs"))
    result = paramsrun("plot", "params.results/")
    assert (result.exit_code, result.output) == (0, "params.png\n")
    assert Path("params.png").read_bytes().startswith(PNG)


def test_a_run_and_its_resume_are_laid_over_each_other(tmp_path: Path) -> None:
    file = function_job(tmp_path / "inputs", text=SAMPLING + CALLS_25 + SEED)
    paramsrun(file)
    more = CALLS_25.replace("25", "40")
    file.write_text(file.read_text().replace(CALLS_25, more))
    paramsrun(file, "--name", "more", "--resume", "params.results")
    result = paramsrun("plot", "params.results", "more.results")
    assert (result.exit_code, result.output) == (0, "params_more.png\n")


def test_many_runs_have_a_figure_of_a_short_name() -> None:
    names = [f"{k}_{'a_long_name_of_a_process_' * 3}" for k in range(5)]
    for name in names:
        write_journal(Path(f"{name}.results"), *THREE)
    result = paramsrun("plot", *(f"{name}.results" for name in names))
    assert (result.exit_code, result.output) == (0, f"{names[0]}_and_4_more.png\n")
    assert Path(result.output.strip()).read_bytes().startswith(PNG)


def test_the_output_may_be_named(job: str) -> None:
    for name, begin in (("a.svg", b"<?xml"), ("b.PDF", b"%PDF"), ("c.png", PNG)):
        assert paramsrun("plot", job, "--output", name).output == f"{name}\n"
        assert Path(name).read_bytes().startswith(begin)


@pytest.mark.parametrize("name", ["figure.gif", "figure", ".png"])
def test_an_unknown_ending_is_told(job: str, name: str) -> None:
    result = paramsrun("plot", job, "--output", name)
    assert result.exit_code == 2
    assert result.output == f"{name}: a figure is a file that ends in .png, .svg or .pdf\n"


def test_an_output_that_cannot_be_written_is_told(job: str) -> None:
    result = paramsrun("plot", job, "--output", "nowhere/a.png")
    assert result.exit_code == 2
    assert result.output == "nowhere/a.png cannot be written: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["job.results", "--optimizers", "1", "3"],
        ["--optimizers", "1", "3", "job.results"],
        ["job.results", "--optimizers", "1,3"],
        ["job.results", "--optimizers", "1, 3"],
        ["job.results", "--optimizers=1 3"],
        ["--optimizers", "3", "1", "--", "job.results"],
        ["--optimizers", "001", "3", "--output", "some.svg", "job.results"],
    ],
)
def test_optimizers_are_numbers_up_to_the_next_word_that_is_none(
    job: str, arguments: list[str]
) -> None:
    paramsrun("plot", job, "--optimizers", "1,3", "--output", "wanted.svg")
    result = paramsrun("plot", "--output", "some.svg", *arguments)
    assert result.exit_code == 0, result.output
    assert Path("some.svg").read_bytes() == Path("wanted.svg").read_bytes()
    paramsrun("plot", job, "--output", "all.svg")
    assert Path("some.svg").read_bytes() != Path("all.svg").read_bytes()


@pytest.mark.parametrize("given", ["x", "-3", "0", "1 x", "1.5", "", "9" * 30])
def test_what_is_no_number_of_an_optimizer_is_told(job: str, given: str) -> None:
    result = paramsrun("plot", job, "--optimizers", given)
    assert result.exit_code == 2
    assert f"{given!r} should be one or more numbers, such as 2 4 7" in result.output


def test_optimizers_without_a_number_are_told(job: str) -> None:
    result = paramsrun("plot", job, "--optimizers")
    assert result.exit_code == 2
    assert "Option '--optimizers' requires an argument" in result.output


def test_an_unknown_optimizer_is_told_with_those_that_there_are(job: str) -> None:
    result = paramsrun("plot", job, "--optimizers", "2", "8", "5")
    assert result.exit_code == 2
    assert result.output == "There is no optimizer 5 or 8: job.results has 1 to 3\n"
    assert not list(Path().glob("*.png"))


def test_an_optimizer_of_one_of_two_runs_can_be_drawn(tmp_path: Path, job: str) -> None:
    write_journal(tmp_path / "more.results", *THREE, CONTEXT, started(4), evaluated(13, 4, 5.0))
    assert paramsrun("plot", job, "more.results", "--optimizers", "4").exit_code == 0
    result = paramsrun("plot", job, "more.results", "--optimizers", "6")
    assert result.output == (
        "There is no optimizer 6: job.results has 1 to 3; more.results has 1 to 4\n"
    )


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_journal(tmp_path / name / "job.results", *THREE)
    result = paramsrun("plot", "a/job.results", "b/job.results", "--output", "both.svg")
    assert (result.exit_code, result.output) == (0, "both.svg\n")
    assert "a/job.results" in Path("both.svg").read_text()


def test_a_run_without_an_evaluation_is_told(tmp_path: Path) -> None:
    write_journal(tmp_path / "new.results", started(1))
    for options in ([], ["--optimizers", "1"]):
        result = paramsrun("plot", "new.results", *options)
        assert result.exit_code == 2
        assert result.output.startswith("There is nothing to draw: ")
        assert "new.results" in result.output


def test_a_run_with_only_failed_points_is_drawn(tmp_path: Path) -> None:
    write_journal(tmp_path / "bad.results", started(1), *in_turn(4, [1], [INF] * 4))
    assert paramsrun("plot", "bad.results").exit_code == 0


def run_without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.modules[{module!r}] = None\n"
    code += "from paramsrun.cli.command import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_matplotlib_one_line_says_how_to_get_it(job: str) -> None:
    result = run_without("matplotlib", "plot", job)
    assert result.returncode == 2
    assert result.stderr == (
        "paramsrun plot needs matplotlib, which is not installed: pip install 'paramsrun[plot]'\n"
    )


def test_no_window_system_is_used(job: str) -> None:
    result = run_without("matplotlib.pyplot", "plot", job)
    assert (result.returncode, result.stdout, result.stderr) == (0, "job.png\n", "")
