"""NamingFormat: what checkpoints are called."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.settings.naming import NamingFormat

AT = datetime(2023, 1, 15, 9, 40, 49)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("glompo_checkpoint_%(date)_%(time)", "glompo_checkpoint_20230115_094049"),
        ("%(year)-%(yr)-%(month)-%(day)", "2023-23-01-15"),
        ("%(hour).%(min).%(sec)", "09.40.49"),
        ("chkpt_%(count)", "chkpt_007"),
        ("100%", "100%"),
    ],
)
def test_every_key_is_written_out(text: str, name: str) -> None:
    assert NamingFormat(text).name(AT, 7) == name


def test_a_count_goes_on_behind_names_that_are_taken() -> None:
    taken = {"c002", "c003"}.__contains__
    assert NamingFormat("c%(count)").free_name(AT, 2, taken) == "c004"


def test_without_a_count_a_name_that_is_taken_gets_a_number() -> None:
    taken = {"c_094049", "c_094049_001"}.__contains__
    assert NamingFormat("c_%(time)").free_name(AT, 2, taken) == "c_094049_002"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c_%(dat)", r"knows no %\(dat\), only %\(date\), .*%\(count\); did you mean date\?$"),
        ("c_%()", r"knows no %\(\)"),
        ("c_%(date", r"opens a key with %\( and does not close it"),
        ("", "is empty"),
        ("a/b", "holds a slash: it names files, and CheckpointingDirectory their folder"),
        ("../c", "holds a slash"),
        ("a\\b", "holds a slash"),
        ("..", r"begins with \."),
        (".hidden", r"begins with \."),
        ("-rf", "begins with -"),
        ("a b", "holds blanks or control characters"),
        ("a\x1b[2J", "holds blanks or control characters"),
        ("x" * 250, "names of more than 200 bytes"),
    ],
)
def test_a_format_that_will_not_do_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^NamingFormat .*{message}"):
        NamingFormat(text)


@given(st.text(max_size=30))
def test_any_text_gives_plain_file_names_or_a_mistake(text: str) -> None:
    try:
        naming = NamingFormat(text)
    except ValueError:
        return
    name = naming.name(AT, 3)
    assert not set(name) & set("/\0\n")
    assert not name.startswith(".")
