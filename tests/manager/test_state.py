"""The state of a run is the fold of its events."""

import math

import numpy as np

from paramsrun.manager.events import Context, End, Eval, Event, Exit, Start
from paramsrun.manager.state import RunState

X = np.zeros(1)


def start(o: int, t: float = 0.0) -> Start:
    return Start(o, 1, "CMAES", {}, (0, 1, o, 0), X, X, X + 1, t)


def evaluated(n: int, o: int, fx: float, t: float = 0.0) -> Eval:
    return Eval(n, o, 0, 0, X, fx, t)


def folded(*events: Event) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state


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


def test_a_run_that_ended_by_an_error_counts_failing_optimizers_anew() -> None:
    ends = [event for o in (1, 2) for event in (start(o), End(o, "failed", "", 0.0))]
    context = Context("", 1, "", {}, (), True, 0.0, "")
    assert folded(*ends, Exit("error", "", (), 0.0), context).n_barren == 0
    assert folded(*ends, context).n_barren == 2


def test_time_of_the_session_begins_where_the_session_does() -> None:
    state = folded(start(1, t=5.0))
    state.session_began = 3.0
    assert state.session_s == 2.0
