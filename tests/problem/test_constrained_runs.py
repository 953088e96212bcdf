"""Constraints in whole jobs: while they run, where they are checked, and on resume."""

from pathlib import Path

import pytest

from tests.cli.jobs import CALLS_25, SAMPLING, SEED, evaluations_of, function_job, paramsrun

ABOVE = """\
def loss(x):
    if not x[0] <= x[1] + 1:
        raise AssertionError("it was called")
    return float(x @ x)
"""
CONSTRAINT = "Constraint a <= b + 1\n"
RESULTS = Path("params.results")
AGAIN = Path("again.results")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def job(text: str) -> Path:
    return function_job(Path("job"), ABOVE, SAMPLING + CALLS_25 + SEED + text, module="above")


def run(*arguments: object) -> str:
    result = paramsrun(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def reasons(folder: Path) -> set[object]:
    return {e.get("why") for e in evaluations_of(folder)}


def test_a_violating_candidate_is_infinite_and_never_computed() -> None:
    output = run(job(CONSTRAINT))
    made = evaluations_of(RESULTS)
    assert reasons(RESULTS) == {None, "Constraint: a <= b + 1 is violated"}
    assert all((e["fx"] == "inf") == ("why" in e) for e in made)
    assert "Constraint: a <= b + 1 is violated" in (RESULTS / "summary.txt").read_text()
    assert "it was called" not in output


def test_check_and_run_tell_mistakes_and_make_nothing() -> None:
    file = job("Constraint a <= c\nConstraint b < a\n")
    n_lines = len(file.read_text().splitlines())
    told = [
        f"job/params.in:{n_lines - 1}:17: Constraint: there is no parameter c; there are a, b\n",
        f"job/params.in:{n_lines}:12: Constraint b < a is violated at the initial values (b = 1.0, "
        "a = -1.0): change those, or set SkipX0 Yes to start without evaluating them\n",
    ]
    for arguments in (("check", file), (file,)):
        result = paramsrun(*arguments)
        assert result.exit_code == 2
        assert all(line in result.output for line in told), result.output
    assert not RESULTS.exists()


def test_what_has_no_effect_is_a_warning() -> None:
    assert "Constraint 1 < 2 has no effect" in run("check", job("Constraint 1 < 2\n"))


def resume(text: str = "") -> str:
    more = f"ResumeCheckpoint {RESULTS.resolve()}\n{CALLS_25.replace('25', '40')}{text}"
    Path("job/more.in").write_text(more)
    return run("job/more.in", "--name", "again")


def test_stored_constraints_hold_on_resume() -> None:
    run(job(CONSTRAINT))
    output = resume()
    assert len(evaluations_of(AGAIN)) == 40
    assert reasons(AGAIN) == {None, "Constraint: a <= b + 1 is violated"}
    assert "cannot be compared" not in output


def test_others_given_on_resume_replace_them_and_the_best_starts_anew() -> None:
    run(job(CONSTRAINT))
    output = resume("Constraint a < 100 - b\nConstraint b >= -1\nConstraint a <= b+1\n")
    assert "In place of what is stored: ExitCondition, Constraint" in output
    assert "cannot be compared" in output
    later = evaluations_of(AGAIN)[25:]
    assert {e.get("why") for e in later} <= {
        None,
        "Constraint: b >= -1 is violated",
        "Constraint: a <= b+1 is violated",
        "Constraint: b >= -1 is violated; Constraint: a <= b+1 is violated",
    }
    assert "constraints changed then" in (AGAIN / "summary.txt").read_text()


def test_names_in_quotes_are_stored_as_they_were_given() -> None:
    file = job("Constraint \"O.H:r_0;;1\" <= 2*'b' # as is\n")
    interface = file.parent / "parameter_interface.yaml"
    interface.write_text(interface.read_text().replace("name: a", 'name: "O.H:r_0;;1"'))
    code = (file.parent / "above.py").read_text().replace("x[1] + 1", "2 * x[1]")
    file.parent.joinpath("above.py").write_text(code)
    run(file)
    resume()
    assert reasons(AGAIN) == {None, "Constraint: \"O.H:r_0;;1\" <= 2*'b' is violated"}
