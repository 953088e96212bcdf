"""Reading located trees into settings."""

import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Key, Word
from paramsrun.settings.read import read
from tests.settings.toy import Calls, Data, Jump, Notes, Spring, Time, Toy, Walk, sound, toy


def test_nothing_given_means_the_defaults() -> None:
    assert sound("") == Toy()
    assert Toy().mover == Walk()
    assert Toy().spare == (Walk(),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Title two words", "two words"),
        ('Title "# quoted"', "# quoted"),
        ("Title water [298 K]", "water [298 K]"),
        ("Title  far   [apart]", "far   [apart]"),
        ("TITLE x ! comment", "x"),
    ],
)
def test_a_text_is_the_rest_of_its_line(text: str, expected: str) -> None:
    assert sound(text).title == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("On", True), ("On yes", True), ("on TRUE", True), ("On No", False), ("On false", False)],
)
def test_a_bare_switch_is_yes(text: str, expected: bool) -> None:
    assert sound(text).on is expected


def test_numbers_may_be_written_as_in_fortran() -> None:
    assert sound("Ratio 1.5d-3").ratio == 1.5e-3
    assert sound("Ratio -.5").ratio == -0.5
    assert sound("Ratio 2.E+1").ratio == 20.0
    assert sound("Count +7").count == 7


def test_a_number_in_brackets_is_converted() -> None:
    assert sound("Wait 2 [h]").wait == 7200.0
    assert sound("Wait 2").wait == 2.0
    assert sound("Wait 1500 [MS]").wait == 1.5
    assert sound("Share 0.2 [fraction]").share == pytest.approx(20.0, rel=1e-15)
    assert sound("Angles 0 3.141592653589793 [radian]").angles == (0.0, 180.0)


def test_a_range_holds_after_conversion() -> None:
    assert sound("Share 99").share == 99.0
    assert toy("Share 1 [fraction]")[1] == [
        "1:7: Share must be above 0 and below 100 %, not 1 [fraction]"
    ]


def test_a_choice_takes_its_declared_spelling() -> None:
    assert sound("Colour DARK-green").colour == "Dark-Green"
    assert sound("Colour 2").colour == "2"


def test_lists_take_ranges() -> None:
    assert sound("Sizes 1 4:6 9").sizes == (1, 4, 5, 6, 9)
    assert sound("Angles 1.0:5:3.0 7").angles == (1.0, 1.5, 2.0, 2.5, 3.0, 7.0)
    assert sound("Angles 3:2:1").angles == (3.0, 1.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sizes 3:1", "1:7: Sizes has the range 3:1, which does not rise from first to last"),
        ("Sizes 1:9999999", "1:7: Sizes has the range 1:9999999, which has too many numbers"),
        ("Sizes 1:2:3", "1:7: Sizes has the range 1:2:3; a range of whole numbers is first:last"),
        ("Sizes 2 0", "1:7: Sizes must be at least 1, not 0"),
        ("Angles 1:2", "1:8: Angles has the range 1:2; a range of numbers is first:count:last"),
        ("Angles 1:1:2", "1:8: Angles has the range 1:1:2; the count in its middle must be at "
         "least 2"),
        ("Count 1001", "1:7: Count must be at least 0 and at most 1000, not 1001"),
        ("Count 12_0", "1:7: Count must be a whole number, not 12_0"),
        ("Count ٣", "1:7: Count must be a whole number, not ٣"),
        ("Ratio nan", "1:7: Ratio must be a number, not nan"),
        ("Old 5", "1:1: Old is accepted, but has no effect here: times have changed"),
        ("Speed 7", "1:7: Speed 7 is not available yet (faster is to come); for now give 1 or 0, "
         "or leave it out"),
        ("Engine Spring\nLength 0\nEndEngine", "2:8: Engine Spring%Length must be above 0, not 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_word(text: str, told: str) -> None:
    assert toy(text)[1] == [told]


def test_all_mistakes_are_told_at_once_and_the_rest_is_read() -> None:
    settings, told = toy("Count many\nRatio 1,5\nTitle fine\nOn perhaps")
    assert told == [
        "1:7: Count must be a whole number, not many",
        "2:7: Ratio must be a number, not 1,5; write the decimal point as .",
        "4:4: On must be Yes or No, not perhaps",
    ]
    assert settings == Toy(title="fine")


def test_a_key_may_recur_where_declared() -> None:
    assert sound("Rule a > b\nRule c").rule == ("a > b", "c")


def test_values_that_act_already_are_taken() -> None:
    assert sound("Speed 0").speed == 0
    assert sound("Speed 1").speed == 1


def test_all_keys_of_a_block_to_come_are_to_come() -> None:
    assert sound("Future\nEvery 10\nFlush Yes\nEnd") == Toy()
    assert toy("Future\nEvery 11\nEnd")[1] == [
        "2:7: Future%Every 11 is not available yet (the future is to come); "
        "for now give 10, or leave it out"
    ]


def test_blocks_nest_and_recur() -> None:
    text = "Data\n Path a\n Notes\n  Every 2\n End\nEnd\nData\n Weight 2\nEnd\nNotes Every=7"
    assert sound(text) == Toy(
        data=(Data(path="a", notes=Notes(every=2)), Data(weight=2.0)), notes=Notes(every=7)
    )


def test_one_of_several_blocks_is_named_by_its_place() -> None:
    assert toy("Data\nWeight x\nEnd")[1] == ["2:8: Data%Weight must be a number, not x"]
    assert toy("Data\nEnd\nData\nWeight x\nEnd")[1] == [
        "4:8: Data[2]%Weight must be a number, not x"
    ]


def test_the_type_may_stand_behind_its_block() -> None:
    assert sound("Mover\n Jump\n  Far 3\n End\n Type jump\nEnd").mover == Jump(far=3)


def test_a_type_without_its_block_has_its_defaults() -> None:
    assert sound("Mover\nType Walk\nEnd").mover == Walk()


def test_a_type_without_its_block_lacks_what_must_be_given() -> None:
    assert toy("Mover\nType Jump\nEnd")[1] == ["1:1: Mover%Jump%Far is missing: How far."]


def test_a_block_without_type_has_the_default_type() -> None:
    assert sound("Spare\n Walk\n  Step 2\n End\nEnd").spare == (Walk(step=2.0),)


def test_a_block_of_another_type_is_told_with_both_names() -> None:
    assert toy("Spare\n Jump\n  Far 2\n End\nEnd")[1] == [
        "2:2: Spare%Jump belongs to Type Jump, but this block has Type Walk (the default); "
        "to choose it, add Type Jump"
    ]


def test_a_single_value_stands_behind_its_type() -> None:
    text = "Limit\n Type Calls\n Calls 400\nEnd\nLimit\n Time 2 [min]\n Type Time\nEnd"
    assert sound(text).limit == (Calls(n_max=400), Time(t_max=120.0))


def test_a_lone_block_takes_the_type_of_its_only_value() -> None:
    assert sound("Limit\n Calls 400\nEnd").limit == (Calls(n_max=400),)


def test_each_of_several_blocks_takes_the_type_of_its_only_value() -> None:
    text = "Limit\n Calls 4\nEnd\nLimit\n Time 2\n Type Time\nEnd\nLimit Calls=7"
    assert sound(text).limit == (Calls(n_max=4), Time(t_max=2.0), Calls(n_max=7))


def test_a_block_with_values_of_two_types_needs_its_type() -> None:
    assert toy("Limit\n Calls 4\n Time 2\nEnd")[1] == [
        "1:1: Limit%Type is missing: it can be Calls or Time"
    ]


def test_the_header_of_an_engine_chooses_its_type() -> None:
    assert sound("Engine SPRING\n length 0.1 [nm]\nEndEngine").engine == Spring(length=1.0)


def test_lines_of_a_free_block_are_python_literals_or_words() -> None:
    text = """Mover
      Walk
        Settings
          seed 112
          tol 1e-9       # tight
          flag False
          word hello world ! a comment
          quoted "a # b"
          list [1, 2.5, 'x']
          call __import__('os')
        End
      End
    End"""
    assert sound(text).mover.settings == {
        "seed": 112,
        "tol": 1e-9,
        "flag": False,
        "word": "hello world",
        "quoted": "a # b",
        "list": [1, 2.5, "x"],
        "call": "__import__('os')",
    }


def test_what_a_class_finds_wrong_is_told_at_its_key() -> None:
    assert toy("Mover\n Walk\n  Step 11\n End\nEnd")[1] == [
        "3:8: Mover%Walk%Step is longer than the box"
    ]
    assert toy("Mover\n Walk\n  Settings\n   a 1\n   wind 2\n  End\n End\nEnd")[1] == [
        "5:4: Mover%Walk%Settings%wind is no option"
    ]


def test_a_class_is_checked_although_a_key_of_it_is_wrong() -> None:
    text = "Mover\n Walk\n  Step x\n  Settings\n   wind 2\n  End\n End\nEnd"
    assert toy(text)[1] == [
        "3:8: Mover%Walk%Step must be a number, not x",
        "5:4: Mover%Walk%Settings%wind is no option",
    ]


def test_given_twice_names_the_first_line() -> None:
    assert toy("Count 1\n\ncount 2")[1] == ["3:1: Count is given twice, first on line 1; keep one"]


def test_trees_made_by_hand_are_read_with_care() -> None:
    place = Place("made", 1, 1)
    tree = Block(
        "",
        place,
        entries=(
            Block("Count", Place("made", 2, 1)),
            Key("Notes", Place("made", 3, 1), Word("5", place)),
        ),
    )
    findings = Findings()
    assert read(tree, Toy, findings) == Toy()
    assert [str(m) for m in sorted(findings.mistakes)] == [
        "made:2:1: Count is a key, not a block: a whole number stands behind it, and no End",
        "made:3:1: Notes is a block: its keys stand on lines of their own, and End closes it",
    ]


def test_a_recurring_key_without_value_is_told_and_passed_over() -> None:
    settings, told = toy("Rule\nRule b")
    assert told == ["1:1: Rule[1] needs a value behind it: a text; it may be given many times"]
    assert settings.rule == ("b",)
