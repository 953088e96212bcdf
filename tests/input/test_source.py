import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Source, parse, read_source
from tests.input.names import SCOPE


def read(path) -> tuple[Block | None, list[str]]:
    findings = Findings()
    source = read_source(path, findings)
    root = parse(source, SCOPE, findings) if source else None
    return root, [str(mistake) for mistake in sorted(findings.mistakes)]


def test_a_byte_order_mark_is_no_text(tmp_path):
    file = tmp_path / "job.in"
    file.write_bytes(b"\xef\xbb\xbfTask a\r\n")
    root, mistakes = read(file)
    assert mistakes == []
    assert root.entries[0].place == Place(str(file), 1, 1)


@pytest.mark.parametrize(
    ("data", "line", "column", "byte"),
    [
        (b"Task a\nTitle \xff", 2, 7, "FF"),
        ("Title \u00e4 ".encode() + b"\xe4", 1, 9, "E4"),
        (b"Task\r\n\0", 2, 1, "00"),
        ("Task a".encode("utf-16"), 1, 1, "FF"),
    ],
)
def test_a_byte_that_is_no_text_is_named_with_its_place(tmp_path, data, line, column, byte):
    file = tmp_path / "job.in"
    file.write_bytes(data)
    wanted = f"byte 0x{byte} is not text; save the file as UTF-8 or ASCII text"
    assert read(file) == (None, [f"{file}:{line}:{column}: {wanted}"])


def test_a_missing_file_is_a_mistake(tmp_path):
    file = tmp_path / "job.in"
    text = f"{file}: cannot read the file '{file}': No such file or directory"
    assert read(file) == (None, [text])


def test_includes_stand_where_they_are_named_and_are_relative_to_the_including_file(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "data set.in").write_text("DataSet\n@Include name.in # here\n")
    (tmp_path / "parts" / "name.in").write_text("  Name a")
    file = tmp_path / "job.in"
    file.write_text('@include "parts/data set.in"\n  Path b\nEnd\nTask c')
    root, mistakes = read(file)
    assert mistakes == []
    data_set, task = root.entries
    assert [key.value.text for key in data_set.entries] == ["a", "b"]
    assert data_set.entries[0].place == Place(str(tmp_path / "parts" / "name.in"), 1, 3)
    assert task.place == Place(str(file), 4, 1)


def test_a_file_may_be_included_twice(tmp_path):
    (tmp_path / "exit.in").write_text("ExitCondition\nType a\nEnd")
    (tmp_path / "job.in").write_text("@include exit.in\n@include exit.in")
    root, mistakes = read(tmp_path / "job.in")
    assert mistakes == []
    assert len(root.entries) == 2


def test_a_missing_include_is_reported_at_its_line(tmp_path):
    file = tmp_path / "job.in"
    file.write_text("Task a\n  @include no.in\n@include")
    assert read(file)[1] == [
        f"{file}:2:12: cannot read the file '{tmp_path / 'no.in'}': No such file or directory",
        f"{file}:3:1: @include needs the name of a file behind it",
    ]


def test_a_circle_of_includes_names_its_chain(tmp_path):
    a, b, c = (tmp_path / f"{name}.in" for name in "abc")
    a.write_text("@include b.in")
    b.write_text("@include c.in\nTask a")
    c.write_text("@include b.in")
    root, mistakes = read(a)
    assert mistakes == [f"{c}:1:10: @include goes in a circle: {b} -> {c} -> {b}"]
    assert root.entries[0].name == "Task"


def test_includes_of_a_string_are_looked_for_beside_the_file_it_stands_in(tmp_path):
    (tmp_path / "part.in").write_text("Task a")
    findings = Findings()
    source = Source("@include part.in", Place(str(tmp_path / "jobs.yaml"), 5, 3))
    assert parse(source, SCOPE, findings).get("task") is not None
    assert findings.mistakes == []
