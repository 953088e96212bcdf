"""`paramsrun plot --search`: the figure of a search."""

from pathlib import Path

from tests.cli.jobs import CALLS_25, SAMPLING, function_job, paramsrun
from tests.report.told import evaluated, started, write_journal


def test_the_search_of_a_run_is_drawn_beside_the_figure_of_its_losses() -> None:
    paramsrun(function_job(Path("inputs")))
    result = paramsrun("plot", "params.results", "--search")
    assert (result.exit_code, result.output) == (0, "params_search.png\n")
    assert Path("params_search.png").read_bytes().startswith(b"\x89PNG")


def test_processes_that_share_a_search_are_drawn_together() -> None:
    for k in (1, 2):
        file = function_job(Path("inputs"), text=SAMPLING + CALLS_25 + f"RandomSeed {k}\n")
        assert paramsrun(file, "--name", f"p{k}").exit_code == 0
    result = paramsrun("plot", "--search", "p1.results", "p2.results", "--output", "both.svg")
    assert (result.exit_code, result.output) == (0, "both.svg\n")
    assert "2 runs, 50 trials together" in Path("both.svg").read_text()


def test_many_runs_have_a_figure_of_a_short_name_and_equal_names_are_told_apart() -> None:
    names = [f"a_process_of_many_{k}" for k in range(6)]
    for name in names:
        write_journal(Path(f"{name}.results"), started(1), evaluated(1, 1, 5.0))
    result = paramsrun("plot", "--search", *(f"{name}.results" for name in names))
    assert (result.exit_code, result.output) == (0, "a_process_of_many_0_and_5_more_search.png\n")
    for folder in ("one", "two"):
        write_journal(Path(folder, "job.results"), started(1), evaluated(1, 1, 5.0))
    figure = ["--output", "both.svg"]
    result = paramsrun("plot", "--search", "one/job.results", "two/job.results", *figure)
    assert (result.exit_code, result.output) == (0, "both.svg\n")


def test_some_optimizers_are_drawn_alone() -> None:
    paramsrun(function_job(Path("inputs")))
    result = paramsrun("plot", "params.results", "--search", "--optimizers", "2", "3")
    assert result.exit_code == 0
    result = paramsrun("plot", "params.results", "--search", "--optimizers", "9")
    assert result.exit_code == 2
    assert result.output.startswith("There is nothing to draw: ")


def test_what_cannot_be_drawn_is_told() -> None:
    write_journal(Path("new.results"), started(1))
    result = paramsrun("plot", "new.results", "--search")
    assert result.exit_code == 2
    assert result.output.startswith("There is nothing to draw: ")
    result = paramsrun("plot", "new.results", "--search", "--output", "a.gif")
    assert result.output == "a.gif: a figure is a file that ends in .png, .svg or .pdf\n"
    assert not list(Path().glob("*.png"))


def test_an_output_that_cannot_be_written_is_told() -> None:
    paramsrun(function_job(Path("inputs")))
    result = paramsrun("plot", "params.results", "--search", "--output", "nowhere/a.png")
    assert result.exit_code == 2
    assert result.output == "nowhere/a.png cannot be written: No such file or directory\n"
