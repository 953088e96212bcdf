"""Optimizers, engines and constraints that do not take parameters of the types there are."""

from pathlib import Path

import pytest

from tests.cli.jobs import function_job, paramsrun

NUMBERS = """\
---
dtype: Parameters
---
name: lr
value: 0.01
range: [0.001, 0.1]
scale: log
is_active: true
---
name: width
value: 4
range: [1, 9]
type: integer
is_active: true
"""
CHOICES = """\
---
name: act
value: relu
choices: [relu, tanh]
type: categorical
is_active: true
"""
LOSS = "def loss(x):\n    return float(len(x))\n"
SAMPLING = "Optimizer\n  Type RandomSampling\nEnd\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def job(parameters: str, text: str, arguments: str = "Vector") -> Path:
    path = function_job(Path("job"), LOSS, text)
    path.write_text(path.read_text().replace("EndEngine", f"  Arguments {arguments}\nEndEngine"))
    Path("job/parameter_interface.yaml").write_text(parameters)
    return path


def told(path: Path, code: int = 2) -> list[str]:
    result = paramsrun("check", path)
    assert result.exit_code == code, result.output
    return [str(line) for line in result.output.replace("job/", "").splitlines()]


def test_an_optimizer_that_rounds_only_when_told_to_says_so() -> None:
    (line,) = told(job(NUMBERS, "Optimizer\n  Type CMAES\nEnd\n"))
    assert line.startswith("params.in:")
    told_first, _, offered = line.partition("; optimizers that do: ")
    assert told_first.endswith(
        ": Optimizer CMAES does not take the parameter width (integer): give it RoundIntegers Yes"
    )
    assert {"GridSampling", "RandomSampling"} <= set(offered.split(", "))
    assert "Scipy" not in offered


def test_optimizers_that_would_round_are_offered_where_one_cannot() -> None:
    (line,) = told(job(NUMBERS, "Optimizer\n  Type LeastSquares\nEnd\n"))
    assert ": Optimizer LeastSquares does not take the parameter width (integer); opt" in line
    offered = line.partition("; with RoundIntegers Yes ")[2].split(", ")
    assert {"CMAES", "Scipy"} <= set(offered)


def test_the_block_that_does_not_fit_is_told_at_its_place() -> None:
    path = job(NUMBERS + CHOICES, SAMPLING + "Optimizer\n  Type Scipy\nEnd\n", "Named")
    at = path.read_text().splitlines().index("  Type Scipy")
    (line,) = told(path)
    assert line.startswith(
        f"params.in:{at}:1: Optimizer[2] Scipy does not take parameters width (integer), "
        "act (categorical); optimizers that do: "
    )
    offered = line.partition("optimizers that do: ")[2].split(", ")
    assert {"GridSampling", "RandomSampling"} <= set(offered)
    assert not {"CMAES", "Scipy"} & set(offered)


def test_the_default_optimizer_is_checked_too() -> None:
    (line,) = told(job(NUMBERS, "RandomSeed 1\n"))
    assert "Optimizer CMAES does not take the parameter width (integer)" in line


@pytest.mark.parametrize("name", ["CMAES", "Scipy"])
def test_integers_are_taken_with_round_integers(name: str) -> None:
    text = f"Optimizer\n  Type {name}\n  {name}\n    RoundIntegers Yes\n  End\nEnd\n"
    assert told(job(NUMBERS, text), 0) == ["params.in: no mistakes"]


def test_inactive_parameters_are_no_concern_of_optimizers() -> None:
    parameters = NUMBERS.replace("type: integer\nis_active: true", "type: integer\nis_active: no")
    assert told(job(parameters, "Optimizer\n  Type CMAES\nEnd\n"), 0) == ["params.in: no mistakes"]


def test_a_function_of_a_vector_takes_no_choices() -> None:
    assert told(job(NUMBERS + CHOICES, SAMPLING)) == [
        "parameter_interface.yaml:16:1: act is categorical, and Engine Function takes numbers "
        "only; with Arguments Named it takes them"
    ]
    assert told(job(NUMBERS + CHOICES, SAMPLING, "Named"), 0) == ["params.in: no mistakes"]


def test_an_engine_that_computes_with_numbers_takes_no_choices() -> None:
    example = Path(__file__).parents[2] / "examples" / "LJ_Ar"
    path = Path("job/params.in")
    path.parent.mkdir()
    for source in example.iterdir():
        if source.is_file():
            (path.parent / source.name).write_bytes(source.read_bytes())
    (interface,) = path.parent.glob("parameter_interface.yaml")
    interface.write_text(interface.read_text().rstrip().removesuffix("...") + CHOICES)
    lines = told(path)
    assert any("act is categorical, and Engine LennardJones takes numbers only" in x for x in lines)


def test_constraints_take_integers_and_no_choices() -> None:
    assert told(job(NUMBERS, SAMPLING + "Constraint width >= 2\n"), 0) == ["params.in: no mistakes"]
    (line,) = told(job(NUMBERS + CHOICES, SAMPLING + "Constraint act >= 1\n", "Named"))
    assert line.endswith(": Constraint: act is categorical: its choices have no order")


def test_a_constraint_against_the_initial_values_tells_them_as_they_are() -> None:
    (line,) = told(job(NUMBERS, SAMPLING + "Constraint width >= 100*lr + 5\n"))
    assert "is violated at the initial values (width = 4, lr = 0.01)" in line
