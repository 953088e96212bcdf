"""Text for a terminal: what it shows is kept, what it would obey is not."""

from paramsrun.printable import printable


def test_text_and_its_lines_stay_as_they_are() -> None:
    text = "two\n\tlines of \u00e5ngstr\u00f6m and \u4e2d"
    assert printable(text) == text


def test_codes_that_steer_a_terminal_are_shown_as_such() -> None:
    assert printable("\x1b[2J\r\x9b1m") == r"\x1b[2J\r\x9b1m"


def test_marks_that_turn_a_line_around_are_shown_as_such() -> None:
    assert printable("a\u202eb") == r"a\u202eb"


def test_what_joins_or_parts_letters_stays_as_it_is() -> None:
    text = "temp\u00e9rature\u00a0: \u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert printable(text) == text
