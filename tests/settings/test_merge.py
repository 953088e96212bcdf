"""What a new input changes of a stored one."""

from paramsrun.errors import Findings
from paramsrun.input import Source, parse, write
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.merge import merge


def merged(stored: str, new: str) -> list[str]:
    findings = Findings()
    scope = scope_of(JobSettings)
    trees = [parse(Source(text), scope, findings) for text in (stored, new)]
    findings.check()
    return [line.strip() for line in write(merge(*trees, JobSettings)).splitlines()]


TWO = """
ExitCondition
  Type TimeLimit
  TimeLimit 60
End
ExitCondition
  Type MaxTotalFunctionCalls
  MaxTotalFunctionCalls 100
End
ExitConditionBooleanCombination 1 & 2
"""

ONE = """
ExitCondition
  Type MaxTotalFunctionCalls
  MaxTotalFunctionCalls 400
End
"""


def test_what_is_not_given_stays() -> None:
    assert merged("RandomSeed 1\nSkipX0 Yes", "") == ["RandomSeed 1", "SkipX0 Yes"]


def test_a_key_that_is_given_replaces_the_stored_one() -> None:
    assert merged("RandomSeed 1\nSkipX0 Yes", "randomseed 2") == ["SkipX0 Yes", "RandomSeed 2"]


def test_a_recurring_block_replaces_all_of_its_kind_and_their_combination() -> None:
    assert merged(TWO, ONE) == [
        "ExitCondition",
        "Type MaxTotalFunctionCalls",
        "MaxTotalFunctionCalls 400",
        "End",
    ]


def test_a_combination_given_beside_new_conditions_is_kept() -> None:
    lines = merged(TWO, ONE + "ExitConditionBooleanCombination 1")
    assert lines[-1] == "ExitConditionBooleanCombination 1"


def test_a_combination_can_be_replaced_alone() -> None:
    lines = merged(TWO, "ExitConditionBooleanCombination 1 | 2")
    assert lines.count("ExitCondition") == 2
    assert lines[-1] == "ExitConditionBooleanCombination 1 | 2"


def test_new_stoppers_make_the_stored_combination_void() -> None:
    stored = "StopperBooleanCombination 1 & 2\nSkipX0 Yes"
    new = "Stopper\n Type MinFunctionCalls\n MinFunctionCalls 3\nEnd"
    assert merged(stored, new)[:2] == ["SkipX0 Yes", "Stopper"]


STOPPERS = """
SkipX0 Yes
Stopper
  Type MinFunctionCalls
  MinFunctionCalls 3
End
Stopper
  Type MaxFunctionCalls
  MaxFunctionCalls 30
End
StopperBooleanCombination 1 & 2
"""


def test_stopper_none_removes_the_stored_ones_and_their_combination() -> None:
    assert merged(STOPPERS, "Stopper None") == ["SkipX0 Yes", "Stopper None"]
    assert merged("Stopper None\n" + STOPPERS.splitlines()[1], "") == ["Stopper None", "SkipX0 Yes"]


def test_stoppers_take_the_place_of_a_stored_none() -> None:
    new = "Stopper\n Type MinFunctionCalls\n MinFunctionCalls 3\nEnd"
    assert merged("Stopper None", new)[:2] == ["Stopper", "Type MinFunctionCalls"]


def test_keys_of_other_blocks_are_replaced_one_by_one() -> None:
    stored = "CheckpointControl\n AtEnd Yes\n KeepPast 2\nEnd"
    assert merged(stored, "CheckpointControl\n KeepPast 5\nEnd") == [
        "CheckpointControl",
        "AtEnd Yes",
        "KeepPast 5",
        "End",
    ]


def test_a_typed_block_is_merged_within_its_type() -> None:
    stored = """
    Generator
      Type ExploreExploit
      ExploreExploit
        Focus 2
        MaxFunctionCalls 100
      End
    End"""
    new = "Generator\n ExploreExploit\n  Focus 3\n End\nEnd"
    assert merged(stored, new) == [
        "Generator",
        "Type ExploreExploit",
        "ExploreExploit",
        "MaxFunctionCalls 100",
        "Focus 3",
        "End",
        "End",
    ]
    assert merged(stored, "Generator\n Type Random\nEnd") == ["Generator", "Type Random", "End"]


def test_an_engine_is_merged_within_its_type() -> None:
    stored = "Engine LennardJones\n Cutoff 12\n Shift Yes\nEndEngine"
    assert merged(stored, "Engine lennardjones\n Cutoff 9\nEndEngine") == [
        "Engine LennardJones",
        "Shift Yes",
        "Cutoff 9",
        "EndEngine",
    ]
    assert merged(stored, "Engine Function\n Call a:b\nEndEngine")[0] == "Engine Function"
