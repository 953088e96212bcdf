"""What a journal tells of losses."""

import math
from pathlib import Path

import numpy as np
import pytest

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.events import End
from paramsrun.report.curves import Ending, read
from tests.report.told import (
    CONTEXT,
    INF,
    checkpoint,
    ended,
    evaluated,
    exited,
    started,
    told,
    write_journal,
)

FIRST = [
    started(1),
    started(2),
    evaluated(1, 1, 5.0),
    evaluated(2, 2, INF),
    evaluated(3, 1, 4.0),
    evaluated(4, 2, 7.0),
]


def test_each_optimizer_has_the_evaluations_it_asked_for() -> None:
    one, two = told(*FIRST).curves
    assert (one.o, one.n.tolist(), one.fx.tolist()) == (1, [1, 3], [5.0, 4.0])
    assert (two.o, two.n.tolist()) == (2, [2, 4])
    np.testing.assert_array_equal(two.fx, [math.nan, 7.0])


def test_the_initial_evaluation_belongs_to_no_optimizer() -> None:
    run = told(evaluated(0, 0, 9.0), *FIRST)
    assert [curve.o for curve in run.curves] == [1, 2]


@pytest.mark.parametrize("how", ["converged", "stopped", "failed"])
def test_an_end_is_at_the_last_evaluation_of_its_optimizer(how: str) -> None:
    run = told(*FIRST, ended(1, how), evaluated(5, 2, 1.0))
    assert run.curves[0].ending == Ending(how, 3)
    assert run.curves[0].end_fx == 4.0
    assert run.curves[1].ending is None


def test_a_result_that_was_in_flight_at_the_end_is_the_end_of_the_curve() -> None:
    curve = told(*FIRST, ended(1, "stopped"), evaluated(5, 1, 1.0)).curves[0]
    assert curve.n.tolist() == [1, 3, 5]
    assert (curve.ending, curve.end_fx) == (Ending("stopped", 5), 1.0)


@pytest.mark.parametrize(
    "reason", ["stopped on request (paramsrun stop ...)", "asked for by the file STOP_1"]
)
def test_a_stop_by_hand_is_told_from_one_by_a_stopper_in_old_journals_too(reason: str) -> None:
    run = told(*FIRST, End(1, "stopped", reason, 0.0), ended(2, "stopped"))
    assert [c.ending for c in run.curves] == [Ending("asked for", 3), Ending("stopped", 4)]


def test_an_end_behind_a_failed_point_is_at_the_height_of_the_loss_before() -> None:
    curve = told(*FIRST, evaluated(5, 1, INF), ended(1, "stopped")).curves[0]
    assert (curve.ending, curve.end_fx) == (Ending("stopped", 5), 4.0)


def test_an_optimizer_that_fails_at_its_start_ends_where_the_run_was() -> None:
    curve = told(*FIRST, started(3), ended(3, "failed")).curves[2]
    assert curve.ending == Ending("failed", 4)
    assert math.isnan(curve.end_fx)


def test_those_alive_at_the_exit_end_by_it() -> None:
    run = told(*FIRST, ended(1, "converged"), exited(2))
    assert [c.ending for c in run.curves] == [Ending("converged", 3), Ending("job exit", 4)]


def test_a_run_that_was_cut_short_leaves_its_optimizers_without_an_end() -> None:
    assert [c.ending for c in told(*FIRST).curves] == [None, None]


def test_those_alive_at_an_exit_live_on_in_the_next_session() -> None:
    run = told(*FIRST, ended(1, "stopped"), exited(2), CONTEXT, evaluated(5, 2, 1.0))
    assert [c.ending for c in run.curves] == [Ending("stopped", 3), None]
    assert run.resumes == (4,)


def test_checkpoints_are_where_they_were_made() -> None:
    assert told(*FIRST[:4], checkpoint(2), *FIRST[4:], checkpoint(4)).checkpoints == (2, 4)


def test_some_optimizers_can_be_chosen() -> None:
    run = told(*FIRST, started(3))
    assert [c.o for c in run.of({3, 1}).curves] == [1, 3]
    assert run.of(()) is run


def test_a_results_folder_is_read_with_its_torn_last_line_left_out(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "job.results", *FIRST)
    with (folder / "optimization/journal/000001.jsonl").open("ab") as file:
        file.write(b'{"e":"eval","n":5,')
    run = read(folder)
    assert run.name == "job.results"
    assert [len(c.n) for c in run.curves] == [2, 2]


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_journal(tmp_path / "job.results", *FIRST))
    assert read(Path()).name == "job.results"


def test_a_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no results folder: it has no optimization/journal"):
        read(tmp_path)


def test_a_journal_that_lacks_a_start_is_told(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "job.results", evaluated(1, 4, 1.0))
    with pytest.raises(
        RunError, match=r"000001\.jsonl:2: damaged journal: optimizer 4 was never started"
    ):
        read(folder)
