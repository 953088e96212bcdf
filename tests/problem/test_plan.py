from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from paramsrun.errors import Findings, Place
from paramsrun.input import Source
from paramsrun.problem.contract import Job, JobFailed, Slot, System
from paramsrun.problem.data_set import Entry, read_data_set
from paramsrun.problem.documents import parse_stream
from paramsrun.problem.expression_parser import parse_expression
from paramsrun.problem.linear import Results, Unfit, affine, folded
from paramsrun.problem.plan import Compiled, Plan, compiled
from paramsrun.settings.families import extractors

HERE = Place("t.yaml", 1, 1)
DIMER = System(("Ar", "Ar"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 5.0]]))
LAYOUT = {
    ("a", "energy"): Slot(0, ()),
    ("b", "energy"): Slot(1, ()),
    ("a", "forces"): Slot(2, (2, 3)),
    ("b", "charges"): Slot(8, (2,)),
}
RESULTS = Results({name: Job(name, DIMER, "singlepoint", HERE) for name in "ab"}, LAYOUT)
OUTPUTS = np.array([2.0, 8.0, 1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 0.25, -0.25])


def entry(expression: str, reference: str = "0.0", **more: str) -> Entry:
    fields = {"Expression": f'"{expression}"', "Weight": "1", "ReferenceValue": reference} | more
    text = "".join(f"{k}: {v}\n" for k, v in fields.items())
    findings = Findings()
    stream = parse_stream(Source(text, HERE), findings)
    assert stream is not None
    data_set = read_data_set("training_set", stream, findings)
    findings.check()
    return data_set.entries[0]


def ready(expression: str, reference: str = "0.0", **more: str) -> Compiled:
    return compiled(entry(expression, reference, **more), RESULTS)


def predictions(*entries: Compiled) -> list[float]:
    found: list[float] = Plan(entries, RESULTS)(OUTPUTS).tolist()
    return found


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("energy('a')", 2.0),
        ("-energy('a')", -2.0),
        ("energy('a')-0.5*energy('b')", -2.0),
        ("2*(energy('a')+energy('b'))/4 - 1", 4.0),
        ("energy('a') - (energy('b') - 1)", -5.0),
        ("energy('a')*energy('b')", 16.0),
        ("energy('b')/energy('a')", 4.0),
        ("energy('b')**2 - 4", 60.0),
        ("2**3*energy('a')", 16.0),
        ("distance('a', 0, 1)", 5.0),
        ("energy('a')*distance('a', 0, 1) + 1", 11.0),
        ("1/distance('a', 0, 1)", 0.2),
        ("energy('a')**distance('a', 0, 1)", 32.0),
        ("energy('a')+energy('a')", 4.0),
        ("2/energy('a')", 1.0),
    ],
)
def test_expressions_have_the_value_that_arithmetic_gives(expression: str, value: float) -> None:
    assert predictions(ready(expression)) == [value]


def test_predictions_follow_each_other_in_file_order_and_units() -> None:
    zeros = "[[0, 0, 0], [0, 0, 0]]"
    assert predictions(
        ready("energy('a')", Unit="x, 10"),
        ready("energy('a')*energy('b')", Unit="x, 10"),
        ready("forces('a')", zeros),
        ready("distance('a', 0, 1)", Unit="pm"),
        ready("energy('a') - energy('b')"),
        ready("2*charges('b')", "[0, 0]"),
    ) == [20.0, 160.0, 1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 500.0, -6.0, 0.5, -0.5]


def test_numbers_and_arrays_go_together() -> None:
    assert predictions(ready("charges('b')*energy('a') + 1", "[0, 0]")) == [1.5, 0.5]
    assert predictions(ready("charges('b') - energy('a')", "[0, 0]")) == [-1.75, -2.25]
    assert predictions(ready("charges('b')**2", "[0, 0]")) == [0.0625, 0.0625]


@pytest.mark.parametrize(
    ("expression", "is_linear"),
    [
        ("energy('a')-0.5*energy('b')", True),
        ("energy('a')*distance('a', 0, 1)", True),
        ("energy('a')/distance('a', 0, 1)**2", True),
        ("energy('a')*energy('b')", False),
        ("1/energy('a')", False),
        ("energy('a')**2", False),
    ],
)
def test_what_is_linear_is_compiled(expression: str, is_linear: bool) -> None:
    tree = parse_expression(expression, HERE, Findings())
    assert tree is not None
    assert (affine(folded(tree, RESULTS), RESULTS) is not None) == is_linear


@pytest.mark.parametrize(
    ("expression", "more", "message"),
    [
        (
            "forces('a')",
            {},
            "ReferenceValue is a number, but forces('a') gives an array of shape 2 x 3",
        ),
        (
            "energy('a')",
            {"reference": "[1, 2]"},
            "ReferenceValue is an array of shape 2, but energy('a') gives a number",
        ),
        (
            "charges('b')",
            {"reference": "[1, 2]", "Weight": "[1, 2, 3]"},
            "Weight is an array of shape 3, but charges('b') gives an array of shape 2",
        ),
        (
            "forces('a')+charges('b')",
            {},
            "an array of shape 2 x 3 and an array of shape 2 do not go together",
        ),
        (
            "forces('a')**charges('b')",
            {},
            "an array of shape 2 x 3 and an array of shape 2 do not go together",
        ),
        ("distance('a', 0, 2)", {}, "distance('a'): "),
        ("energy('a')**distance('a', 0, 2)", {}, "distance('a'): "),
    ],
)
def test_what_does_not_fit_the_jobs_is_told(
    expression: str, more: dict[str, str], message: str
) -> None:
    with pytest.raises(Unfit) as caught:
        ready(expression, **more)
    assert caught.value.args[1].startswith(message)


def test_the_place_is_that_of_what_does_not_fit() -> None:
    with pytest.raises(Unfit) as caught:
        ready("energy('a')+distance('a', 0, 2)")
    assert str(caught.value.args[0]) == "t.yaml:1:26"


@given(
    st.lists(
        st.tuples(
            st.floats(-1e3, 1e3),
            st.sampled_from(["energy('a')", "energy('b')", "distance('a', 0, 1)"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_compiled_sums_are_those_of_plain_arithmetic(terms: list[tuple[float, str]]) -> None:
    values = {"energy('a')": 2.0, "energy('b')": 8.0, "distance('a', 0, 1)": 5.0}
    text = " + ".join(f"({c!r})*{call}" for c, call in terms)
    expected = sum(c * values[call] for c, call in terms)
    assert predictions(ready(text)) == pytest.approx([expected], rel=1e-12, abs=1e-9)


@dataclass(frozen=True)
class Dipole:
    """Fails where the charges do not add up to nothing."""

    sigma: ClassVar[float] = 1.0
    unit: ClassVar[str] = "e*angstrom"
    needs: ClassVar[frozenset[str]] = frozenset({"charges"})
    picks: ClassVar[bool] = False
    period: ClassVar[float | None] = None

    def value(
        self, results: Mapping[str, NDArray[np.float64]], system: System
    ) -> NDArray[np.float64]:
        charges = results["charges"]
        if charges.sum() < 0.0:
            raise ArithmeticError("charged")
        dipole: NDArray[np.float64] = charges @ system.positions
        return dipole


@pytest.fixture
def dipole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "dipole" not in extractors
    monkeypatch.setitem(extractors._members, "dipole", Dipole)
    monkeypatch.setitem(extractors._names, Dipole, "dipole")


@pytest.mark.usefixtures("dipole")
def test_extractors_that_compute_from_results_are_called_at_each_evaluation() -> None:
    assert predictions(ready("dipole('b')", "[0, 0, 0]")) == [0.0, 0.0, -1.25]


@pytest.mark.usefixtures("dipole")
def test_an_extractor_that_raises_is_a_failed_job() -> None:
    plan = Plan([ready("dipole('b')", "[0, 0, 0]")], RESULTS)
    with pytest.raises(JobFailed) as caught:
        plan(-np.ones(10))
    reason = "dipole cannot be computed: ArithmeticError: charged"
    assert caught.value.failure == ("b", reason)


def test_long_sums_are_compiled() -> None:
    assert predictions(ready("+".join(["energy('a')"] * 800))) == [1600.0]
