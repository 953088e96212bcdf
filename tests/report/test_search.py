"""The trials of one or several runs, put together."""

import math
from pathlib import Path

import pytest

from paramsrun.errors import UsageError
from paramsrun.manager.events import Context, Exit
from paramsrun.problem.space import Dimension
from paramsrun.report.search import read
from tests.report.searched import SPACE, begun, journal, started, tried
from tests.report.told import RUN, evaluated
from tests.report.told import started as started_plain

A, B, C = [0.1, 2.0, 0.0], [0.01, 3.0, 1.0], [0.5, 6.0, 2.0]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_trials_come_in_real_units_and_without_the_initial_one() -> None:
    initial = tried(0, A, 9.0, o=0)
    first, second = tried(1, A, 2.0), tried(2, B, math.inf)
    found = read([journal(Path("a.results"), begun(), initial, started(), first, second)])
    assert found.space == SPACE
    assert found.runs == ("a.results",)
    assert found.x.tolist() == [A, B]
    assert found.fx.tolist() == [2.0, math.inf]
    assert not found.is_by_array
    assert not found.is_row.any()


def test_pruned_trials_are_told_from_failed_ones() -> None:
    pruned = tried(1, A, math.inf)._replace(pruned=True)
    folder = journal(Path("a.results"), begun(), started(), pruned, tried(2, B, math.inf))
    assert read([folder]).is_pruned.tolist() == [True, False]


def test_plain_parameters_are_floats_within_their_ranges() -> None:
    folder = journal(Path("a.results"), RUN, started_plain(1), evaluated(1, 1, 5.0))
    assert read([folder]).space == (Dimension("a", 0.0, 1.0),)


def test_trials_of_processes_are_put_together_in_the_order_of_time() -> None:
    later = "2026-01-01T12:00:10+00:00"
    one = journal(
        Path("a.results"),
        *(begun(), started(), tried(1, A, 1.0, t=5.0), tried(2, A, 2.0, t=12.0)),
        *(tried(3, A, 4.0, t=20.0),),
    )
    two = journal(Path("b.results"), begun(utc=later), started(), tried(1, B, 3.0, t=4.0))
    found = read([one, two])
    assert found.fx.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.run.tolist() == [0, 0, 1, 0]
    assert found.runs == ("a.results", "b.results")


def test_a_resumed_session_is_placed_by_when_it_began() -> None:
    context = Context("", 1, "", {}, (), True, 5.0, "2026-01-02T12:00:00+00:00")
    first = [begun(), started(), tried(1, A, 1.0, t=5.0)]
    one = journal(Path("a.results"), *first, context, tried(2, A, 3.0, t=6.0))
    two = journal(Path("b.results"), begun(seed=2), started(), tried(1, B, 2.0, t=7200.0))
    assert read([one, two]).fx.tolist() == [1.0, 2.0, 3.0]


def test_what_a_run_and_its_resume_share_counts_once() -> None:
    first = [begun(), started(), tried(1, A, 1.0, t=5.0), tried(2, B, 2.0, t=6.0)]
    context = Context("", 1, "", {}, (), True, 6.0, "2026-01-02T12:00:00+00:00")
    one = journal(Path("a.results"), *first)
    two = journal(Path("b.results"), *first, context, tried(3, C, 3.0, t=7.0))
    assert read([one, two]).fx.tolist() == [1.0, 2.0, 3.0]
    assert read([two, one]).fx.tolist() == [1.0, 2.0, 3.0]


def test_losses_that_cannot_be_compared_are_left_out() -> None:
    context = Context("", 1, "", {}, (), False, 6.0, "")
    first = [begun(), started(), tried(1, A, 1.0)]
    folder = journal(Path("a.results"), *first, context, tried(2, B, 2.0), tried(3, C, 3.0))
    assert read([folder]).fx.tolist() == [2.0, 3.0]


def test_runs_of_one_name_are_told_apart_by_their_folders() -> None:
    folders = [
        journal(Path(at, "a.results"), begun(seed=k), started(), tried(1, A, 1.0))
        for k, at in enumerate(("one", "two"))
    ]
    assert read(folders).runs == ("one/a.results", "two/a.results")


def test_some_optimizers_alone() -> None:
    trials = [tried(1, A, 1.0), tried(2, B, 2.0, o=2), tried(3, C, 3.0, o=3)]
    folder = journal(Path("a.results"), begun(), *map(started, (1, 2, 3)), *trials)
    assert read([folder], [1, 3]).fx.tolist() == [1.0, 3.0]
    with pytest.raises(UsageError, match=r"nothing to draw: no trial to be shown is in a\.results"):
        read([folder], [4])


def test_the_rows_of_orthogonal_arrays_are_told_from_the_trial_after_them() -> None:
    trials = [tried(1, A, 1.0), tried(2, B, 2.0), tried(3, C, 0.5, b=1)]
    folder = journal(Path("a.results"), begun(), started(type="OrthogonalArray"), *trials)
    found = read([folder])
    assert found.is_by_array
    assert found.is_row.tolist() == [True, True, False]


def test_runs_of_other_parameters_are_refused() -> None:
    one = journal(Path("a.results"), begun(), started(), tried(1, A, 1.0))
    space = (*SPACE[:2], Dimension("activation", 0.0, 1.0, "categorical", choices=("relu", "elu")))
    two = journal(Path("b.results"), begun(space), started(), tried(1, A, 1.0))
    with pytest.raises(UsageError, match=r"b\.results has other parameters, .* than a\.results"):
        read([one, two])


def test_a_run_without_a_trial_is_told() -> None:
    folder = journal(Path("new.results"), begun(), Exit("signal", "", (), 0.0))
    with pytest.raises(UsageError, match=r"nothing to draw: .* new\.results"):
        read([folder])
