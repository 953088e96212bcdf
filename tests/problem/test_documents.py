from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.errors import Findings, Place
from paramsrun.input import Source
from paramsrun.problem.documents import Stream, parse_stream, read_stream, spliced
from paramsrun.problem.nodes import Fields, Scalar, number, plain_value, truth


def parsed(text: str) -> Stream:
    findings = Findings()
    stream = parse_stream(Source(text, Place("f.yaml", 1, 1)), findings)
    findings.check()
    assert stream is not None
    return stream


def mistakes(text: str) -> list[str]:
    findings = Findings()
    assert parse_stream(Source(text, Place("f.yaml", 1, 1)), findings) is None
    return [str(m) for m in findings.mistakes]


def scalar(text: str) -> Scalar:
    node = parsed(f"a: {text}\n").entries[0].entries["a"]
    assert isinstance(node, Scalar)
    return node


def test_the_first_document_is_the_header_if_it_has_a_dtype() -> None:
    stream = parsed("---\ndtype: DataSet\nversion: '1'\n---\na: 1\n---\na: 2\n...\n")
    assert stream.dtype == "DataSet"
    assert [plain_value(e) for e in stream.entries] == [{"a": 1}, {"a": 2}]


def test_a_stream_without_header_begins_with_its_first_entry() -> None:
    stream = parsed("a: 1\n---\na: 2\n")
    assert stream.header is None
    assert len(stream.entries) == 2


@pytest.mark.parametrize("text", ["", "---\n...\n", "---\n---\n", "# nothing\n"])
def test_empty_documents_are_passed_over(text: str) -> None:
    assert parsed(text).entries == ()


def test_every_value_and_key_knows_its_place() -> None:
    (fields,) = parsed("---\na:  1\nlist:\n- x\n- [y, 'z']\n").entries
    assert str(fields.place_of("a")) == "f.yaml:2:1"
    assert str(fields.entries["a"].place) == "f.yaml:2:5"
    assert str(fields.entries["list"].items[1].items[1].place) == "f.yaml:5:7"  # type: ignore[union-attr]
    assert str(fields.place_of("missing")) == "f.yaml:2:1"


def test_lines_of_a_literal_block_keep_their_place_in_the_file() -> None:
    (fields,) = parsed("a: |   # text\n\n    one\n      two\nb: 1\n").entries
    node = fields.entries["a"]
    assert isinstance(node, Scalar)
    assert node.text == "\none\n  two\n"
    line, column = 3, 3
    assert str(node.source.place(line, column)) == "f.yaml:4:7"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-5", 1e-5), ("1.0e-05", 1e-5), ("-3", -3.0), (".5", 0.5), ("010", 10.0), ("1E3", 1000.0)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert number(scalar(text)) == value


@pytest.mark.parametrize("text", ["'1'", "1_000", "one", "1:30", "[1]", "0x10", "1,5", "true"])
def test_other_things_are_no_numbers(text: str) -> None:
    assert number(parsed(f"a: {text}\n").entries[0].entries["a"]) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Yes", True), ("off", False), ("False", False), ("1", None)],
)
def test_truths_have_the_words_of_yaml(text: str, value: bool | None) -> None:
    assert truth(scalar(text)) is value


@pytest.mark.parametrize("text", ["", "~", "null", "None"])
def test_a_key_that_stands_for_nothing_counts_as_left_out(text: str) -> None:
    (fields,) = parsed(f"a: {text}\nb: 1\n").entries
    assert fields.get("a") is None


def test_metadata_become_python_data() -> None:
    (fields,) = parsed("a: [1, 2.5, x, 'true', yes, ~]\nb: {c: {d: '1'}}\n").entries
    assert plain_value(fields) == {
        "a": [1, 2.5, "x", "true", True, None],
        "b": {"c": {"d": "1"}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\na: 3\n", "f.yaml:2:1: a is given twice, first on line 1; keep one"),
        ("a: !!python/name:os.system x\n", "f.yaml:1:4: tags are not read; leave out tag:"),
        ("a: &x 1\nb: *x\n", "f.yaml:2:4: aliases are not read; write the value in place of *x"),
        ("a: &x [*x]\n", "f.yaml:1:8: aliases are not read"),
        ("? [a]\n: 1\n", "f.yaml:1:3: a key must be a single word"),
        ("- 1\n- 2\n", "f.yaml:1:1: a document is made of lines `key: value`"),
        ("just words\n", "f.yaml:1:1: a document is made of lines `key: value`"),
        ("a: 1\n b: 2\n", "f.yaml:2:2: the YAML is broken here: this begins further right than"),
        ("a: 'x\n", "f.yaml:1:4: the YAML is broken here: this quote is never closed"),
        ("a: [1\n---\nb: 1\n", "f.yaml:1:4: the YAML is broken here: this bracket is never closed"),
        ("\ta: 1\n", "f.yaml:1:1: the YAML is broken here: a tab; indent with blanks"),
        ("a: " + "[" * 100_000, "f.yaml:1:34: more than 30 levels of nesting are not read"),
    ],
)
def test_what_cannot_be_read_is_told_where_it_stands(text: str, message: str) -> None:
    assert mistakes(text)[0].startswith(message)


def test_all_keys_given_twice_are_told_at_once() -> None:
    assert len(mistakes("a: 1\na: 2\n---\nb: 1\nb: 2\n")) == 2


def test_a_file_that_is_missing_is_told_where_it_is_named(tmp_path: Path) -> None:
    findings = Findings()
    assert read_stream(tmp_path / "no.yaml", findings, Place("params.in", 3, 10)) is None
    assert str(findings.mistakes[0]).startswith("params.in:3:10: cannot read the file")


def test_bytes_that_are_no_text_are_told_where_they_stand(tmp_path: Path) -> None:
    findings = Findings()
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"a: 1\nb: \xff\xfe\n")
    assert read_stream(path, findings) is None
    assert findings.mistakes[0].place == Place(str(path), 2, 4)


def test_parts_of_a_text_are_replaced_and_all_else_stays() -> None:
    source = Source("a: 1 # x\nb: [2, 3]\n", Place("f", 1, 1))
    edits = [
        (Place("f", 1, 4), Place("f", 1, 5), "10"),
        (Place("f", 2, 8), Place("f", 2, 9), "30"),
    ]
    assert spliced(source, edits) == "a: 10 # x\nb: [2, 30]\n"


@given(st.one_of(st.text(), st.text(alphabet="ab:-[]{}|>'\"#&*!%@ \n\t1.")))
def test_any_text_gives_documents_or_mistakes(text: str) -> None:
    findings = Findings()
    stream = parse_stream(Source(text, Place("f.yaml", 1, 1)), findings)
    assert (stream is None) == bool(findings.mistakes)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_writing_and_reading(value: float) -> None:
    read: Callable[[Fields], float | None] = lambda f: number(f.entries["a"])  # noqa: E731
    assert read(parsed(f"a: {value!r}\n").entries[0]) == value
