"""Inputs that turn out bad when the job is run: a clear message, an exit code, nothing lost."""

from pathlib import Path

import pytest

from tests.cli.jobs import SAMPLING, function_job, journal_of, lennard_jones_job, paramsrun

NOT_FINITE = """\
The loss of the initial parameters is not finite:
  Function bad:loss: {}
Mend the function or the starting values, or set SkipX0 Yes to start without it.
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return float('inf')", "it returned inf"),
        ("return -x * float('nan')", "it returned nan as residual 0"),
        ("return None", "it must return a number or a vector of residuals, not None"),
        (
            "return 'low'",
            "it must return a number or a vector of residuals, not a value of type str",
        ),
        ("raise KeyError('q')", "KeyError: 'q' (bad.py, line 2, in loss)"),
        ("raise SystemExit(3)", "SystemExit: 3 (bad.py, line 2, in loss)"),
    ],
)
def test_an_initial_loss_that_is_not_finite_ends_the_run(
    tmp_path: Path, body: str, reason: str
) -> None:
    file = function_job(tmp_path / "job", f"def loss(x):\n    {body}\n", module="bad")
    result = paramsrun(file)
    assert result.exit_code == 1
    assert result.output.endswith(NOT_FINITE.format(reason))
    assert result.output.count("The loss of the initial") == 1
    assert reason in Path("params.results/job.log").read_text()
    assert "Ended by an error:\n  The loss of the" in paramsrun("status", "params.results").output
    assert Path("params.results/summary.txt").is_file()
    assert [e["e"] for e in journal_of(Path("params.results"))] == ["run", "eval", "exit"]


def test_the_entries_that_fail_at_the_initial_parameters_are_named(tmp_path: Path) -> None:
    file = lennard_jones_job(tmp_path / "job")
    data = tmp_path / "job/training_set.yaml"
    first, _, rest = data.read_text().partition("Expression: energy('d1')")
    entry = "Expression: energy('d1')" + rest.replace("Sigma: 1.0", "Sigma: 1.0e-300", 1)
    data.write_text(first + entry)
    result = paramsrun(file)
    assert result.exit_code == 1
    assert "The loss of the initial parameters is not finite:\n  energy('d1'): " in result.output
    assert "energy('d2')" not in result.output


def test_skip_x0_starts_without_the_initial_evaluation(tmp_path: Path) -> None:
    code = "def loss(x):\n    return float('inf')\n"
    text = SAMPLING + "SkipX0 Yes\n"
    result = paramsrun(function_job(tmp_path / "job", code, text))
    assert result.exit_code == 0
    assert "Best loss        none is finite\n" in Path("params.results/summary.txt").read_text()
    rows = Path("params.results/optimization/training_set_results/running_loss.txt").read_text()
    assert [row.split()[0] for row in rows.splitlines()] == ["#evaluation", "000010"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nosuchmodule\n", "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("raise RuntimeError('at once')\n", "RuntimeError: at once"),
        ("raise SystemExit\n", "SystemExit"),
        ("def los(x):\n    pass\n", "holds no loss; did you mean los?"),
        ("loss = 3\n", "loss is no function but of type int"),
        ("def loss(x) return 1\n", "plain.py:1:13: expected ':'"),
    ],
)
def test_a_function_that_cannot_be_imported_is_a_mistake_of_the_input(
    tmp_path: Path, code: str, message: str
) -> None:
    file = function_job(tmp_path / "job", code)
    result = paramsrun(file)
    assert result.exit_code == 2
    assert result.output.startswith(f"{file}:2:8: Engine Function%Call plain:loss: ")
    assert message in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["job"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("is_active: true", "is_active: false", "no parameter is active"),
        (
            "value: -1.0",
            "value: -3.0",
            ":5:8: the value -3.0 of a is outside its range -2.0 to 2.0",
        ),
        ("---\nname: a", "--- [\nname: a", "the YAML is broken here"),
        ("range: [-2.0, 2.0]", "range: [2.0, -2.0]", ":6:8: the range of a must rise"),
    ],
)
def test_bad_parameters_are_mistakes_of_the_input(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    file = function_job(tmp_path / "job")
    interface = tmp_path / "job/parameter_interface.yaml"
    interface.write_text(interface.read_text().replace(before, after))
    result = paramsrun(file)
    assert result.exit_code == 2
    assert message in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["job"]


def test_a_results_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").touch()
    for where in ("plain.txt/x", "nowhere/x"):
        result = paramsrun(function_job(tmp_path / "job", text=f"ResultsDirectory {where}\n"))
        assert result.exit_code == 1
        assert result.output.startswith(f"The results folder {where} cannot be made: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["job", "plain.txt"]
