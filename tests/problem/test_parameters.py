import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.errors import Findings, Place
from paramsrun.input import Source
from paramsrun.problem.documents import parse_stream
from paramsrun.problem.parameters import ParameterInterface, read_parameters

TEXT = """\
---
dtype: LennardJonesParameters
settings:
  input:
    lennardjones: {}
version: '2023.1'
---
name: eps
value: 3e-4   # well depth
range:
- 1.0e-05
- 0.01
is_active: true
atoms: []
---
name: fixed
value: 7
range: [0, 10]
is_active: false
---
{name: rmin, value: 4.0, range: [1, 8.0], is_active: yes, Source: a book}
...
"""


def read(text: str) -> tuple[ParameterInterface | None, Findings]:
    findings = Findings()
    stream = parse_stream(Source(text, Place("p.yaml", 1, 1)), findings)
    findings.check()
    assert stream is not None
    return read_parameters(stream, findings), findings


def interface(text: str = TEXT) -> ParameterInterface:
    parameters, findings = read(text)
    findings.check()
    assert parameters is not None
    return parameters


def mistakes(text: str) -> list[str]:
    parameters, findings = read(text)
    assert parameters is None
    return [str(m) for m in sorted(findings.mistakes)]


def entry(**changes: str) -> str:
    fields = {"name": "a", "value": "1.0", "range": "[0.0, 2.0]", "is_active": "true"} | changes
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in fields.items() if v)


def test_parameters_are_read_in_file_order() -> None:
    parameters = interface()
    assert parameters.names == ("eps", "fixed", "rmin")
    assert parameters.active_names == ("eps", "rmin")
    assert parameters.x0.tolist() == [3e-4, 4.0]
    assert parameters.bounds.tolist() == [[1e-5, 0.01], [1.0, 8.0]]
    assert parameters.engine == "LennardJones"


def test_inactive_parameters_keep_their_values() -> None:
    assert interface().values(np.array([0.5, 2.5])).tolist() == [0.5, 7.0, 2.5]


def test_unknown_keys_are_kept_as_metadata() -> None:
    eps, _, rmin = interface().parameters
    assert eps.metadata == {"atoms": []}
    assert rmin.metadata == {"Source": "a book"}


def test_a_file_without_header_names_no_engine() -> None:
    assert interface(entry()).engine is None
    assert interface("---\ndtype: Parameters\n" + entry()).engine is None


def test_the_text_with_new_values_changes_nothing_else() -> None:
    text = interface().text(np.array([4.5e-4, 3.8]))
    assert text == TEXT.replace("3e-4", "0.00045").replace("4.0", "3.8")


def test_the_text_with_the_starting_values_is_the_file() -> None:
    parameters = interface()
    assert parameters.text(parameters.x0) == TEXT


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=2))
def test_values_written_are_read_back_exactly(x: list[float]) -> None:
    parameters = interface(entry() + entry(name="b"))
    assert interface(parameters.text(np.array(x))).x0.tolist() == x


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": "2.5"}, "p.yaml:3:8: the value 2.5 of a is outside its range 0.0 to 2.0"),
        (
            {"range": "[2.0, 1.0]"},
            "p.yaml:4:8: the range of a must rise: its lower end 2.0 is not below 1.0",
        ),
        (
            {"range": "[1, 1]"},
            "p.yaml:4:8: the range of a must rise: its lower end 1.0 is not below 1.0",
        ),
        ({"range": "[1]"}, "p.yaml:4:8: range must be two numbers, [lowest, highest]"),
        ({"range": "3"}, "p.yaml:4:8: range must be two numbers, [lowest, highest]"),
        ({"range": "[0, inf]"}, "p.yaml:4:12: range must be finite, not inf"),
        ({"range": "[-1e308, 1e308]"}, "p.yaml:4:8: the range of a is too wide"),
        ({"value": "nan"}, "p.yaml:3:8: value must be finite, not nan"),
        ({"value": "'1'"}, "p.yaml:3:8: value must be a number, not '1': write it without quotes"),
        ({"value": "one"}, "p.yaml:3:8: value must be a number, not 'one'"),
        ({"is_active": "maybe"}, "p.yaml:5:12: is_active must be true or false, not 'maybe'"),
        ({"name": "[a]"}, "p.yaml:2:7: name must be a text"),
        ({"range": ""}, "p.yaml:2:1: range is missing: a parameter needs one"),
        (
            {"range": "", "rnage": "[0, 1]"},
            "p.yaml:5:1: rnage: no such key; did you mean range, which is missing?",
        ),
    ],
)
def test_a_wrong_parameter_is_told_where_it_is_wrong(changes: dict[str, str], message: str) -> None:
    assert mistakes(entry(**changes)) == [message]


def test_all_wrong_parameters_are_told_at_once() -> None:
    text = entry(value="3") + entry(name="b", is_active="2", value="x") + entry(name="c", range="")
    assert len(mistakes(text)) == 4


def test_a_name_given_twice_is_told_with_its_first_line() -> None:
    message = "p.yaml:7:1: the name a is given twice, first on line 2"
    assert mistakes(entry() + entry()) == [message]


def test_a_file_without_active_parameter_is_a_mistake() -> None:
    message = "p.yaml: no parameter is active: set is_active: true for at least one"
    assert mistakes(entry(is_active="false")) == [message]


def test_a_file_without_parameters_is_a_mistake() -> None:
    assert mistakes("---\ndtype: Parameters\n") == ["p.yaml: there are no parameters in this file"]


def test_a_file_of_another_kind_is_a_mistake() -> None:
    message = "p.yaml:2:1: dtype must be Parameters or <Engine>Parameters, not DataSet"
    assert mistakes("---\ndtype: DataSet\n" + entry()) == [message]


def test_a_range_that_is_not_used_is_only_warned_of() -> None:
    _, findings = read(entry() + entry(name="b", value="5", is_active="no"))
    assert [str(w) for w in findings.warnings] == [
        "p.yaml:8:8: the value 5.0 of b is outside its range 0.0 to 2.0, but it is not active"
    ]
    assert not findings.mistakes


@pytest.mark.parametrize("key", ["Type", "SCALE", "Choices"])
def test_a_key_in_another_case_must_be_mended(key: str) -> None:
    (text,) = mistakes(entry(**{key: "log"}))
    assert text == f"p.yaml:6:1: {key} must be written {key.casefold()}, in lower case"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        *(("tpye", "type"), ("typ", "type"), ("Types", "type"), ("scales", "scale")),
        *(("sacle", "scale"), ("choises", "choices"), ("choice", "choices")),
    ],
)
def test_a_key_that_is_a_letter_off_is_warned_of(key: str, meant: str) -> None:
    parameters, findings = read(entry(**{key: "log"}))
    assert parameters is not None
    assert parameters.parameters[0].metadata == {key: "log"}
    assert [str(w) for w in findings.warnings] == [
        f"p.yaml:6:1: {key} is kept as a comment; did you mean {meant}?"
    ]


@pytest.mark.parametrize(
    "key",
    [
        *("atoms", "block", "description", "equation", "Source", "comment", "unit", "tags"),
        *("atom_type", "atype", "type2", "scaling", "scale_factor", "ranges", "Range", "notes"),
    ],
)
def test_a_comment_is_no_misspelt_key(key: str) -> None:
    parameters, findings = read(entry(**{key: "log"}))
    assert parameters is not None
    assert findings.warnings == []


def test_a_comment_beside_the_key_it_resembles_is_a_comment() -> None:
    text = entry(type="float", Type="torsion", types="C H", scale="log", range="[1, 9]", value="2")
    parameters, findings = read(text)
    assert parameters is not None
    assert parameters.parameters[0].metadata == {"Type": "torsion", "types": "C H"}
    assert findings.warnings == []
