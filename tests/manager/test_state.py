"""The state of a run is the fold of its events."""

import math

import numpy as np
import pytest

from paramsrun.manager.events import Context, End, Eval, Exit, Start
from tests.manager.told import folded

X = np.zeros(1)


def start(o: int, t: float = 0.0) -> Start:
    return Start(o, 1, "CMAES", {}, (0, 1, o, 0), X, X, X + 1, t)


def evaluated(n: int, o: int, fx: float, t: float = 0.0) -> Eval:
    return Eval(n, o, 0, 0, X, fx, t)


def test_the_initial_evaluation_counts_towards_nothing() -> None:
    state = folded(evaluated(0, 0, 1.0))
    assert state.n_evaluations == 0
    assert state.best.fx == math.inf
    assert state.initial is not None


def test_the_best_is_kept_for_each_optimizer_and_for_all() -> None:
    state = folded(
        start(1), start(2), evaluated(1, 1, 3.0), evaluated(2, 2, 2.0), evaluated(3, 1, 2.5)
    )
    assert (state.best.n, state.best.o, state.best.fx) == (2, 2, 2.0)
    assert state.optimizers[1].best.n == 3


def test_an_equal_loss_is_no_new_best() -> None:
    state = folded(start(1), evaluated(1, 1, 2.0), evaluated(2, 1, 2.0))
    assert state.best.n == 1


def test_infinite_losses_count_and_are_never_best() -> None:
    state = folded(start(1), evaluated(1, 1, math.inf))
    assert state.n_evaluations == 1
    assert state.best.x is None


def test_results_of_an_ended_optimizer_still_count() -> None:
    state = folded(start(1), End(1, "stopped", "s", 0.0), evaluated(1, 1, 1.0))
    assert state.n_evaluations == 1
    assert state.best.fx == 1.0


def test_ends_are_counted_by_how_they_came() -> None:
    state = folded(
        *(start(o) for o in (1, 2, 3)),
        evaluated(1, 1, 1.0),
        End(1, "converged", "", 0.0),
        End(2, "stopped", "", 0.0),
        End(3, "failed", "", 0.0),
    )
    assert (state.n_converged, state.n_stopped, state.n_failed) == (1, 1, 1)
    assert state.n_barren == 1  # the second was stopped before it could have a loss
    assert state.living == set()


@pytest.mark.parametrize(
    ("ends", "n"),
    [
        ([("failed", ""), ("failed", "")], 2),
        ([("failed", ""), ("stopped", ""), ("failed", "")], 1),
        ([("failed", ""), ("failed", "it cannot be restored: it differs"), ("failed", "")], 2),
        ([("failed", ""), ("converged", "")], 0),
    ],
)
def test_optimizers_that_fail_by_errors_of_their_own_are_counted_in_a_row(
    ends: list[tuple[str, str]], n: int
) -> None:
    numbers = range(1, len(ends) + 1)
    evaluations = (evaluated(o, o, 1.0) for o in numbers)
    last = (End(o, how, reason, 0.0) for o, (how, reason) in zip(numbers, ends, strict=True))
    state = folded(*map(start, numbers), *evaluations, *last)
    assert (state.n_failing, state.n_barren) == (n, 0)
    assert state.last_end is not None
    assert state.last_end.o == len(ends)


def test_a_failure_after_the_first_batch_ends_the_row() -> None:
    failures = [(start(o), End(o, "failed", "", 0.0)) for o in (1, 2)]
    late = (start(3), Eval(1, 3, 1, 0, X, 1.0, 0.0), End(3, "failed", "", 0.0))
    assert folded(*failures[0], *failures[1]).n_failing == 2
    assert folded(*failures[0], *failures[1], *late).n_failing == 0


def test_a_run_that_ended_by_an_error_counts_failing_optimizers_anew() -> None:
    ends = [event for o in (1, 2) for event in (start(o), End(o, "failed", "", 0.0))]
    context = Context("", 1, "", {}, (), True, 0.0, "")
    assert folded(*ends, Exit("error", "", (), 0.0), context).n_barren == 0
    assert folded(*ends, Exit("error", "", (), 0.0), context).n_failing == 0
    assert folded(*ends, context).n_barren == 2


def test_time_of_the_session_begins_where_the_session_does() -> None:
    state = folded(start(1, t=5.0))
    state.session_began = 3.0
    assert state.session_s == 2.0
