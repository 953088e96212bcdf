"""summary.txt: what came out of a run, exact and in columns."""

import numpy as np

from paramsrun.manager.events import End, Eval, Event, Exit, Run, Start
from paramsrun.manager.state import RunState
from paramsrun.problem.scaling import Kind
from paramsrun.results.summary import summary

RANGES = np.array([[0.0, 2.0], [0.0, 10.0]])
X = np.array([0.5, 0.25])


def begin() -> Run:
    given = {
        "format": 1,
        "versions": {},
        "seed": 1,
        "settings": "",
        "names": ("eps", "long_name"),
        "ranges": RANGES,
        "t": 0.0,
        "utc": "2026-01-01T00:00:00+00:00",
    }
    rest = {name: {} for name in Run._fields if name not in given}
    return Run(**given, **rest)  # type: ignore[arg-type]


def start(o: int, kind: str, scaler: Kind = "linear", **settings: object) -> Start:
    return Start(o, 1, kind, settings, (1, 1, 1, 0), X, X, X, 0.0, scaler)


def told(*events: Event) -> str:
    state = RunState()
    for event in (begin(), *events):
        state.apply(event)
    return summary(state)


def test_best_loss_parameters_ending_and_a_line_for_each_optimizer() -> None:
    text = told(
        Eval(0, 0, 0, 0, X, 20754.262585878463, 0.1),
        start(1, "Scipy", Algorithm="Nelder-Mead"),
        Eval(1, 1, 0, 0, X, 0.1, 0.2),
        End(1, "converged", "Terminated\n  by itself.", 0.3),
        start(2, "CMAES"),
        Eval(2, 2, 0, 0, X, float("inf"), 0.2),
        Exit("conditions", "A = True |\nB = None", (2,), 0.5),
    )
    assert (
        text
        == """\
Evaluations      2
Initial loss     20754.262585878463
Best loss        0.1
  evaluation 1 of optimizer 1
  eps        1.0
  long_name  2.5

Exit conditions met:
  A = True |
  B = None

Optimizer  Type               Evaluations  Best loss  End
001        Scipy Nelder-Mead  1            0.1        converged: Terminated by itself.
002        CMAES              1            none       job exit
"""
    )


def test_a_run_without_evaluations_has_no_best_loss_yet() -> None:
    assert told() == "Evaluations      0\nBest loss        none yet\n"


def test_a_run_of_failures_has_no_best_loss() -> None:
    text = told(start(1, "CMAES"), Eval(1, 1, 0, 0, X, float("inf"), 0.2, "diverged"))
    assert "Best loss        none is finite\n" in text
    assert text.endswith("001        CMAES  1            none       alive\n")


def test_every_way_to_end_has_its_words() -> None:
    for how, words in (
        ("exhausted", "Ended:\n  why\n"),
        ("signal", "Ended by a signal:\n  why\n"),
        ("request", "Ended on request:\n  why\n"),
        ("error", "Ended by an error:\n  why\n"),
    ):
        assert words in told(Exit(how, "why", (), 0.5))


def test_points_against_a_constraint_have_a_line_of_their_own() -> None:
    text = told(
        start(1, "CMAES"),
        Eval(1, 1, 0, 0, X, float("inf"), 0.1, "Constraint: a > 2 does not hold"),
        Eval(2, 1, 0, 1, X, float("inf"), 0.2, "Function m:f: ValueError: one\n  two"),
    )
    assert (
        "Failed           1 of them, first evaluation 2: Function m:f: ValueError: one two\n"
        in text
    )
    assert (
        "Not computed     1 of them, first evaluation 1: Constraint: a > 2 does not hold\n" in text
    )


def test_failed_evaluations_are_counted_and_the_first_is_explained() -> None:
    text = told(
        start(1, "CMAES"),
        Eval(1, 1, 0, 0, X, float("inf"), 0.1, "job a: diverged"),
        Eval(2, 1, 0, 1, X, 2.0, 0.2, None, 3.0),
        Eval(3, 1, 0, 2, X, float("inf"), 0.3, "job b: diverged"),
    )
    assert "Failed           2 of them, first evaluation 1: job a: diverged\n" in text
    assert "Best validation  3.0 at evaluation 2\n" in text


def test_the_best_parameters_are_in_real_units_in_every_space() -> None:
    for scaler, eps, name in (("linear", 1.0, 2.5), ("std", 1.5, 6.25), ("none", 0.5, 0.25)):
        text = told(start(1, "CMAES", scaler), Eval(1, 1, 0, 0, X, 2.0, 0.1))  # type: ignore[arg-type]
        assert f"  eps        {eps}\n  long_name  {name}\n" in text


def test_why_an_optimizer_was_stopped_stands_on_one_line() -> None:
    text = told(
        start(1, "CMAES"),
        Eval(1, 1, 0, 0, X, 2.0, 0.1),
        End(1, "stopped", "A = True &\n(\n  B = False |\n  C = True\n)", 0.2),
        start(2, "CMAES"),
    )
    assert text.splitlines()[-2:] == [
        "001        CMAES  1            2.0        stopped: A = True & ( B = False | C = True )",
        "002        CMAES  0            none       alive",
    ]
