"""What a tired writer is told of YAML that is broken: place and words, to the letter."""

import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input.source import Source
from paramsrun.problem.documents import parse_stream

BROKEN = "the YAML is broken here: "


def told(text: str) -> list[str]:
    findings = Findings()
    parse_stream(Source(text, Place("f.yaml", 1, 1)), findings)
    return [str(mistake) for mistake in findings.mistakes]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("---\nname: a\n\tvalue: 4\n", "3:1", "a tab; indent with blanks"),
        ("---\n\tname: a\n", "2:1", "a tab; indent with blanks"),
        (
            "---\nname: a\nvalue:4.1\nrange: [1, 2]\n",
            "3:7",
            "a blank is wanted behind the colon of value:",
        ),
        (
            "---\nname: a\nrange: [1, 2]\nvalue:4.1\n---\nname: b\n",
            "4:7",
            "a blank is wanted behind the colon of value:",
        ),
        (
            "---\n name: a\n value: 1\nrange: [1,2]\n is_active: true\n---\nname: b\n",
            "4:1",
            "this begins further left than line 2, the first of its entry; let all keys begin in "
            "one column",
        ),
        (
            "---\nname: a\nrange: [1, 2]\n value: 4\n",
            "4:2",
            "this begins further right than line 2, the first of its entry; let all keys begin in "
            "one column",
        ),
        ("---\nname: \"a\nvalue: 1\n---\nname: b\n", "2:7", "this quote is never closed"),
        ("---\nrange: [1, 2\nvalue: 3\n---\nname: b\n", "2:8", "this bracket is never closed"),
        (
            "---\nname: 'it's'\nvalue: 1\n",
            "2:11",
            "the quote ' ends before this; put \" around a value that holds '",
        ),
        (
            "---\nname: a: b\n",
            "2:8",
            "a second colon with a blank behind it; put the value in quotes",
        ),
        ("---\nname: @x\n", "2:7", "a value cannot begin with @; put it in quotes"),
    ],
)  # fmt: skip
def test_broken_yaml_is_told_where_it_breaks_and_how_to_mend_it(
    text: str, where: str, what: str
) -> None:
    assert told(text) == [f"f.yaml:{where}: {BROKEN}{what}"]


def test_a_forgotten_line_between_entries_is_told_once() -> None:
    entry = "name: {}\nvalue: 1\nrange: [0, 2]\nis_active: true\n"
    assert told(entry.format("a") + entry.format("b")) == [
        "f.yaml:5:1: name is given twice, first on line 1; keep one, or begin the next entry "
        "with ---"
    ]


def test_other_keys_that_stand_twice_are_told_each() -> None:
    assert told("name: a\nvalue: 1\nvalue: 2\n") == [
        "f.yaml:3:1: value is given twice, first on line 2; keep one"
    ]
