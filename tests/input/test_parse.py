import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Key, Scope, Source, Word, parse
from tests.input.names import SCOPE, tree_of


def only_key(text: str) -> Key:
    (key,) = tree_of(text).entries
    assert isinstance(key, Key)
    return key


def only_block(text: str) -> Block:
    (block,) = tree_of(text).entries
    assert isinstance(block, Block)
    return block


def at(line: int, column: int) -> Place:
    return Place("job.in", line, column)


def test_a_key_is_a_name_and_the_rest_of_its_line():
    text = "\n  Title  two   words \n"
    assert only_key(text) == Key("Title", at(2, 3), Word("two   words", at(2, 10)))


def test_a_bare_key_has_no_value():
    assert only_key("SkipX0").value is None


def test_names_ignore_case_and_come_out_in_the_printed_spelling():
    block = only_block("OPTIMIZER\n tYPE CMAES\neND")
    assert (block.name, block.entries[0].name) == ("Optimizer", "Type")


@pytest.mark.parametrize("sign", ["#", "!", "::"])
def test_comments_open_at_line_start_or_behind_a_blank(sign):
    text = f"{sign}Task A\n  {sign} Task B\nTask C {sign}comment"
    assert only_key(text).value == Word("C", at(3, 6))


@pytest.mark.parametrize("value", ["a#b", "http://x", "a!b", "a::b", "f('x # y')", "don't"])
def test_comment_signs_within_words_or_quotes_are_text(value):
    key = only_key(f"Path {value} # comment")
    assert key.value == Word(value, at(1, 6))
    assert not key.quoted


@pytest.mark.parametrize("text", ["", " a  # b ", "it's"])
def test_one_quotation_loses_its_quotes(text):
    key = only_key(f'Title "{text}"')
    assert key.value == Word(text, at(1, 7))
    assert key.quoted


def test_several_quotations_stand_as_they_are():
    assert only_key("Title 'a' \"b\"").value == Word("'a' \"b\"", at(1, 7))


@pytest.mark.parametrize(
    ("line", "value", "unit"),
    [
        ("MoveRange 2 [h]", "2", "h"),
        ("MoveRange 1 2 [ % ]  # all", "1 2", "%"),
        ("MoveRange '2' [h]", "2", "h"),
        ("MoveRange [h]", "[h]", None),
        ("MoveRange a[1]", "a[1]", None),
        ("MoveRange [1] 2", "[1] 2", None),
    ],
)
def test_a_unit_is_in_brackets_behind_the_value(line, value, unit):
    key = only_key(line)
    assert key.value is not None
    assert (key.value.text, key.unit and key.unit.text) == (value, unit)


def test_blocks_nest_and_keep_the_order_of_their_entries():
    text = "Optimizer\nCMAES\nSigma0 0.3\nEnd\nType CMAES\nEnd\nOptimizer\nType Scipy\nEnd"
    first, second = tree_of(text).entries
    assert isinstance(first, Block)
    assert isinstance(second, Block)
    assert [entry.name for entry in first.entries] == ["CMAES", "Type"]
    assert second.place == at(7, 1)


@pytest.mark.parametrize("header", ["initial", '"initial"', "initial  # the first"])
def test_a_header_stands_behind_the_name_of_a_block(header):
    block = only_block(f"System {header}\nCharge 1\nEnd")
    assert block.header == Word("initial", at(1, 8))


def test_a_header_may_be_a_unit():
    block = only_block("System\nAtoms [Bohr]\nAr 0 0 0\nEnd\nEnd")
    atoms = block.entries[0]
    assert isinstance(atoms, Block)
    assert atoms.header == Word("[Bohr]", at(2, 7))


def test_free_blocks_keep_their_lines_without_comments_and_margins():
    text = """Optimizer
  CMAES
    Settings
      seed   112   # comment
      # a comment

      name '# text'
      Task = x
    End
  End
End"""
    settings = tree_of(text).entries[0].entries[0].entries[0]
    assert settings.lines == (
        Word("seed   112", at(4, 7)),
        Word("name '# text'", at(7, 7)),
        Word("Task = x", at(8, 7)),
    )


@pytest.mark.parametrize("end", ["End", "end", "SubEnd", "EndDataSet", "End # of the set"])
def test_the_ends_of_a_block(end):
    assert only_block(f"DataSet\nName a\n{end}").end == "End"


def test_an_engine_takes_the_names_of_its_header_and_closes_with_endengine():
    text = "engine hybrid\nWeight 1\nEngine lennardjones\nCutoff 9\nEndEngine\nendengine"
    hybrid = only_block(text)
    inner = hybrid.entries[1]
    assert (hybrid.header, hybrid.end) == (Word("Hybrid", at(1, 8)), "EndEngine")
    assert isinstance(inner, Block)
    assert inner.header == Word("LennardJones", at(3, 8))
    assert inner.entries == (Key("Cutoff", at(4, 1), Word("9", at(4, 8))),)


def test_an_input_block_closes_with_endinput():
    engine = only_block("Engine LennardJones\nInput\nTask a\nEndInput\nEndEngine")
    assert engine.entries[0].name == "Input"


@pytest.mark.parametrize(
    "line",
    [
        "ParallelLevels Optimizations=2 Jobs=1",
        "parallellevels optimizations = 2  JOBS= 1 End",
        "ParallelLevels Optimizations =2 Jobs=1 # comment",
    ],
)
def test_a_block_on_one_line_needs_no_end(line):
    root = tree_of(line + "\nTask a")
    block = root.entries[0]
    assert isinstance(block, Block)
    keys = [(key.name, key.value.text) for key in block.entries if isinstance(key, Key)]
    assert keys == [("Optimizations", "2"), ("Jobs", "1")]
    assert root.entries[1].name == "Task"


def test_values_on_one_line_may_be_quoted_with_their_unit_and_hold_equals_signs():
    line = "CheckpointControl EverySeconds=\"1.5 [h]\" NamingFormat='a b' AtEnd=x=y"
    every, naming, at_end = only_block(line).entries
    assert (every.value.text, every.unit.text, every.quoted) == ("1.5", "h", False)
    assert (naming.value.text, naming.quoted) == ("a b", True)
    assert at_end.value.text == "x=y"


def test_an_empty_block_may_end_on_its_line():
    assert only_block("DataSet End").entries == ()


def test_a_name_that_is_key_and_block_is_a_key_where_it_has_a_value():
    assert isinstance(tree_of("Stopper None").entries[0], Key)
    assert isinstance(tree_of("Stopper\nType a\nEnd").entries[0], Block)
    assert isinstance(tree_of("Stopper Type=a").entries[0], Block)


def test_a_name_that_is_key_and_block_is_a_block_where_the_next_line_belongs_in_it():
    block = tree_of("Stopper a\nType a\nEnd").entries[0]
    assert (block.header.text, block.entries[0].name) == ("a", "Type")
    assert [type(e) for e in tree_of("Stopper None\n  Title a").entries] == [Key, Key]


@pytest.mark.parametrize("end_of_line", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_give_the_same_tree(end_of_line):
    text = "Task a\nDataSet\n  Name 'b'\nEnd"
    assert tree_of(text.replace("\n", end_of_line)) == tree_of(text + "\n")


def test_places_of_a_text_within_another_file_point_into_that_file():
    findings = Findings()
    source = Source("Task a\n  Tsak b", Place("jobs.yaml", 11, 4))
    root = parse(source, SCOPE, findings)
    assert root.entries[0].place == Place("jobs.yaml", 11, 4)
    assert findings.mistakes[0].place == Place("jobs.yaml", 12, 6)


def test_ten_thousand_nested_blocks_are_read():
    scope = Scope(blocks={})
    scope.blocks["Inner"] = scope
    n = 10_000
    block = tree_of("Inner\n" * n + "End\n" * n, scope)
    depth = 0
    while block.entries:
        (block,) = block.entries
        depth += 1
    assert depth == n
