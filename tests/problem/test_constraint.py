import math
import pickle
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paramsrun.errors import Findings, Place
from paramsrun.input import Word
from paramsrun.problem.constraint import Constraint
from paramsrun.problem.constraint_parser import MAX_DEPTH, MAX_LENGTH, read_constraints
from paramsrun.problem.contract import Failure, Key
from paramsrun.problem.documents import read_stream
from paramsrun.problem.fingerprint import fingerprint
from paramsrun.problem.parameters import ParameterInterface, read_parameters
from paramsrun.settings.read_job import read_job
from tests.problem.conftest import TRAINING_SET, JobFolder

INSIDE = np.array([0.25, 2.0])
AT = Place("job.in", 3, 12)
NAMES = {"eps": 0.25, "rmin": 2.0, "O.H:r_0;;1": 1.5, "lambda": 1.0, "Ar-Ar": 3.0, "Σ": 1.0}


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> ParameterInterface:
    """Return those of NAMES, active, and ``fixed``, which is 4 and not active."""
    path = tmp_path_factory.mktemp("parameters") / "parameter_interface.yaml"
    text = "---\ndtype: Parameters\n"
    for name, value in {**NAMES, "fixed": 4.0}.items():
        text += f"---\nname: {name!r}\nvalue: {value}\nrange: [-10.0, 10.0]\n"
        text += f"is_active: {str(name != 'fixed').lower()}\n"
    path.write_text(text, encoding="utf-8")
    findings = Findings()
    stream = read_stream(path, findings)
    assert stream is not None
    read = read_parameters(stream, findings)
    assert read is not None
    return read


def read(text: str, parameters: ParameterInterface) -> tuple[Constraint | None, list[str]]:
    findings = Findings()
    found = read_constraints([Word(text, AT)], parameters, findings)
    told = [str(m) for m in (*findings.mistakes, *findings.warnings)]
    return (found[0] if found else None), told


def good(text: str, parameters: ParameterInterface) -> Constraint:
    constraint, told = read(text, parameters)
    assert told == []
    assert constraint is not None
    return constraint


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("rmin >= 2*eps + 1", True),
        ("rmin >= 2*eps + 1.5", True),
        ("rmin > 2*eps + 1.5", False),
        ("rmin <= 2", True),
        ("rmin < 2", False),
        ("-eps < -rmin", False),
        ("-(eps - rmin) <= 1", False),
        ("-rmin**2 < 0", True),
        ("2**eps**rmin < 1.05", True),
        ("(2**eps)**rmin < 1.05", False),
        ("8/rmin/rmin <= 2", True),
        ("rmin - 1 - 1 >= 1e-9", False),
        ("0 < eps <= rmin", True),
        ("0 < eps <= rmin < 2", False),
        ("rmin < 0 < 1/(eps - eps)", False),
        ("fixed > rmin", True),
        ("rmin > fixed", False),
        ("+rmin > 1e0", True),
    ],
)
def test_the_value_of_an_inequality(text: str, holds: bool, parameters: ParameterInterface) -> None:
    objection = good(text, parameters).objection(list(NAMES.values()))
    assert objection == (None if holds else f"{text} is violated")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1/(rmin - 2) > 1", "it divides by zero"),
        ("(rmin - 2)**-1 > 1", "it divides by zero"),
        ("10**(1000*rmin) > 1", "it overflows"),
        ("1e308*10*rmin > 1", "it overflows"),
        ("1 < 1e308*10*rmin", "it overflows"),
        ("1e308*10*rmin - 1e308*10*rmin < 1", "it overflows"),
        ("(-rmin)**eps > 1", "a power in it is a complex number"),
        ("((-rmin)**eps)**4 > 1", "a power in it is a complex number"),
    ],
)
def test_arithmetic_trouble_is_an_objection(
    text: str, reason: str, parameters: ParameterInterface
) -> None:
    objection = good(text, parameters).objection(list(NAMES.values()))
    assert objection == f"{text} cannot be computed: {reason}"


@pytest.mark.parametrize(
    "text",
    [
        "'O.H:r_0;;1' <= 1.5",
        '"O.H:r_0;;1" <= 1.5*"lambda"',
        "'Ar-Ar' > 'lambda'",
        "'rmin' > eps",
        "Σ > eps",
    ],
)
def test_names_may_stand_in_quotes(text: str, parameters: ParameterInterface) -> None:
    assert good(text, parameters).objection(list(NAMES.values())) is None


ONLY = "only parameters, numbers, + - * / **, brackets and < <= > >= may stand here, not"
MUST = "Constraint must be an inequality, with <, <=, > or >="


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("rmin == eps", 12, f"{MUST}: hardly any point satisfies =="),
        ("0 < rmin != eps", 12, f"{MUST}: nearly every point satisfies !="),
        ("rmin = eps", 12, f"{MUST}, not rmin = eps"),
        ("rmin => eps", 12, f"{MUST}, not rmin => eps"),
        ("rmin ≥ eps", 12, f"{MUST}, not rmin ≥ eps"),
        ("rmin", 12, f"{MUST}, such as a <= 2*b, not rmin (! behind a blank begins a comment)"),
        ("rmin + 1", 12, f"{MUST}, such as a <= 2*b, not rmin + 1"),
        ("", 12, f"{MUST}, such as a <= 2*b"),
        ("rmn > eps", 12, "Constraint: there is no parameter rmn; did you mean rmin?"),
        ("Σ > RMIN", 16, "Constraint: there is no parameter RMIN; did you mean rmin?"),
        ("eps > 2*ArAr", 20, "Constraint: there is no parameter ArAr; did you mean 'Ar-Ar'?"),
        ("eps > 'a\\d'", 18, "Constraint: there is no parameter a\\d"),
        (
            "O.H:r_0;;1 > 1",
            15,
            "Constraint: this is no expression: invalid syntax; the name O.H:r_0;;1 needs quotes: "
            "'O.H:r_0;;1'",
        ),
        (
            "eps > lambda",
            18,
            "Constraint: this is no expression: invalid syntax; the name lambda needs quotes: "
            "'lambda'",
        ),
        (
            "eps > 1 and rmin > 2",
            12,
            f"Constraint: {ONLY} eps > 1 and rmin > 2; give each inequality a line Constraint of "
            "its own",
        ),
        (
            "eps > 1 & rmin > 2",
            18,
            f"Constraint: {ONLY} 1 & rmin; give each inequality a line Constraint of its own",
        ),
        ("eps^2 > 1", 12, f"Constraint: {ONLY} eps ^ 2; a power is written **"),
        ("max(eps, rmin) > 1", 12, f"Constraint: {ONLY} max(eps, rmin)"),
        ("(eps > 1) > 0", 13, f"Constraint: {ONLY} eps > 1"),
        ("eps in rmin", 12, f"Constraint: {ONLY} eps in rmin"),
        ("eps // 2 > 0", 12, f"Constraint: {ONLY} eps // 2"),
        ("eps > [Bohr]", 18, f"Constraint: {ONLY} [Bohr]"),
        ("eps > True", 18, f"Constraint: {ONLY} True"),
        ("eps > 'a' 'b'", 18, f"Constraint: {ONLY} 'ab'"),
        ("eps > 1e400", 18, "Constraint: this number is too large"),
        (
            f"eps > {'-' * (MAX_DEPTH + 1)}1",
            18 + MAX_DEPTH + 1,
            f"Constraint: more than {MAX_DEPTH} operations within each other",
        ),
        (
            "eps > " + "1" * MAX_LENGTH,
            12,
            f"Constraint: this is longer than {MAX_LENGTH:,} characters",
        ),
    ],
)
def test_what_is_no_constraint_is_told_where_it_stands(
    text: str, column: int, told: str, parameters: ParameterInterface
) -> None:
    constraint, mistakes = read(text, parameters)
    assert constraint is None
    assert mistakes == [f"job.in:3:{column}: {told}"]


@given(st.text() | st.text("rmin eps<>=!+-*/().,'\"[]0123456789e\\:", max_size=30))
@example("__import__('os').system('true') > 1")
@example("\udcff > 1")
@example("(" * 500)
def test_any_text_is_read_or_told(parameters: ParameterInterface, text: str) -> None:
    constraint, told = read(text, parameters)
    assert constraint is None or not told
    if constraint is not None:
        constraint.objection(list(NAMES.values()))


def test_its_parameters_are_in_its_order(parameters: ParameterInterface) -> None:
    constraint = good("rmin*fixed + eps**'lambda' <= 2*rmin - 'Ar-Ar'", parameters)
    assert constraint.names == ("rmin", "eps", "lambda", "Ar-Ar")
    assert read("a + b < c", parameters)[1][0].startswith("job.in:3:12: Constraint: there is no")


def test_a_long_sum_is_no_deep_tree(parameters: ParameterInterface) -> None:
    constraint = good("+".join(["eps"] * 400) + " < 101", parameters)
    assert pickle.loads(pickle.dumps(constraint)).objection([0.25]) is None


def test_without_an_active_parameter_it_has_no_effect_or_is_a_mistake(
    parameters: ParameterInterface,
) -> None:
    end = "no active parameter is in it"
    assert read("fixed > 1", parameters) == (
        None,
        [f"job.in:3:12: Constraint fixed > 1 has no effect: {end}"],
    )
    assert read("1 > fixed", parameters) == (
        None,
        [f"job.in:3:12: Constraint 1 > fixed is violated, at every point: {end}"],
    )
    assert read("1/(fixed - 4) > 1", parameters)[1] == [
        "job.in:3:12: Constraint 1/(fixed - 4) > 1 cannot be computed: it divides by zero, at "
        f"every point: {end}"
    ]


# In a problem


def constrained(job: JobFolder, *texts: str, more: str = "") -> JobFolder:
    job.write("params.in", "".join(f"Constraint {text}\n" for text in texts) + more)
    return job


def test_a_point_against_a_constraint_fails_both_sets_uncomputed(job: JobFolder) -> None:
    job.write("validation_set.yaml", TRAINING_SET)
    problem = constrained(job, "rmin >= 2*eps + 1", "eps < 0.5").problem()
    assert problem.evaluate(INSIDE, Key(0, 0)).fx == 9.0
    evaluation = problem.evaluate(np.array([0.75, 1.5]), Key(0, 0))
    assert evaluation.fx == math.inf
    assert evaluation.failures == (
        Failure("Constraint", "rmin >= 2*eps + 1 is violated"),
        Failure("Constraint", "eps < 0.5 is violated"),
    )
    assert evaluation.training.predictions is None
    assert evaluation.validation is not None
    assert evaluation.validation.fx == math.inf


def test_a_function_is_not_called_against_a_constraint(
    job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    job.edit("parameter_interface.yaml", {"LennardJonesParameters": "Parameters"})
    job.write(
        "counting.py", "seen = []\ndef f(x):\n    seen.append(x)\n    return float(len(seen))\n"
    )
    engine = "Engine Function\n  Call counting:f\nEndEngine\n"
    problem = constrained(job, "rmin > eps + 1", more=engine).problem()
    points = [INSIDE, np.array([1.5, 1.5]), INSIDE]
    assert [problem.evaluate(x, Key(1, 1)).fx for x in points] == [1.0, math.inf, 2.0]


def test_an_inactive_parameter_has_its_value(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"range: [1.0, 4.0]\nis_active: true": "X"})
    job.edit("parameter_interface.yaml", {"X": "range: [1.0, 4.0]\nis_active: false"})
    problem = constrained(job, "rmin >= 2*eps + 1").problem()
    assert problem.evaluate(np.array([0.5]), Key(1, 1)).fx < math.inf
    (failure,) = problem.evaluate(np.array([0.75]), Key(1, 1)).failures
    assert failure == Failure("Constraint", "rmin >= 2*eps + 1 is violated")


def test_mistakes_are_told_within_the_line_and_its_quotes(job: JobFolder) -> None:
    texts = ("rmin > epz", "'rmin > epz'", '"rmin" > 2*"x y"  # why', "eps != rmin")
    assert constrained(job, *texts).mistakes() == [
        "params.in:1:19: Constraint: there is no parameter epz; did you mean eps?",
        "params.in:2:20: Constraint: there is no parameter epz; did you mean eps?",
        "params.in:3:23: Constraint: there is no parameter x y; there are eps, rmin",
        f"params.in:4:12: {MUST}, such as a <= 2*b, not eps (! behind a blank begins a comment)",
    ]


def test_initial_values_against_a_constraint_are_a_mistake(job: JobFolder) -> None:
    assert constrained(job, "eps > 0", "rmin > 10*eps").mistakes() == [
        "params.in:2:12: Constraint rmin > 10*eps is violated at the initial values (rmin = 2.0, "
        "eps = 0.25): change those, or set SkipX0 Yes to start without evaluating them"
    ]


def test_initial_values_that_are_not_evaluated_are_a_warning(job: JobFolder) -> None:
    constrained(job, "rmin > 10*eps", more="SkipX0 Yes\n").problem()
    assert job.warnings == [
        "params.in:1:12: Constraint rmin > 10*eps is violated at the initial values (rmin = 2.0, "
        "eps = 0.25), where optimizers start: a Generator of another Type starts elsewhere"
    ]


def test_initial_values_of_a_run_that_goes_on_are_no_matter(job: JobFolder) -> None:
    assert constrained(job, "rmin > 10*eps").load(is_new=False) is not None
    assert job.report == job.warnings == []


def test_the_constraints_are_part_of_what_decides_the_loss(job: JobFolder) -> None:
    def mark(*texts: str) -> str:
        problem = constrained(job, *texts).problem()
        settings, _ = read_job(job.path / "params.in", Findings())
        return fingerprint(settings, problem, 1)

    assert mark("rmin > eps", "eps > 0") == mark("eps>0", "rmin   > eps")
    assert len({mark(), mark("rmin > eps"), mark("rmin > eps", "eps > 0"), mark("eps > 0")}) == 4
