"""`paramsrun check FILE`: everything that is wrong, in one report, and nothing is run."""

from pathlib import Path

from tests.cli.jobs import function_job, lennard_jones_job, paramsrun

TOUCHES = 'open("imported", "w").close()\ndef loss(x):\n    return float(x @ x)\n'


def test_a_good_input_has_no_mistakes_and_nothing_is_run(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", code=TOUCHES)
    result = paramsrun("check", file)
    assert (result.exit_code, result.output) == (0, f"{file}: no mistakes\n")
    assert [p.name for p in tmp_path.iterdir()] == ["job"]
    assert not (tmp_path / "job/__pycache__").exists()


def test_warnings_are_told_and_are_no_mistakes(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", text="Verbose Yes\n")
    result = paramsrun("check", file)
    assert result.exit_code == 0
    assert result.output.startswith(f"Warning: {file}:4:1: Verbose ")
    assert result.output.endswith(f"{file}: no mistakes\n")


def test_all_mistakes_of_all_files_come_in_one_report(tmp_path: Path) -> None:
    file = lennard_jones_job(
        tmp_path / "job", "Optimizr CMAES\nSkipX0 perhaps\nExitCondition\n  Type TimeLimit\n"
    )
    interface = tmp_path / "job/parameter_interface.yaml"
    interface.write_text(interface.read_text().replace("value: 4.1", "value: 6.1"))
    data = tmp_path / "job/training_set.yaml"
    data.write_text(data.read_text().replace("energy('d1')", "energy('dd1')"))
    result = paramsrun("check", file)
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert [line.rpartition(str(tmp_path / "job") + "/")[2].split(": ")[0] for line in lines] == [
        "parameter_interface.yaml:10:8",
        "params.in:1:1",
        "params.in:2:8",
        "params.in:3:1",
        "params.in:3:1",
        "training_set.yaml:10:13",
    ]
    assert "did you mean Optimizer?" in result.output
    assert not list(tmp_path.glob("*.results"))


def test_a_mistake_keeps_a_run_from_starting(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", text="NoSuchKey 1\n")
    assert paramsrun(file).output == paramsrun("check", file).output
    assert paramsrun(file).exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["job"]
