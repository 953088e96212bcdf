import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.errors import Findings, Place
from paramsrun.problem.expression import Chain, Negative, Number, Part, calls, same_period
from paramsrun.problem.expression_parser import parse_array, parse_expression
from paramsrun.problem.extractors.distance import Distance
from paramsrun.problem.extractors.energy import Energy

AT = Place("t.yaml", 4, 13)
ALLOWED = "only numbers, + - * / **, brackets and extractors such as energy('job') may stand here"


def parsed(text: str) -> Part:
    findings = Findings()
    part = parse_expression(text, AT, findings)
    findings.check()
    assert part is not None
    return part


def mistake(text: str) -> str:
    findings = Findings()
    assert parse_expression(text, AT, findings) is None
    (found,) = findings.mistakes
    return str(found)


def array_mistake(text: str) -> str:
    findings = Findings()
    assert parse_array(text, AT, findings) is None
    (found,) = findings.mistakes
    return str(found)


def test_calls_come_from_left_to_right_with_their_places() -> None:
    found = list(calls(parsed("energy('a')-0.5*(energy(\"b\") + 2)")))
    assert [(c.name, c.job, str(c.place)) for c in found] == [
        ("energy", "a", "t.yaml:4:13"),
        ("energy", "b", "t.yaml:4:30"),
    ]
    assert found[0].extractor == Energy()


def test_a_place_counts_characters() -> None:
    found = list(calls(parsed("energy('ü€')-energy('b')")))
    assert [str(c.place) for c in found] == ["t.yaml:4:13", "t.yaml:4:26"]


def test_arguments_are_literals() -> None:
    (call,) = calls(parsed("distance('g', 1, atom2=0)"))
    assert call.extractor == Distance(1, 0)


def test_extractors_are_printed_in_their_own_spelling() -> None:
    assert next(calls(parsed("Energy('a')"))).name == "energy"


def test_a_row_of_operations_is_one_flat_chain() -> None:
    assert parsed("1 + 2 - -3") == Chain(
        Number(1.0), (("+", Number(2.0)), ("-", Negative(Number(3.0))))
    )


def test_a_long_sum_is_no_deep_tree() -> None:
    part = parsed("+".join(f"energy('{n}')" for n in range(900)))
    assert len(list(calls(part))) == 900


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "__import__('os').system('x')",
            f"t.yaml:4:13: {ALLOWED}, not __import__('os').system('x')",
        ),
        ("open('x')", "t.yaml:4:13: there is no extractor open; there are angle, charges, "),
        ("enrgy('a')", "t.yaml:4:13: there is no extractor enrgy; did you mean energy?"),
        ("2*energy('a').real", f"t.yaml:4:15: {ALLOWED}, not energy('a').real"),
        ("[1, 2]", f"t.yaml:4:13: {ALLOWED}, not [1, 2]"),
        ("energy('a') if 1 else 2", f"t.yaml:4:13: {ALLOWED}, not energy('a') if 1 else 2"),
        ("lambda: 1", f"t.yaml:4:13: {ALLOWED}, not lambda: 1"),
        ("energy('a') // 2", f"t.yaml:4:13: {ALLOWED}, not energy('a') // 2"),
        ("True", f"t.yaml:4:13: {ALLOWED}, not True"),
        ("2j", f"t.yaml:4:13: {ALLOWED}, not 2j"),
        ("x", f"t.yaml:4:13: {ALLOWED}, not x"),
        ("energy", "t.yaml:4:13: energy needs a job behind it: energy('job')"),
        ("energy()", "t.yaml:4:13: energy takes the ID of a job in quotes first: energy('job')"),
        ("energy(a)", "t.yaml:4:13: energy takes the ID of a job in quotes first: energy('job')"),
        ("energy('a', 1)", "t.yaml:4:13: too many positional arguments; write energy('job')"),
        (
            "distance('a', 0)",
            "t.yaml:4:13: missing a required argument: 'atom2'; "
            "write distance('job', atom1, atom2, mic=True)",
        ),
        (
            "energy(*'a')",
            "t.yaml:4:13: energy takes the ID of a job in quotes first: energy('job')",
        ),
        ("energy('a', **{})", "t.yaml:4:27: ** may not stand before an argument"),
        (
            "distance('a', 0, open('x'))",
            "t.yaml:4:30: an argument must be a number, a text, or a list of these, not open('x')",
        ),
        ("energy('a' 'b'", "t.yaml:4:19: this is no expression: '(' was never closed"),
        ("energy('a') +", "t.yaml:4:13: this is no expression: invalid syntax"),
        ("", "t.yaml:4:13: this is no expression: invalid syntax"),
        ("1e999", "t.yaml:4:13: this number is too large"),
        ("1" + 400 * "0", "t.yaml:4:13: this number is too large"),
        ("1" + 5000 * "0", "t.yaml:4:13: this is no expression: Exceeds the limit"),
    ],
)
def test_anything_else_is_refused_where_it_stands(text: str, message: str) -> None:
    assert mistake(text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 10_000 + "1" + ")" * 10_000,
        "(" * 100 + "1" + ")" * 100 + "*x",
        "-" * 19_000 + "1",
        "2**" * 6_000 + "2",
        "1+" * 9_999 + "1",
        "energy('a', " + "[" * 150 + "]" * 150 + ")",
        "energy('a')" * 1_000_000,
        "f(" * 90 + ")" * 90,
    ],
)
def test_hostile_expressions_are_refused_without_harm(text: str) -> None:
    assert mistake(text).startswith("t.yaml:4:")


def test_brackets_nest_to_a_limit() -> None:
    deep = "energy('a')"
    for _ in range(60):
        deep = f"2*({deep}+1)"
    assert "more than 50 brackets within brackets" in mistake(deep)


@given(st.one_of(st.text(), st.text(alphabet="energy('a')+-*/ 12.[]{}:,=#\n\\\x00")))
def test_any_text_gives_an_expression_or_a_mistake(text: str) -> None:
    findings = Findings()
    part = parse_expression(text, AT, findings)
    assert (part is None) == bool(findings.mistakes)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("array([[1, -2.5],\n       [3e-4, +4]])", [[1.0, -2.5], [3e-4, 4.0]]),
        ("array([1, 2])", [1.0, 2.0]),
        ("array((1, 2))\n", [1.0, 2.0]),
        ("[[1], [2]]", [[1.0], [2.0]]),
        (" -1.5 ", -1.5),
        ("array([])", []),
    ],
)
def test_arrays_are_written_as_numpy_prints_them(text: str, value: object) -> None:
    findings = Findings()
    assert parse_array(text, AT, findings) == value
    assert not findings.mistakes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("array([1, x])", "t.yaml:4:13: only numbers may stand in an array, not x"),
        ("array([1, True])", "t.yaml:4:13: only numbers may stand in an array, not True"),
        ("array([1, '2'])", "t.yaml:4:13: only numbers may stand in an array, not '2'"),
        ("array([1], dtype=int)", "t.yaml:4:13: only numbers may stand in an array, not array("),
        ("array([1, 2", "t.yaml:4:19: this is no expression: '[' was never closed"),
        ("eval('1')", "t.yaml:4:13: only numbers may stand in an array, not eval('1')"),
        ("array([" + "[" * 100 + "]" * 100 + "])", "t.yaml:4:13: only numbers may stand in an"),
        ("1" + 400 * "0", "t.yaml:4:13: a number in this array is too large"),
    ],
)
def test_arrays_hold_nothing_but_numbers(text: str, message: str) -> None:
    assert array_mistake(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("dihedral('a', 0, 1, 2, 3)", 360.0),
        ("-dihedral('a', 0, 1, 2, 3) + 30", 360.0),
        ("dihedral('a', 0, 1, 2, 3) - dihedral('b', 0, 1, 2, 3)", 360.0),
        ("2*dihedral('a', 0, 1, 2, 3)", None),
        ("dihedral('a', 0, 1, 2, 3) + energy('a')", None),
        ("energy('a')", None),
        ("1 + 2", None),
    ],
)
def test_only_sums_of_values_of_one_period_have_it(text: str, period: float | None) -> None:
    assert same_period(parsed(text)) == period
