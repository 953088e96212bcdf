"""Boolean combinations of conditions."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.settings.combination import (
    Group,
    NotACombination,
    any_of,
    evaluate,
    explain,
    parse_combination,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("((2))", 2),
        ("1|2", Group("|", (1, 2))),
        ("1 & 2 | 3", Group("|", (Group("&", (1, 2)), 3))),
        ("1 | 2 & 3", Group("|", (1, Group("&", (2, 3))))),
        ("1 & (2 | 3)", Group("&", (1, Group("|", (2, 3))))),
        ("1&1&1", Group("&", (1, 1, 1))),
    ],
)
def test_and_binds_tighter_than_or(text: str, expected: object) -> None:
    assert parse_combination(text, 3) == expected


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("", 0, "is empty"),
        ("  ", 0, "is empty"),
        ("1 & 4", 4, "names condition 4, but there are 3"),
        ("0", 0, "names condition 0, but there are 3"),
        ("12345678901234567890", 0, "names condition 12345678901234567890, but there are 3"),
        ("(1 | 2", 0, "has an opening bracket without a closing one"),
        ("(1 | (2", 5, "has an opening bracket without a closing one"),
        ("1 | 2)", 5, "has a closing bracket without an opening one"),
        ("()", 1, r"needs a number or an opening bracket behind \("),
        ("1 |", 3, r"needs a number or an opening bracket behind \|"),
        ("& 1", 0, "needs a number or an opening bracket first"),
        ("1 2", 2, r"needs & or \| before 2"),
        ("(1 2)", 3, r"needs & or \| before 2"),
        ("1 (2)", 2, r"needs & or \| before \("),
        ("1 or 2", 2, r"takes numbers, &, \| and brackets, not or"),
        ("not 1", 0, r"takes numbers, &, \| and brackets, not not"),
        ("1.5", 0, r"takes numbers, &, \| and brackets, not 1.5"),
        ("(" * 60 + "1" + ")" * 60, 50, "has more than 50 brackets within each other"),
    ],
)
def test_a_mistake_knows_where_it_is(text: str, at: int, problem: str) -> None:
    with pytest.raises(NotACombination, match=problem) as caught:
        parse_combination(text, 3)
    assert caught.value.at == at


@given(st.text(alphabet="123&|() x", max_size=12))
def test_any_text_is_a_combination_or_a_mistake(text: str) -> None:
    try:
        expression = parse_combination(text, 3)
    except NotACombination:
        return
    for values in product((False, True), repeat=3):
        python = text.replace("&", " and ").replace("|", " or ")
        for number, value in enumerate(values, 1):
            python = python.replace(str(number), f" {value} ")
        assert evaluate(expression, lambda n, v=values: v[n - 1]) is eval(python.strip())


def asked(text: str, *values: bool) -> tuple[bool, list[int]]:
    order: list[int] = []

    def value_of(number: int) -> bool:
        order.append(number)
        return values[number - 1]

    return evaluate(parse_combination(text, len(values)), value_of), order


def test_only_what_decides_is_asked() -> None:
    assert asked("1 | 2", True, False) == (True, [1])
    assert asked("1 & 2", False, True) == (False, [1])
    assert asked("1 & (2 | 3)", True, True, False) == (True, [1, 2])
    assert asked("(1 | 2) & 3", False, True, True) == (True, [1, 2, 3])


def test_without_a_combination_any_condition_is_enough() -> None:
    assert evaluate(any_of(3), lambda n: n == 3)
    assert not evaluate(any_of(3), lambda n: False)
    assert not evaluate(any_of(0), lambda n: True)


NAMES = {
    1: "MaxTotalFunctionCalls(fmax=2500)",
    2: "MaxOptimizersConverged(nconv=5)",
    3: "TimeLimit(session_max=60.0)",
}


def explained(text: str, values: dict[int, bool]) -> str:
    return explain(parse_combination(text, 3), NAMES.__getitem__, values)


def test_each_condition_stands_on_its_line_with_its_value() -> None:
    assert explained("1 | 2", {1: False, 2: True}) == (
        "MaxTotalFunctionCalls(fmax=2500) = False |\nMaxOptimizersConverged(nconv=5) = True"
    )


def test_a_group_within_stands_in_brackets_and_one_blank_deeper() -> None:
    assert explained("1 & (2 | (3 & 1))", {1: True, 2: True}) == (
        "MaxTotalFunctionCalls(fmax=2500) = True &\n"
        "(\n"
        " MaxOptimizersConverged(nconv=5) = True |\n"
        " (\n"
        "  TimeLimit(session_max=60.0) = None &\n"
        "  MaxTotalFunctionCalls(fmax=2500) = True\n"
        " )\n"
        ")"
    )


def test_an_operator_stands_behind_the_closing_bracket() -> None:
    assert explained("(1 | 2) & 3", {1: False, 2: False}) == (
        "(\n"
        " MaxTotalFunctionCalls(fmax=2500) = False |\n"
        " MaxOptimizersConverged(nconv=5) = False\n"
        ") &\n"
        "TimeLimit(session_max=60.0) = None"
    )
