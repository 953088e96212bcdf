import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Key, Scope, Source, Word, parse, write
from tests.input.names import SCOPE, tree_of

NOWHERE = Place("tree", 1, 1)
CHEAP = settings(max_examples=200, derandomize=True, deadline=None, database=None)


AS_TYPED = """\
TASK 'a b'
optimizer
type   CMAES ! comment
cmaes
  settings
  seed   112
  end
subend
end
parallelLevels JOBS=1 optimizations="2"
checkpointcontrol
  everyseconds   2  [h]
end
engine lennardjones
cutoff 12
endengine
"""
AS_WRITTEN = """\
Task "a b"
Optimizer
  Type CMAES
  CMAES
    Settings
      seed   112
    End
  End
End
ParallelLevels
  Jobs 1
  Optimizations "2"
End
CheckpointControl
  EverySeconds 2 [h]
End
Engine LennardJones
  Cutoff 12
EndEngine
"""


def bare(text: str | None) -> Word | None:
    return None if text is None else Word(text, NOWHERE)


def outline(block: Block) -> tuple[object, ...]:
    """Return a tree without its places; whether plain text was quoted is kept."""
    inner = [
        outline(entry)
        if isinstance(entry, Block)
        else (
            entry.name,
            entry.value and entry.value.text,
            entry.unit and entry.unit.text,
            entry.quoted,
        )
        for entry in block.entries
    ]
    lines = [line.text for line in block.lines]
    return block.name, block.header and block.header.text, inner, lines, block.end


def test_a_tree_is_written_with_two_blanks_a_level_and_in_the_printed_spelling():
    assert write(tree_of(AS_TYPED)) == AS_WRITTEN


def test_a_named_block_is_written_with_its_own_lines():
    assert write(tree_of("DataSet\nName a\nEnd").entries[0]) == "DataSet\n  Name a\nEnd\n"


@pytest.mark.parametrize(
    "text", ["", " a ", "# a", "a # b", "a ! b", "'a'", "a [h]", "= a", "say 'a", "f('x y') [1]"]
)
def test_a_value_that_would_be_misread_is_quoted(text):
    root = Block("", NOWHERE, entries=(Key("Title", NOWHERE, bare(text)),))
    (key,) = tree_of(write(root)).entries
    assert isinstance(key, Key)
    assert (key.value and key.value.text, key.quoted) == (text, True)


@pytest.mark.parametrize("text", ["a#b", "f('x', \"y\")", "a = b", "http://x", "don't", "1 : 2"])
def test_a_value_that_reads_well_is_not_quoted(text):
    root = Block("", NOWHERE, entries=(Key("Title", NOWHERE, bare(text)),))
    assert write(root) == f"Title {text}\n"


@pytest.mark.parametrize(
    "entry",
    [
        Key("Title", NOWHERE, bare("a\nb")),
        Key("Title", NOWHERE, bare("# \"a' ")),
        Key("Title", NOWHERE, bare("2"), bare("a]")),
        Block("Atoms", NOWHERE, lines=(Word("End", NOWHERE),)),
        Block("Atoms", NOWHERE, lines=(Word("a # b", NOWHERE),)),
        Block("Atoms", NOWHERE, lines=(Word("@include x", NOWHERE),)),
    ],
)
def test_what_no_text_can_say_is_refused(entry):
    with pytest.raises(ValueError, match=r"cannot|no unit"):
        write(Block("", NOWHERE, entries=(entry,)))


def test_blocks_deeper_than_the_call_stack_are_written():
    scope = Scope(blocks={})
    scope.blocks["B"] = scope
    n = 2000
    text = write(tree_of("B\n" * n + "End\n" * n, scope))
    assert [line.strip() for line in text.splitlines()] == ["B"] * n + ["End"] * n


words = st.text(st.sampled_from("ab1 .-+%@\\:/#!=[](){}'\"äß\t"), max_size=12)
values = words.filter(lambda text: not ("'" in text and '"' in text))
keys = st.builds(
    lambda name, value, unit, quoted: (
        Key(name, NOWHERE, bare(value), bare(unit), quoted)
        if value is not None
        else Key(name, NOWHERE)
    ),
    st.sampled_from(["Task", "Title", "Path"]),
    st.none() | values,
    st.none() | st.sampled_from(["h", "%", "kJ/mol", ""]),
    st.booleans(),
)
free_lines = st.lists(
    st.sampled_from(
        ["seed 112", "a  'b # c'", "x [1, 2]", "End 1", "y = {'a': \" # \"}", "- 'a' x"]
    )
)
frees = st.builds(
    lambda lines, header: Block(
        "Atoms", NOWHERE, bare(header), lines=tuple(Word(line, NOWHERE) for line in lines)
    ),
    free_lines,
    st.none() | st.sampled_from(["[Bohr]", "End", "a=b", ""]),
)
systems = st.builds(
    lambda header, atoms: Block("System", NOWHERE, bare(header), entries=tuple(atoms)),
    st.none() | values.map(str.strip),
    st.lists(frees, max_size=2),
)
engines = st.just(
    Block(
        "Engine",
        NOWHERE,
        bare("LennardJones"),
        (Key("Cutoff", NOWHERE, bare("12"), bare("Bohr")),),
        end="EndEngine",
    )
)
trees = st.lists(keys | systems | engines).map(
    lambda entries: Block("", NOWHERE, entries=tuple(entries))
)


@CHEAP
@given(trees)
def test_parsing_what_was_written_gives_the_tree_again(tree):
    again = tree_of(write(tree))
    assert write(again) == write(tree)
    assert outline(again) == outline(_with_quotes_of(tree, again))


def _with_quotes_of(tree: Block, again: Block) -> Block:
    """Return the tree with the quotes that the writer had to add."""
    entries = tuple(
        Key(key.name, key.place, key.value, key.unit, key.quoted or read.quoted)
        if isinstance(key, Key) and isinstance(read, Key)
        else key
        for key, read in zip(tree.entries, again.entries, strict=True)
    )
    return Block("", NOWHERE, entries=entries)


lines = st.sampled_from(
    """Task a
Title 'a # b' # c
SkipX0
task
Optimizer
Optimizer CMAES
 Type CMAES
  CMAES
   Settings
   Settings [x]
    seed 112
    name "x
   Sigma0 0.3 [h]
   Sigam0 = 1
   Popsize "3
ParallelLevels Optimizations=2 Jobs="1 [h]"
ParallelLevels Jobs=1 2
Engine LennardJones
Engine Hybrid
Engine Xyz 'a
 Engine
  Cutoff 12
EndEngine
End
End
  End
SubEnd
Foo bar
   Foo
@include
@include no such file
= 'a
[x] y""".splitlines()
)


@CHEAP
@given(st.lists(lines | st.text(max_size=20)).map("\n".join))
def test_writing_what_was_parsed_is_a_fixed_point(text):
    findings = Findings()
    tree = parse(Source(text), SCOPE, findings)
    if findings.mistakes:
        return
    once = write(tree)
    assert write(tree_of(once)) == once


@CHEAP
@given(st.lists(lines | st.text(max_size=20)).map("\n".join))
def test_every_text_gives_a_tree_or_located_mistakes(text):
    findings = Findings()
    tree = parse(Source(text), SCOPE, findings)
    assert isinstance(tree, Block)
    assert all(mistake.place.line and mistake.place.column for mistake in findings.mistakes)


@CHEAP
@given(st.binary(max_size=200))
def test_every_file_gives_a_tree_or_mistakes(tmp_path_factory, data):
    from paramsrun.input import read_source

    file = tmp_path_factory.mktemp("fuzz") / "job.in"
    file.write_bytes(data)
    findings = Findings()
    source = read_source(file, findings)
    assert (source is None) == bool(findings.mistakes)
    if source is not None:
        assert isinstance(parse(source, SCOPE, findings), Block)
