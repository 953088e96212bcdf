"""An input as attributes says what the same words in a file say."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paramsrun.attributes import InputBlock, empty, from_tree, text_of
from paramsrun.errors import Findings, InputError, Place
from paramsrun.input import Source, parse
from paramsrun.settings import families
from paramsrun.settings.declared import scope_of
from paramsrun.settings.family import Family
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read import read
from paramsrun.settings.tree_of import tree_of
from tests.families.test_every_member import every_block, made

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.in"))
FIELDS = {
    "Optimizer": "optimizer",
    "ExitCondition": "exit_condition",
    "Stopper": "stopper",
    "Generator": "generator",
    "OptimizerSelector": "optimizer_selector",
    "Engine": "engine",
}
"""The field of each family's block."""
LISTS = ("optimizer", "exit_condition", "stopper")


def given_by(text: str, file: str = "<text>") -> InputBlock:
    """Return what an input text gives, which has no mistakes."""
    findings = Findings()
    source = Source(text, Place(file, 1, 1))
    block = from_tree(parse(source, scope_of(JobSettings), findings), findings)
    findings.check()
    return block


def settings_of(text: str, file: str = "<text>") -> JobSettings:
    findings = Findings()
    tree = parse(Source(text, Place(file, 1, 1)), scope_of(JobSettings), findings)
    settings = read(tree, JobSettings, findings)
    findings.check()
    return settings


def with_member(family: Family, name: str) -> JobSettings:
    """Return the settings of an input that names a member, and the defaults of everything else."""
    field = FIELDS[family.block]
    member = family[name](type_name="CMAES") if name == "OptimizerType" else made(family, name)
    return JobSettings(**{field: (member,) if field in LISTS else member})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_example_is_written_as_it_was_read(path: Path) -> None:
    text, file = path.read_text(), str(path)
    assert settings_of(text_of(given_by(text, file))) == settings_of(text, file)


@every_block
def test_every_member_is_written_as_it_was_read(family: Family, name: str) -> None:
    settings = with_member(family, name)
    block = from_tree(tree_of(settings, defaults=True), Findings())
    assert settings_of(text_of(block)) == settings


@every_block
def test_every_member_can_be_given_by_attributes(family: Family, name: str) -> None:
    settings = with_member(family, name)
    plain = from_tree(tree_of(settings, defaults=True), Findings()).as_dict()
    block = empty()
    for key, value in plain.items():
        block[key.lower()] = value
    assert settings_of(text_of(block)) == settings


def test_there_is_a_field_for_every_family() -> None:
    found = {f.block for f in vars(families).values() if isinstance(f, Family)}
    assert found == {*FIELDS, "Extractor"}


def test_names_are_those_of_the_input_whatever_their_case() -> None:
    block = empty()
    block.parallellevels.OPTIMIZATIONS = 5
    assert block.ParallelLevels.Optimizations == 5
    assert block["ParallelLevels"]["Optimizations"] == 5
    assert text_of(block) == "ParallelLevels\n  Optimizations 5\nEnd\n"
    assert list(block) == ["ParallelLevels"]
    assert "parallellevels" in block
    assert "Optimizer" not in block
    assert "CheckStopperInterval" in dir(block)


@pytest.mark.parametrize(
    ("value", "text", "read"),
    [
        (True, "Yes", True),
        (False, "No", False),
        ("yes", "Yes", True),
        (np.bool_(True), "Yes", True),
    ],
)
def test_truths_are_written_as_yes_and_no(value: Any, text: str, read: bool) -> None:
    block = empty()
    block.SkipX0 = value
    assert (text_of(block), block.SkipX0) == (f"SkipX0 {text}\n", read)


def test_numbers_lists_and_paths_are_written_as_ams_text() -> None:
    block = empty()
    block.RandomSeed = np.int64(7)
    block.Validation = np.float64(0.1)
    block.OptimizerSelector = {"Type": "chain", "Chain": {"Thresholds": np.array([10, 500])}}
    block.ParameterInterface = Path("my files/p.yaml")
    block.Evaluator.Timeout = "2 [h]"
    settings = settings_of(text_of(block))
    assert settings.random_seed == 7
    assert settings.validation == 0.1
    assert settings.optimizer_selector.thresholds == (10, 500)
    assert settings.parameter_interface == "my files/p.yaml"
    assert settings.evaluator.timeout == block.Evaluator.Timeout == 7200.0


def test_what_recurs_is_a_list() -> None:
    block = empty()
    block.Optimizer.append({"Type": "CMAES"})
    block.Optimizer += [{"Type": "Scipy", "Scipy": {"Algorithm": "Powell"}}]
    block.Optimizer[0].CMAES.Sigma0 = 0.3
    block.Constraint = ["a > b"]
    block.Constraint.append("b > 0")
    settings = settings_of(text_of(block))
    assert [type(one).__name__ for one in settings.optimizer] == ["CMAES", "Scipy"]
    assert settings.optimizer[0].sigma0 == 0.3
    assert settings.constraint == ("a > b", "b > 0")
    del block.Optimizer[0]
    assert [one.Type for one in block.Optimizer] == ["Scipy"]
    block.optimizer = []
    assert "Optimizer" not in text_of(block)


def test_no_stoppers_says_so_in_the_input_of_a_resume() -> None:
    block = empty()
    assert len(block.Stopper) == 0
    assert text_of(block) == ""
    block.Stopper = []
    assert text_of(block) == "Stopper None\n"
    assert given_by("Stopper None\n").Stopper == []


@pytest.mark.parametrize("name", ["ExitCondition", "Stopper"])
@pytest.mark.parametrize("statement", ["block[name] = []", "block[name] = None", "del block[name]"])
def test_a_list_of_conditions_that_is_cleared_takes_its_combination_along(
    name: str, statement: str
) -> None:
    block = given_by(
        "ExitCondition\n  Type TimeLimit\n  TimeLimit 9\nEnd\nExitConditionBooleanCombination 1\n"
        "Stopper\n  Type MaxFunctionCalls\n  MaxFunctionCalls 9\nEnd\nStopperBooleanCombination 1\n"
    )
    exec(statement, {"block": block, "name": name})
    assert block[f"{name}BooleanCombination"] is None
    other = {"ExitCondition": "Stopper", "Stopper": "ExitCondition"}[name]
    assert block[f"{other}BooleanCombination"] == "1"


def test_a_combination_may_come_before_its_conditions() -> None:
    block = empty()
    block.StopperBooleanCombination = "1 & 2"
    block.Stopper = [{"Type": "MaxFunctionCalls"}, {"Type": "MinFunctionCalls"}]
    assert block.StopperBooleanCombination == "1 & 2"


def test_a_block_is_in_the_input_once_something_is_set_in_it() -> None:
    block = empty()
    assert block.ParallelLevels.Optimizations is None
    assert block.Engine.Function.Call is None
    assert text_of(block) == ""
    held = block.Engine.Function
    held.Call = "loss:f"
    assert text_of(block) == "Engine Function\n  Call loss:f\nEndEngine\n"
    held.Call = None
    block.ParallelLevels.Jobs = 1
    del block.ParallelLevels
    assert text_of(block) == ""


def test_a_free_block_takes_any_name() -> None:
    block = empty()
    block.Optimizer = {"Type": "CMAES"}
    settings = block.Optimizer[0].CMAES.Settings
    settings.seed = 112
    settings["tolfun"] = np.float64(1e-9)
    settings.note = "it's # no comment"
    (optimizer,) = given_by(text_of(block)).Optimizer
    assert dict(optimizer.CMAES.Settings) == dict(settings)
    assert settings.seed == 112
    del settings.note
    assert dict(settings) == {"seed": 112, "tolfun": 1e-9}


def test_a_copy_is_another_input() -> None:
    block = given_by(EXAMPLES[0].read_text())
    copied = copy.deepcopy(block)
    assert copied == block
    copied.RandomSeed = 99
    assert copied != block


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("block.Optimzer", "There is no key or block Optimzer; did you mean Optimizer?"),
        ("block.Optimzer = 1", "There is no key or block Optimzer; did you mean Optimizer?"),
        (
            "block.ParallelLevels.Optimisations = 3",
            "ParallelLevels has no key or block Optimisations; did you mean Optimizations?",
        ),
        (
            "block.Engine.LennardJones.Cutof = 9",
            "Engine LennardJones has no key or block Cutof; did you mean Cutoff?",
        ),
        ("block.Stopper.Type", "Stopper may be given many times and is a list: Stopper[0].Type"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(statement: str, message: str) -> None:
    with pytest.raises(AttributeError) as raised:
        exec(statement, {"block": empty()})
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "block.Optimizer = [{'Type': 'CMAES', 'CMAES': {'Sigma0': -1}}]",
            "Optimizer%CMAES%Sigma0 must be above 0, not -1",
        ),
        ("block.Generator.Type = 'Randon'", "Generator has no type Randon; did you mean Random?"),
        ("block.Evaluator.Workers = 2.5", "Evaluator%Workers must be a whole number, not 2.5"),
        ("block.Evaluator.Timeout = '2 [xs]'", "Evaluator%Timeout .*xs"),
        ("block.ParameterInterface = 'a\\nb'", "ParameterInterface: .* cannot stand"),
        ("block.Validation = float('nan')", "Validation must be a number, not nan"),
        (
            "block.Optimizer = [{'Type': 'CMAES', 'CMAES': {'Settings': {'a': object()}}}]",
            "Optimizer%CMAES%Settings%a: <object object at .*> has no literal",
        ),
        (
            "block.Optimizer = [{'Type': 'CMAES', 'CMAES': {'Settings': {'a b': 1}}}]",
            "'a b' cannot stand for a name on a line",
        ),
    ],
)
def test_a_value_that_a_key_cannot_take_is_refused_where_it_is_set(
    statement: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        exec(statement, {"block": empty()})


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("block.RandomSeed = [1]", "RandomSeed takes a whole number, at least 0, not list"),
        ("block.ExitCondition = [3]", "ExitCondition is a block and takes a dict, not int"),
        ("block.Generator.Type = 3", "Generator%Type takes the name of a type, not int"),
    ],
)
def test_a_type_that_no_input_has_is_refused(statement: str, message: str) -> None:
    with pytest.raises(TypeError) as raised:
        exec(statement, {"block": empty()})
    assert str(raised.value) == message


def test_mistakes_of_a_text_are_told_with_their_places() -> None:
    with pytest.raises(InputError) as raised:
        given_by("RandomSeed x\nGenerator\n  Type Random\n  Type Incumbent\nEnd\nScaler\n")
    told = [(m.place.line, m.text) for m in raised.value.mistakes]
    assert told == [
        (1, "RandomSeed must be a whole number, not x"),
        (4, "Generator%Type is given twice; keep one"),
        (6, "Scaler needs a value behind it: Optimizers, Linear, Std or None"),
    ]


def test_mistakes_in_a_free_block_are_those_of_an_input_file() -> None:
    lines = ("xatol 1e-6", "xatol 1e-4", "fatol = 3", "maxiter")
    block = "".join(f"      {line}\n" for line in lines)
    text = f"Optimizer\n  Type Scipy\n  Scipy\n    Settings\n{block}    End\n  End\nEnd\n"
    with pytest.raises(InputError) as raised:
        given_by(text)
    findings = Findings()
    read(
        parse(Source(text, Place("<text>", 1, 1)), scope_of(JobSettings), findings),
        JobSettings,
        findings,
    )
    in_a_file = [(m.place, m.text) for m in findings.mistakes]
    assert [(m.place, m.text) for m in raised.value.mistakes] == in_a_file
    assert in_a_file[0] == (
        Place("<text>", 6, 7),
        "Optimizer%Scipy%Settings%xatol is given twice; keep one",
    )
    assert [place.line for place, _ in in_a_file] == [6, 7, 8]
