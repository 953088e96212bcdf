"""What `paramsrun describe` prints."""

import pytest

from paramsrun.errors import UsageError
from paramsrun.settings.describe import describe


def test_a_key_is_described_in_full() -> None:
    assert describe("CheckpointControl%EverySeconds") == (
        "CheckpointControl%EverySeconds\n"
        "    Make one when so long has passed since the last; 0: at every evaluation, -1: none.\n"
        "\n"
        "    Takes     a number, at least -1\n"
        "    Unit      s; in brackets behind the number: ms, min, h, day, days\n"
        "    Default   3600\n"
        "    Status    acts\n"
        "    Resume    can be overridden: what is given replaces what is stored"
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Optimizer%CMAES%Sigma0", "all Optimizer blocks given replace the whole stored list"),
        ("ParameterInterface", "must hold the same parameters as before"),
        ("ResumeCheckpoint", "names what is resumed"),
        ("Constraint", "all lines given replace the whole stored list"),
    ],
)
def test_what_it_does_on_resume_is_told(name: str, line: str) -> None:
    text = " ".join(describe(name).split())
    assert f"Resume {line}" in text or f"Resume can be overridden: {line}" in text


@pytest.mark.parametrize("name", ["sigma0", "CMAES%SIGMA0", "Optimizer%CMAES%Sigma0"])
def test_a_name_may_be_a_part_of_the_path_in_any_case(name: str) -> None:
    assert describe(name).startswith("Optimizer%CMAES%Sigma0\n")


def test_a_place_in_a_list_is_ignored() -> None:
    assert describe("ExitCondition[2]%TimeLimit").startswith("ExitCondition%TimeLimit\n")


def test_all_matches_are_shown() -> None:
    text = describe("RandomSeed")
    assert text.startswith("RandomSeed\n")
    assert "\nOptimizer%Optuna%RandomSeed\n" in text


def test_a_type_is_described_with_its_keys() -> None:
    text = describe("Engine LennardJones")
    assert text.startswith("Engine LennardJones\n")
    assert "Cutoff  " in text


def test_a_block_with_types_lists_them() -> None:
    text = describe("Optimizer")
    assert "    Default   CMAES\n" in text
    assert "\n        Nevergrad " in text
    assert "\n        CMAES " in text


def test_values_that_act_already_are_named() -> None:
    assert "for now only Optimization: " in describe("Task")


@pytest.mark.parametrize(
    ("block", "types"),
    [
        ("Stopper", ["MaxFunctionCalls", "MaxInteroptimizerDistance", "ValueAnnealing"]),
        ("Generator", ["Perturbation", "ExploreExploit"]),
        ("OptimizerSelector", ["Chain", "Cycle", "Random"]),
    ],
)
def test_the_gist_of_each_type_fits_its_line(block: str, types: list[str]) -> None:
    lines = describe(block).partition("    Types\n")[2].splitlines()
    assert set(types) <= {line.split()[0] for line in lines}
    assert not [line for line in lines if "..." in line]


def test_a_key_without_effect_says_so() -> None:
    assert "accepted without effect: " in describe("Verbose")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"^There is no block, key or type Sigma01; did you mean Sigma0\?$"
    ):
        describe("Sigma01")
    with pytest.raises(UsageError, match="`paramsrun describe` lists all"):
        describe("xyzzy")


def test_the_overview_names_everything_within_a_terminals_width() -> None:
    lines = describe().splitlines()
    assert max(map(len, lines)) <= 98
    names = {line[2:].split()[0] for line in lines[5:] if line}
    assert {"Task", "Sigma0", "TimeLimit", "Optimizer[]", "Engine", "Cutoff"} <= names
