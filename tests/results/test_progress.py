"""The live line: what it says, and how often."""

import io

import numpy as np
import pytest

from paramsrun.manager.events import End, Eval, Event, Exit, Start
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.results.progress import CLEAR, Progress
from paramsrun.settings.families import exit_conditions

X = np.array([0.5])
BEGIN = Start(1, 1, "CMAES", {}, (1, 1, 1, 0), X, X, X, 0.0)


def evaluation(n: int, fx: float, t: float) -> Eval:
    return Eval(n, 1, n, 0, X, fx, t)


def shown(*events: Event, rule: ExitRule | None = None) -> list[str]:
    stream, state = io.StringIO(), RunState()
    with Progress(rule or ExitRule([]), stream) as progress:
        for event in (BEGIN, *events):
            state.apply(event)
            progress.on(event, state, None)
    return stream.getvalue().split(CLEAR)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_it_tells_evaluations_rate_and_best_loss_and_no_more_than_five_times_a_second() -> None:
    events = [evaluation(n, 1.0 / n, 0.1 * n) for n in range(1, 5)]
    assert shown(*events) == [
        "",
        "1 evaluation in 0.1 s (10/s), best loss 1",
        "3 evaluations in 0.3 s (10/s), best loss 0.33333333",
        "",
    ]


def test_the_time_left_is_told_where_calls_are_limited() -> None:
    rule = ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=300)])
    line = shown(evaluation(1, 2.0, 0.5), rule=rule)[1]
    assert line == "1 evaluation in 0.5 s (2/s), best loss 2, at most 02:30 left"


def test_a_loss_that_is_not_finite_is_no_best_one() -> None:
    assert shown(evaluation(1, float("inf"), 0.5))[1] == "1 evaluation in 0.5 s (2/s)"


def test_several_optimizers_are_counted_on_the_same_line() -> None:
    starts = [BEGIN._replace(o=o) for o in (2, 3)]
    rule = ExitRule([exit_conditions["MaxTotalFunctionCalls"](fmax=300)])
    lines = shown(
        *starts,
        evaluation(1, 2.0, 0.5),
        End(3, "stopped", "met", 0.6),
        evaluation(2, 2.0, 1.0),
        End(2, "stopped", "met", 1.1),
        evaluation(3, 2.0, 1.5),
        rule=rule,
    )
    assert lines == [
        "",
        "1 evaluation in 0.5 s (2/s), best loss 2, at most 02:30 left, 3 optimizers alive",
        "2 evaluations in 1.0 s (2/s), best loss 2, at most 02:29 left, 2 optimizers alive",
        "3 evaluations in 1.5 s (2/s), best loss 2, at most 02:28 left, 1 optimizer alive",
        "",
    ]


def test_it_is_cut_to_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "21")
    assert shown(evaluation(1, 2.0, 0.5))[1] == "1 evaluation in 0.5 "


def test_log_lines_stand_above_it() -> None:
    stream, state = io.StringIO(), RunState()
    with Progress(ExitRule([]), stream) as progress:
        for event in (BEGIN, evaluation(1, 2.0, 0.5)):
            state.apply(event)
            progress.on(event, state, None)
        progress.echo("a line\n  of two")
        progress.on(Exit("signal", "Ended by SIGINT", (1,), 0.6), state, None)
        progress.echo("Done.")
    live = "1 evaluation in 0.5 s (2/s), best loss 2"
    assert stream.getvalue() == "".join(
        [CLEAR, live, CLEAR, "a line\n  of two\n", live, CLEAR, CLEAR, "Done.\n", CLEAR]
    )


def test_a_terminal_that_is_gone_ends_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    with Progress(ExitRule([]), Gone()) as progress:
        progress.echo("a line")
        progress.echo("another")
