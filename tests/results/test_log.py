"""job.log and the terminal say the same, in words for people."""

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from paramsrun.errors import RunError
from paramsrun.manager.events import Chosen, Context, End, Eval, Event, Exit, Inject, Start
from paramsrun.manager.state import RunState
from paramsrun.results.log import Log, RunLog, brief, evaluations, seconds, stamped

X = np.array([0.5])
AT = datetime(2026, 7, 15, 9, 40, 49)


def start(o: int, kind: str = "CMAES", **settings: object) -> Start:
    return Start(o, 1, kind, settings, (1, 1, 1, 0), X, X, X, 0.0)


def evaluation(n: int, fx: float, t: float) -> Eval:
    return Eval(n, 1, n, 0, X, fx, t)


def logged(folder: Path, *events: Event) -> tuple[str, str]:
    """Return what the file and the terminal got, without time stamps."""
    shown: list[str] = []
    log, state = Log(folder / "job.log", shown.append), RunState()
    listener = RunLog(log)
    for event in events:
        state.apply(event)
        listener.on(event, state, None)
    log.close()
    stamp = re.compile(r"^\[\d\d\.\d\d\|\d\d:\d\d:\d\d\] ", re.MULTILINE)
    written = (folder / "job.log").read_text()
    return stamp.sub("", written), stamp.sub("", "".join(line + "\n" for line in shown))


def test_an_entry_has_a_stamp_and_its_further_lines_stand_under_the_text() -> None:
    assert stamped("Exit conditions met:\nA = True |\n    B = None", AT) == (
        "[15.07|09:40:49] Exit conditions met:\n"
        "                     A = True |\n"
        "                         B = None"
    )
    assert stamped("", AT) == "[15.07|09:40:49] "


def test_a_run_is_told_from_start_to_end(tmp_path: Path) -> None:
    written, shown = logged(
        tmp_path,
        Eval(0, 0, 0, 0, X, 20754.262585878463, 0.1),
        start(1),
        evaluation(1, 5.190326350598368e-09, 0.2),
        End(1, "converged", "tolfun", 0.3),
        start(2, "Scipy", Algorithm="Nelder-Mead"),
        Exit("conditions", "TimeLimit(max=1) = True", (2,), 0.5),
    )
    assert (
        written
        == shown
        == (
            "Initial loss 20754.263\n"
            "Optimizer 1 started: CMAES\n"
            "Optimizer 1 converged after 1 evaluation, best loss 5.1903264e-09\n"
            "                     tolfun\n"
            "Optimizer 2 started: Scipy Nelder-Mead\n"
            "Exit conditions met:\n"
            "                     TimeLimit(max=1) = True\n"
            "Done. 1 evaluation in 0.5 s (2/s), best loss 5.1903264e-09, 1 alive of 2 optimizers\n"
        )
    )


def test_a_stopped_optimizer_is_told_with_every_stopper_on_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    reason = (
        "CurrentFunctionValueUnmoving(ncalls=5, tolerance=0.1) = True |\n"
        "    MaxFunctionCalls(nmax=10) = None"
    )
    written, _ = logged(tmp_path, start(1), evaluation(1, 2.5, 0.1), End(1, "stopped", reason, 0.2))
    assert written == (
        "Optimizer 1 started: CMAES\n"
        "Optimizer 1 stopped after 1 evaluation, best loss 2.5\n"
        "                     CurrentFunctionValueUnmoving(ncalls=5, tolerance=0.1) = True |\n"
        "                         MaxFunctionCalls(nmax=10) = None\n"
    )


def test_a_resumed_run_tells_its_own_evaluations_and_those_of_all_sessions(tmp_path: Path) -> None:
    written, _ = logged(
        tmp_path,
        start(1),
        *(evaluation(n, 3.0, n / 50) for n in range(1, 101)),
        Context("", 1, "", {}, (), True, 5.0, ""),
        *(evaluation(n, 2.0, 5.0 + (n - 100) / 100) for n in range(101, 401)),
        Exit("conditions", "why", (1,), 8.0),
    )
    assert written.splitlines()[-1] == (
        "Done. 400 evaluations, 300 of them here in 3.0 s (100/s), best loss 2, 1 alive of 1 "
        "optimizers"
    )


def test_a_high_rate_is_told_in_digits_alone(tmp_path: Path) -> None:
    written, _ = logged(
        tmp_path,
        start(1),
        *(evaluation(n, 2.0, n / 10_000) for n in range(1, 192)),
        Exit("conditions", "why", (1,), 0.021),
    )
    assert written.splitlines()[-1].startswith("Done. 191 evaluations in 0.02 s (9100/s), best")


def test_points_against_a_constraint_are_told_apart_from_those_that_failed(tmp_path: Path) -> None:
    inf = float("inf")
    written, _ = logged(
        tmp_path,
        start(1),
        Eval(1, 1, 1, 0, X, inf, 0.1, "Constraint: a > 2 does not hold"),
        Eval(2, 1, 2, 0, X, inf, 0.2, "Constraint: a > 2 does not hold"),
        Eval(3, 1, 3, 0, X, inf, 0.3, "Function m:f: ValueError: x"),
        Exit("conditions", "why", (1,), 0.5),
    )
    assert written.splitlines()[1:] == [
        "Evaluation 1 was not computed, so its loss is infinite: Constraint: a > 2 does not hold",
        "                     Further ones are counted; the journal has the reason of each",
        "Warning: evaluation 3 failed, so its loss is infinite: Function m:f: ValueError: x",
        "                     Further ones are counted; the journal has the reason of each",
        "Exit conditions met:",
        "                     why",
        "Done. 3 evaluations in 0.5 s (6/s), 1 failed, 2 against a constraint, 1 alive of 1 "
        "optimizers",
        "Warning: no evaluation had a finite loss",
    ]


def test_what_is_in_flight_as_an_optimizer_ends_is_told(tmp_path: Path) -> None:
    ends = (End(1, "stopped", "s", 0.2, in_flight=2), End(2, "stopped", "s", 0.2, in_flight=1))
    written, _ = logged(tmp_path, start(1), start(2), evaluation(1, 2.5, 0.1), *ends)
    assert written.splitlines()[2::2] == [
        "Optimizer 1 stopped after 1 evaluation, 2 in flight are still counted, best loss 2.5",
        "Optimizer 2 stopped after 0 evaluations, 1 in flight is still counted, no finite loss",
    ]


def test_what_files_asked_for_is_told(tmp_path: Path) -> None:
    written, _ = logged(
        tmp_path,
        start(1),
        start(2),
        End(1, "stopped", "asked for by the file STOP_1", 0.2),
        Exit("request", "Ended by the file EXIT", (2,), 0.5),
    )
    assert written.splitlines()[2:] == [
        "Optimizer 1 stopped after 0 evaluations, no finite loss",
        "                     asked for by the file STOP_1",
        "Ended by the file EXIT",
        "Done. 0 evaluations in 0.5 s, 1 alive of 2 optimizers",
    ]


@pytest.mark.parametrize(
    ("evaluator", "place"),
    [
        ("Processes", "in worker processes"),
        ("Inline", "in the job's own process"),
        ("Cluster", "by Evaluator Cluster"),
    ],
)
def test_where_evaluations_run_is_told_once_it_is_chosen(
    tmp_path: Path, evaluator: str, place: str
) -> None:
    written, _ = logged(tmp_path, Chosen(evaluator, "one takes 20 ms", 0.2))
    assert written == f"Evaluations run {place} from now on: one takes 20 ms\n"


def test_a_point_that_is_offered_is_no_news(tmp_path: Path) -> None:
    written, _ = logged(tmp_path, start(1), Inject(1, 2, X, 0.5, 0.2))
    assert written == "Optimizer 1 started: CMAES\n"


def test_an_error_is_written_down_and_told_by_whoever_raised_it(tmp_path: Path) -> None:
    written, shown = logged(tmp_path, Exit("error", "all went wrong", (), 0.5))
    assert (written, shown) == ("all went wrong\n", "")


def test_the_state_is_told_every_ten_seconds_of_a_long_run(tmp_path: Path) -> None:
    written, _ = logged(tmp_path, start(1), *(evaluation(n, 1.0, 4.0 * n) for n in range(1, 8)))
    assert [line.partition(",")[0] for line in written.splitlines()[1:]] == [
        "3 evaluations in 12.0 s (0.25/s)",
        "6 evaluations in 24.0 s (0.25/s)",
    ]


def test_a_log_is_gone_on_with_and_never_cut_off(tmp_path: Path) -> None:
    for text in ("first", "second"):
        log = Log(tmp_path / "job.log", lambda line: None)
        log.entry(text)
        log.close()
    assert len((tmp_path / "job.log").read_text().splitlines()) == 2


def test_a_log_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "job.log").symlink_to("/dev/full")
    log = Log(tmp_path / "job.log", lambda line: None)
    with pytest.raises(RunError, match=r"job\.log cannot be written: .*No space left"):
        log.entry("text")
    log.close()
    with pytest.raises(RunError, match=r"job\.log cannot be written: .*No such file"):
        Log(tmp_path / "nowhere/job.log", lambda line: None)


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (0.0, "0.0 s"),
        (4.24, "4.2 s"),
        (0.0004, "0.001 s"),
        (0.021, "0.02 s"),
        (59.94, "59.9 s"),
        (59.97, "01:00"),
        (725, "12:05"),
        (3600, "01:00:00"),
        (2 * 86400 + 3 * 3600 + 600, "2 d 03:10:00"),
    ],
)
def test_time_spans_are_for_people(t: float, text: str) -> None:
    assert seconds(t) == text


def test_counts_and_losses_are_for_people() -> None:
    assert [evaluations(n) for n in (0, 1, 2)] == ["0 evaluations", "1 evaluation", "2 evaluations"]
    assert [brief(fx) for fx in (2.0, 1 / 3, 1e-9, float("inf"))] == [
        "2",
        "0.33333333",
        "1e-09",
        "inf",
    ]
