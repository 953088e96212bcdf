"""Parameters with a type, a scale or choices: read, told of, named and written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.problem.choices import shown
from paramsrun.problem.parameter_entry import LARGEST
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.space import Dimension
from tests.problem.test_parameters import entry, interface, mistakes, read

TEXT = """\
---
name: lr
value: 1e-3   # learning rate
range: [1e-5, 0.1]
scale: log
is_active: true
---
{name: width, type: Integer, value: 16, range: [1, 256], scale: LOG, is_active: yes}
---
name: act
type: categorical
value: 'two words'
choices:
- relu
- tanh   # the usual
- two words
- off
is_active: true
comment: kept
---
name: bias
type: categorical
choices: [true, no]
value: TRUE
is_active: true
---
name: fixed
type: categorical
choices: [1, 2.5, "3"]
value: 2.5
is_active: false
"""
CHOICES = {"range": "", "type": "categorical", "choices": "[relu, tanh]", "value": "relu"}


def value_of(text: str, choices: str) -> object:
    (parameter,) = interface(entry(**CHOICES | {"value": text, "choices": choices})).parameters
    return parameter.value


def test_types_and_scales_are_read_in_any_case() -> None:
    parameters = interface(TEXT)
    assert parameters.space == (
        Dimension("lr", 1e-5, 0.1, "float", "log"),
        Dimension("width", 1.0, 256.0, "integer", "log"),
        Dimension("act", 0.0, 3.0, "categorical", "linear", ("relu", "tanh", "two words", "off")),
        Dimension("bias", 0.0, 1.0, "categorical", "linear", (True, "no")),
    )
    assert parameters.x0.tolist() == [1e-3, 16.0, 2.0, 0.0]
    assert parameters.all_x0.tolist() == [1e-3, 16.0, 2.0, 0.0, 1.0]


def test_the_type_is_float_and_the_scale_linear_by_default() -> None:
    assert interface(entry()).space == (Dimension("a", 0.0, 2.0),)
    assert interface(entry(type="float", scale="linear")).space == (Dimension("a", 0.0, 2.0),)


def test_the_keys_of_a_type_are_no_metadata() -> None:
    assert interface(TEXT).parameters[2].metadata == {"comment": "kept"}


def test_values_by_name_have_their_types() -> None:
    named = interface(TEXT).named(np.array([0.01, 32.0, 3.0, 1.0]))
    assert named == {"lr": 0.01, "width": 32, "act": "off", "bias": "no", "fixed": 2.5}
    assert [type(v) for v in named.values()] == [float, int, str, str, float]


def test_the_parameters_of_the_file_have_typed_values() -> None:
    values = [p.value for p in interface(TEXT).parameters]
    assert values == [1e-3, 16, "two words", True, 2.5]
    assert type(values[1]) is int


def test_the_text_with_new_values_changes_nothing_else() -> None:
    text = interface(TEXT).text(np.array([0.01, 32.0, 3.0, 1.0]))
    changes = {
        "1e-3   #": "0.01   #",
        "value: 16": "value: 32",
        "'two words'": '"off"',
        "TRUE": '"no"',
    }
    expected = TEXT
    for old, new in changes.items():
        expected = expected.replace(old, new)
    assert text == expected


def test_the_text_with_the_starting_values_is_the_file() -> None:
    parameters = interface(TEXT)
    assert parameters.text(parameters.x0) == TEXT


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=0, max_size=12)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(-1e9, 1e9))


@given(st.lists(VALUES, min_size=2, max_size=4, unique_by=lambda v: (isinstance(v, bool), v)))
def test_any_choice_that_is_written_is_read_back(choices: list[object]) -> None:
    listed = ", ".join(map(shown, choices))  # type: ignore[arg-type]
    first = shown(choices[0])  # type: ignore[arg-type]
    parameters = interface(entry(**CHOICES | {"value": first, "choices": f"[{listed}]"}))
    for i, wanted in enumerate(choices):
        (found,) = interface(parameters.text(np.array([float(i)]))).parameters
        assert found.value == wanted
        assert type(found.value) is type(wanted)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("off", "off"),
        ("'off'", "off"),
        ("No", "No"),
        ("none", "none"),
        ("true", True),
        ("FALSE", False),
        ("1", 1),
        ("1.0", 1.0),
        ("1e-5", 1e-5),
        ('"1"', "1"),
        ("two words", "two words"),
    ],
)
def test_a_choice_is_what_its_reader_sees(value: str, found: object) -> None:
    given_ = value_of(value, f"[other, {value}]")
    assert given_ == found
    assert type(given_) is type(found)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("relu", "relu"),
        ("two words", '"two words"'),
        ("off", '"off"'),
        ("Null", '"Null"'),
        ("1", '"1"'),
        ("", '""'),
        ("a#b", '"a#b"'),
        ("naïve", "naïve"),
        ("a\x85\u2028\ufeff\x7f", '"a\\u0085\\u2028\\ufeff\\u007f"'),
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
    ],
)
def test_texts_that_could_be_misread_are_shown_in_quotes(value: object, text: str) -> None:
    assert shown(value) == text  # type: ignore[arg-type]


def test_a_choice_may_be_given_as_an_equal_number() -> None:
    assert value_of("1.0", "[1, 2]") == 1
    assert type(value_of("1.0", "[1, 2]")) is int


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"type": "intger"},
            "p.yaml:6:7: type must be float, integer or categorical, not intger; "
            "did you mean integer?",
        ),
        ({"type": "[a]"}, "p.yaml:6:7: type must be float, integer or categorical"),
        ({"scale": "logarithmic"}, "p.yaml:6:8: scale must be linear or log, not logarithmic"),
        (
            {"choices": "[1, 2]"},
            "p.yaml:6:10: choices go with type: categorical; write that, or leave them out",
        ),
        (
            {"type": "integer", "value": "1.5"},
            "p.yaml:3:8: value of an integer parameter must be a whole number, not 1.5",
        ),
        (
            {"type": "integer", "range": "[0, 2.5]"},
            "p.yaml:4:12: range of an integer parameter must be a whole number, not 2.5",
        ),
        (
            {"type": "integer", "value": "9"},
            "p.yaml:3:8: the value 9 of a is outside its range 0 to 2",
        ),
        (
            {"type": "integer", "range": "[0, 2e12]"},
            "p.yaml:4:12: range of an integer parameter must lie within -1e+12 to 1e+12",
        ),
        (
            {"scale": "log"},
            "p.yaml:4:8: the range of a must lie above 0, as its scale is log, not begin at 0.0",
        ),
        (
            {"scale": "log", "type": "integer"},
            "p.yaml:4:8: the range of a must lie above 0, as its scale is log, not begin at 0",
        ),
        (CHOICES | {"choices": ""}, "p.yaml:2:1: choices is missing: a categorical parameter has"),
        (CHOICES | {"choices": "[a]"}, "p.yaml:6:10: choices must be two or more, such as"),
        (CHOICES | {"choices": "relu"}, "p.yaml:6:10: choices must be two or more, such as"),
        (
            CHOICES | {"range": "[0, 1]"},
            "p.yaml:4:8: a categorical parameter has choices and no range; leave it out",
        ),
        (
            CHOICES | {"scale": "log"},
            "p.yaml:7:8: a categorical parameter has no scale; leave it out",
        ),
        (
            CHOICES | {"value": "tanhh"},
            "p.yaml:3:8: the value tanhh of a is not among its choices; did you mean tanh?",
        ),
        (
            CHOICES | {"choices": "[1, 2]", "value": "'1'"},
            'p.yaml:3:8: the value "1" of a is not among its choices',
        ),
        (
            CHOICES | {"choices": "[1, 2]", "value": "true"},
            "p.yaml:3:8: the value true of a is not among its choices; there are 1, 2",
        ),
        (
            CHOICES | {"choices": "[relu, tanh, relu]"},
            "p.yaml:6:23: the choice relu is given twice",
        ),
        (CHOICES | {"choices": "[1, tanh, 1.0]"}, "p.yaml:6:20: the choice 1.0 is given twice"),
        (
            CHOICES | {"choices": "[relu, null]"},
            "p.yaml:6:17: a choice must not be null; a text of that name needs quotes, as in "
            '"null"',
        ),
        (CHOICES | {"choices": "[relu, -inf]"}, "p.yaml:6:17: a choice must be a finite number"),
        (CHOICES | {"choices": f"[relu, {2**63}]"}, "p.yaml:6:17: a choice must be a smaller"),
        (CHOICES | {"choices": "[relu, [a]]"}, "p.yaml:6:17: a choice must be a text, a number"),
        (CHOICES | {"value": ">-\n  relu"}, "p.yaml:3:8: value must stand behind its colon"),
        (CHOICES | {"value": "|-\n  relu"}, "p.yaml:3:8: value must stand behind its colon"),
        (CHOICES | {"value": ""}, "p.yaml:2:1: value is missing: a parameter needs one"),
        (CHOICES | {"value": "[a]"}, "p.yaml:3:8: value must be a text, a number, true or false"),
    ],
)
def test_a_wrong_parameter_is_told_where_it_is_wrong(changes: dict[str, str], message: str) -> None:
    (found,) = mistakes(entry(**changes))
    assert found.startswith(message)


def test_whole_numbers_may_be_written_as_floats() -> None:
    (parameter,) = interface(entry(type="integer", value="1.0", range="[0.0, 2e0]")).parameters
    assert parameter.value == 1
    assert type(parameter.value) is int


def test_the_ranges_of_inactive_parameters_are_only_warned_of() -> None:
    _, findings = read(entry() + entry(name="b", scale="log", is_active="no"))
    assert [str(w) for w in findings.warnings] == [
        "p.yaml:9:8: the range of b must lie above 0, as its scale is log, not begin at 0.0, "
        "but it is not active"
    ]


def test_integers_are_exact_as_far_as_they_may_go() -> None:
    ends = {"type": "integer", "range": f"[{-LARGEST}, {LARGEST}]", "value": str(LARGEST - 1)}
    parameters: ParameterInterface = interface(entry(**ends))
    assert parameters.named(parameters.x0) == {"a": LARGEST - 1}


def test_misspelt_choices_are_told_once() -> None:
    text = entry(**CHOICES | {"choices": "", "Choices": "[relu, tanh]"})
    assert len(mistakes(text)) == 1
    _, findings = read(entry(**CHOICES | {"Range": "[0, 1]"}))
    assert [m.text for m in findings.mistakes] == ["Range must be written range, in lower case"]
