"""What one process does with a study that it shares."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paramsrun.errors import RunError
from paramsrun.optimizers.contract import scaled_by
from paramsrun.optimizers.study import heartbeat, shared
from paramsrun.problem.scaling import Scaling
from paramsrun.problem.space import Dimension
from paramsrun.settings.families import optimizers
from tests.optimizers.spaces import TYPED_X0, loss, scaling
from tests.optimizers.study.jobs import points, states, study_in

optuna = pytest.importorskip("optuna")

SCALING = scaling()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database be asked whenever somebody asks; trials give a sign of life at first only.

    None is taken for lost, however slow the machine is, but those of which a test says so.
    """
    monkeypatch.setattr(shared, "LOOK_S", 0.0)
    monkeypatch.setattr(heartbeat, "BEAT_S", 1e6)
    monkeypatch.setattr(heartbeat, "STALE_S", 3600)


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Any:
    """Start searches that are closed in the end."""

    def start(
        storage: str, n: int = 6, x0: Any = TYPED_X0, scaling: Scaling = SCALING, **keys: Any
    ) -> Any:
        settings = optimizers["Optuna"](
            storage=storage, study_name="search", number_of_trials=n, **keys
        )
        rng = np.random.default_rng(1)
        proposer = scaled_by(settings, scaling).start(scaling.bounds, x0, rng)
        request.addfinalizer(proposer.close)
        return proposer

    return start


def step(proposer: Any) -> Any:
    """Evaluate one trial; return its point."""
    assert proposer.ready()
    x = proposer.ask()
    proposer.tell(x, loss(x))
    return x[0]


def forget_signs_of_life(path: Path) -> None:
    """Let all trials have given their last sign of life long ago."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE trial_heartbeats SET heartbeat = '2001-01-01 00:00:00.000000'")
    connection.close()


@pytest.mark.parametrize("sampler", ["TPE", "QMC", "Random"])
def test_two_processes_complete_so_many_trials_together(
    storage: str, started: Any, sampler: str
) -> None:
    pair = [started(storage, n=15, sampler=sampler) for _ in range(2)]
    x = [step(proposer) for k in range(15) for proposer in pair if proposer is pair[k % 2]]
    assert not pair[0].ready()
    assert not pair[1].ready()
    wanted = ("converged", "all 15 trials of study search are complete")
    assert pair[0].ended == pair[1].ended == wanted
    study = study_in(storage)
    assert states(study) == {"COMPLETE": 15}
    assert np.array_equal(x[0], TYPED_X0)
    assert len({tuple(one) for one in x}) == 15


def test_the_same_seed_gives_each_start_its_own_trials(storage: str, started: Any) -> None:
    for _ in range(3):
        proposer = started(storage, n=9, sampler="Random", random_seed=1)
        for _ in range(3):
            step(proposer)
        proposer.close()
    study = study_in(storage)
    assert len(set(points(study))) == 9
    assert study.user_attrs["paramsrun:starts"] == 3


def test_optuna_sees_names_and_values_as_people_have_them(storage: str, started: Any) -> None:
    proposer = started(storage)
    for _ in range(6):
        step(proposer)
    study = study_in(storage)
    assert study.trials[0].params == {"lr": 1e-2, "width": 16, "act": "tanh"}
    assert {name: type(value) for name, value in study.best_params.items()} == {
        "lr": float,
        "width": int,
        "act": str,
    }
    distributions = study.trials[0].distributions
    assert distributions["lr"].log
    assert distributions["act"].choices == ("relu", "tanh", "gelu")


def test_parameters_on_linear_scales_have_their_names_too(tmp_path: Path, started: Any) -> None:
    storage, space = f"sqlite:///{tmp_path}/a.db", (Dimension("drop", 0.0, 1.0),)
    scaling = Scaling(np.array([[0.0, 1.0]]), "none", space)
    proposer = started(storage, x0=np.array([0.5]), scaling=scaling)
    assert proposer.ready()
    x = proposer.ask()
    proposer.tell(x, np.ones(1))
    assert study_in(storage).trials[0].params == {"drop": 0.5}


def test_nobody_begins_a_trial_too_many(storage: str, started: Any) -> None:
    trio = [started(storage, n=2) for _ in range(3)]
    assert [proposer.ready() for proposer in trio] == [True, True, False]
    assert trio[2].ended is None
    for proposer in trio[:2]:
        step(proposer)
    assert not trio[2].ready()
    assert trio[2].ended == ("converged", "all 2 trials of study search are complete")


def test_trials_that_fall_behind_those_of_other_processes_are_pruned(
    storage: str, started: Any
) -> None:
    first = started(storage, pruner="Median", pruner_startup_trials=3)
    for value in (1.0, 2.0, 3.0):
        assert first.ready()
        assert first.bars(0) == ()
        first.tell(first.ask(), np.array([value]), [np.array([1.0, 10.0 * value, 2.0, value])])
    second = started(storage, pruner="Median", pruner_startup_trials=3)
    assert second.ready()
    assert second.bars(0) == ((1, 20.0), (2, 2.0))
    second.tell(second.ask(), np.array([np.inf]), [np.array([1.0, 21.0])])
    assert second.ready()
    second.tell(second.ask(), np.array([np.inf]), [np.array([1.0, 19.0])])
    study = study_in(storage)
    assert states(study) == {"COMPLETE": 4, "PRUNED": 1}
    pruned = next(t for t in study.trials if t.state.name == "PRUNED")
    assert (pruned.value, pruned.intermediate_values) == (21.0, {1: 21.0})
    step(first)
    assert not first.ready()
    assert first.ended == ("converged", "all 6 trials of study search are complete")


def test_a_trial_that_is_handed_back_is_taken_at_once(storage: str, started: Any) -> None:
    one, other = started(storage, n=1), started(storage, n=1)
    assert one.ready()
    x = one.ask()
    assert not other.ready()
    one.close()
    assert other.ready()
    assert np.array_equal(other.ask(), x)
    assert states(study_in(storage)) == {"FAIL": 1, "RUNNING": 1}


def test_failed_points_are_complete_trials_of_infinite_loss(storage: str, started: Any) -> None:
    proposer = started(storage, n=12)
    for k in range(12):
        assert proposer.ready()
        proposer.tell(proposer.ask(), np.array([np.inf if k % 2 else 1.0 + k]))
    assert not proposer.ready()
    study = study_in(storage)
    assert states(study) == {"COMPLETE": 12}
    assert sum(trial.value == np.inf for trial in study.trials) == 6


def test_it_ends_after_so_many_trials_without_a_better_one(storage: str, started: Any) -> None:
    proposer = started(storage, n=50, number_of_bad_trials=4)
    n = 0
    while proposer.ready():
        proposer.tell(proposer.ask(), np.array([1.0]))
        n += 1
    assert n == 5
    assert proposer.ended.reason == "no better trial in study search among the last 4"


def test_the_trial_of_a_lost_process_is_put_up_again(tmp_path: Path, started: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    lost, heir = started(storage, n=2), started(storage, n=2)
    assert lost.ready()
    x = lost.ask()
    forget_signs_of_life(tmp_path / "study.db")
    assert np.array_equal(step(heir), x[0])
    lost.tell(x, np.array([-1.0]))  # it was suspended only; its result is dropped
    step(lost)
    assert not heir.ready()
    study = study_in(storage)
    assert states(study) == {"FAIL": 1, "COMPLETE": 2}
    assert min(t.value for t in study.trials if t.value is not None) > 0.0
    assert study.trials[1].system_attrs["retry_history"] == [0]


def test_a_trial_that_takes_its_process_down_each_time_counts_as_failed(
    tmp_path: Path, started: Any
) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    for _ in range(4):
        assert started(storage, n=1).ready()
        forget_signs_of_life(tmp_path / "study.db")
    last = started(storage, n=1)
    assert not last.ready()
    assert last.ended == (
        "failed",
        "no finite loss: all 1 trials of study search are complete",
    )
    assert states(study_in(storage)) == {"FAIL": 4, "COMPLETE": 1}


def test_a_process_that_died_between_two_steps_is_tidied_up_after(
    tmp_path: Path, started: Any
) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    one = started(storage, n=1)
    assert one.ready()
    x = one.ask()
    with sqlite3.connect(tmp_path / "study.db") as connection:  # failed, but not put up again
        connection.execute("UPDATE trials SET state = 'FAIL'")
    connection.close()
    assert np.array_equal(step(started(storage, n=1)), x[0])


def test_an_enqueued_trial_that_cannot_be_is_left_out(tmp_path: Path, started: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    study, at = own_study(storage)
    for wrong in ({"lr": 7.0}, {"lr": "much"}, {"width": 4.5}, {"act": "elu"}, {"depth": 3}):
        study.enqueue_trial(wrong)
    proposer = started(storage, n=3)
    assert [proposer.ready() for _ in range(6)] == [False] * 5 + [True]
    assert states(study_in(storage)) == {"FAIL": 5, "RUNNING": 1}
    at.remove_session()
    at.engine.dispose()


def test_a_sampler_that_fails_ends_the_search(
    tmp_path: Path, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposer = started(f"sqlite:///{tmp_path}/study.db", sampler="Random")
    step(proposer)

    def fail(*_: Any) -> None:
        raise ValueError("no such matrix")

    monkeypatch.setattr(optuna.samplers.RandomSampler, "sample_independent", fail)
    assert not proposer.ready()
    assert proposer.ended == ("failed", "Optuna: ValueError: no such matrix")


def own_study(storage: str, **distributions: Any) -> Any:
    at = optuna.storages.RDBStorage(storage)
    study = optuna.create_study(storage=at, study_name="search")
    if distributions:
        study.tell(study.ask(distributions), 1.0)
    return study, at


def test_a_study_of_optunas_own_is_continued(storage: str, started: Any) -> None:
    study, at = own_study(
        storage,
        lr=optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True),
        width=optuna.distributions.IntDistribution(8, 32),
        act=optuna.distributions.CategoricalDistribution(("relu", "tanh", "gelu")),
    )
    study.enqueue_trial({"lr": 3e-3, "act": "gelu"})
    proposer = started(storage, n=4)
    assert step(proposer)[[0, 2]].tolist() == [3e-3, 2.0]
    step(proposer)
    step(proposer)
    assert not proposer.ready()
    assert states(study_in(storage)) == {"COMPLETE": 4}
    at.remove_session()
    at.engine.dispose()


FLOAT = optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True)
INT = optuna.distributions.IntDistribution(8, 32)
ACT = optuna.distributions.CategoricalDistribution(("relu", "tanh", "gelu"))


@pytest.mark.parametrize(
    ("distributions", "told"),
    [
        ({"lr": FLOAT, "width": INT}, "act is not in the study"),
        ({"lr": FLOAT, "width": INT, "act": ACT, "more": INT}, "more is not in the input"),
        ({"lr": INT, "width": INT, "act": ACT}, "lr is IntDistribution.* there and Float"),
        (
            {
                "lr": FLOAT,
                "width": INT,
                "act": optuna.distributions.CategoricalDistribution(("relu", "elu")),
            },
            "act is Categorical.*elu.* there and Categorical.*gelu.* here",
        ),
    ],
)
def test_a_study_of_other_parameters_is_refused(
    distributions: Any, told: str, tmp_path: Path, started: Any
) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    _, at = own_study(storage, **distributions)
    with pytest.raises(RunError, match=f"Study search has other parameters.*{told}"):
        started(storage).ready()
    at.remove_session()
    at.engine.dispose()


def test_a_study_that_is_to_maximize_is_refused(tmp_path: Path, started: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    at = optuna.storages.RDBStorage(storage)
    optuna.create_study(storage=at, study_name="search", direction="maximize")
    with pytest.raises(RunError, match="Study search is to maximize; a study"):
        started(storage).ready()
    at.remove_session()
    at.engine.dispose()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, started: Any) -> None:
    with pytest.raises(RunError, match=r"Optimizer%Optuna%Storage: there is no folder .*nowhere"):
        started(f"sqlite:///{tmp_path}/nowhere/study.db").ready()


def test_a_file_that_is_no_database_is_told(tmp_path: Path, started: Any) -> None:
    (tmp_path / "study.db").write_text("lr 0.1\n" * 200)
    with pytest.raises(RunError, match=r"Storage: sqlite.* cannot be used: file is not a database"):
        started(f"sqlite:///{tmp_path}/study.db").ready()
