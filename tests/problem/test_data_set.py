import numpy as np
import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input import Source
from paramsrun.problem.data_set import DataSet, Entry, read_data_set
from paramsrun.problem.documents import parse_stream


def read(text: str) -> tuple[DataSet, Findings]:
    findings = Findings()
    stream = parse_stream(Source(text, Place("t.yaml", 1, 1)), findings)
    findings.check()
    assert stream is not None
    return read_data_set("training_set", stream, findings), findings


def text_of(**changes: str) -> str:
    fields = {"Expression": "energy('a')", "Weight": "1.0", "ReferenceValue": "-1.5"} | changes
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in fields.items() if v)


def entry(**changes: str) -> Entry:
    data_set, findings = read(text_of(**changes))
    findings.check()
    return data_set.entries[0]


def mistakes(**changes: str) -> list[str]:
    data_set, findings = read(text_of(**changes))
    assert not data_set.entries
    return [str(m) for m in sorted(findings.mistakes)]


def test_an_entry_has_the_defaults_of_its_first_extractor() -> None:
    found = entry(Expression="forces('a')-energy('a')")
    assert (found.sigma, found.unit, found.factor) == (0.003, "hartree/bohr", 1.0)
    assert found.extractor == "forces"
    assert found.jobs == {"a"}


def test_the_default_sigma_is_converted_to_the_unit() -> None:
    found = entry(Unit="kJ/mol, 2625.15")
    assert (found.unit, found.factor) == ("kJ/mol", 2625.15)
    assert found.sigma == pytest.approx(0.002 * 2625.15)


def test_sigma_and_reference_are_in_the_unit() -> None:
    found = entry(Unit="kJ/mol, 2625.15", Sigma="0.5")
    assert (found.sigma, found.reference) == (0.5, -1.5)


@pytest.mark.parametrize(
    ("expression", "unit", "factor"),
    [
        ("energy('a')", "kJ/mol", 2625.4996394799),
        ("energy('a')", "EV", 27.211386245981),
        ("energy('a')", "au", 1.0),
        ("forces('a')", "eV/angstrom", 51.4220675112),
        ("stresstensor('a')", "GPa", 29421.0157564),
        ("distance('a', 0, 1)", "bohr", 1 / 0.529177210544),
        ("charges('a')", "e", 1.0),
    ],
)
def test_known_units_need_no_factor(expression: str, unit: str, factor: float) -> None:
    assert entry(Expression=expression, Unit=unit).factor == pytest.approx(factor, rel=1e-10)


def test_any_unit_may_be_given_with_its_factor() -> None:
    assert entry(Unit="furlong, -2").factor == -2.0
    assert entry(Unit="furlong, -2").sigma == 0.004


@pytest.mark.parametrize(
    "reference",
    [
        "|\n   array([[1.0, 2.0],\n          [3.0, 4.0]])",
        "[[1, 2], [3, 4]]",
        "\n- [1, 2]\n- - 3\n  - 4.0",
        "'[[1, 2], [3, 4]]'",
    ],
)
def test_arrays_are_read_from_text_and_lists(reference: str) -> None:
    found = entry(ReferenceValue=reference, Weight="[[1, 1], [1, 0]]")
    assert found.reference.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.weight.tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_other_keys_are_metadata() -> None:
    found = entry(Description="a dimer", Source="own", Group="[1, 2]")
    assert found.metadata == {"Description": "a dimer", "Source": "own", "Group": [1, 2]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Expression": ""}, "t.yaml:2:1: Expression is missing: what predicts the value, such as"),
        ({"Weight": ""}, "t.yaml:2:1: Weight is missing: a number, or an array like the value"),
        ({"ReferenceValue": ""}, "t.yaml:2:1: ReferenceValue is missing: the value to be met"),
        ({"ReferenceValue": "None"}, "t.yaml:4:1: ReferenceValue is missing: the value to be met"),
        (
            {"Weight": "", "Wieght": "1"},
            "t.yaml:4:1: Wieght: no such key; did you mean Weight, which is missing?",
        ),
        ({"Expression": "1 + 2"}, "t.yaml:2:13: Expression needs an extractor, such as"),
        ({"Expression": "[1]"}, "t.yaml:2:13: Expression must be a text, such as energy('job')"),
        ({"Expression": "eneryg('a')"}, "t.yaml:2:13: there is no extractor eneryg; did you mean"),
        ({"Weight": "-1"}, "t.yaml:3:9: Weight must not be negative"),
        ({"Weight": "nan"}, "t.yaml:3:9: Weight must be finite"),
        ({"Weight": "{a: 1}"}, "t.yaml:3:9: Weight must be a number or an array"),
        ({"Weight": "heavy"}, "t.yaml:3:9: Weight must be a number or an array, not 'heavy'"),
        ({"ReferenceValue": "[1, x]"}, "t.yaml:4:21: ReferenceValue: only numbers may stand in an"),
        ({"ReferenceValue": "[[1, 2], [3]]"}, "t.yaml:4:17: ReferenceValue: the rows of an array"),
        ({"ReferenceValue": "|\n  array([[1,2],[3]])"}, "t.yaml:4:17: ReferenceValue: the rows"),
        ({"ReferenceValue": "|\n  array([1,x])"}, "t.yaml:5:3: only numbers may stand in an array"),
        ({"ReferenceValue": "inf"}, "t.yaml:4:17: ReferenceValue must be finite"),
        ({"Sigma": "0"}, "t.yaml:5:8: Sigma must be a number above 0, not 0"),
        ({"Sigma": "small"}, "t.yaml:5:8: Sigma must be a number above 0, not small"),
        ({"Sigma": "[1]"}, "t.yaml:5:8: Sigma must be a number above 0"),
        ({"Unit": "kJ/mole"}, "t.yaml:5:7: Unit kJ/mole is not known here (known: hartree, Ha, eV"),
        (
            {"Unit": "kJ/mol, many"},
            "t.yaml:5:7: the factor of Unit must be a number that turns hartree into kJ/mol, "
            "not many",
        ),
        ({"Unit": "kJ/mol, 0"}, "t.yaml:5:7: the factor of Unit must be a number that turns"),
        ({"Unit": "[kJ/mol, 1]"}, "t.yaml:5:7: Unit must be `name` or `name, factor`"),
    ],
)
def test_a_wrong_entry_is_told_where_it_is_wrong(changes: dict[str, str], message: str) -> None:
    (found,) = mistakes(**changes)
    assert found.startswith(message)


def test_all_mistakes_of_all_entries_are_told_at_once() -> None:
    wrong = text_of(Weight="x", Sigma="-1", Unit="parsec")
    _, findings = read(wrong + wrong.replace("'a'", "'b'") + text_of(Expression="f('a')"))
    assert len(findings.mistakes) == 7


def test_an_expression_given_twice_is_a_mistake() -> None:
    _, findings = read(text_of() + text_of())
    assert [str(m) for m in findings.mistakes] == [
        "t.yaml:6:13: this Expression is given twice, first on line 2"
    ]


def test_an_empty_data_set_is_a_mistake() -> None:
    _, findings = read("---\ndtype: DataSet\n")
    assert [str(m) for m in findings.mistakes] == ["t.yaml: there are no entries in this data set"]


def test_a_subset_keeps_the_order_given() -> None:
    data_set, _ = read("".join(text_of(Expression=f"energy('{k}')") for k in range(4)))
    part = data_set.only([1, 3], "validation_set")
    assert [e.expression for e in part.entries] == ["energy('1')", "energy('3')"]
    assert part.name == "validation_set"
    assert np.shape(part.entries[0].weight) == ()
