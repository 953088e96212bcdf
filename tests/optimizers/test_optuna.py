"""A search with Optuna in one process."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from paramsrun.errors import Findings
from paramsrun.input import Source, parse
from paramsrun.optimizers.contract import batched, scaled_by
from paramsrun.optimizers.replay import Told, remind, replay
from paramsrun.problem.space import Dimension
from paramsrun.settings.declared import scope_of
from paramsrun.settings.families import optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read_job import read_tree
from tests.families.test_every_optimizer import BOX, X0, bowl, go_on, run, same, start
from tests.optimizers.spaces import TYPED_X0, loss, scaling

pytest.importorskip("optuna")


def typed(kind: Any = "none", x0: Any = TYPED_X0, seed: int = 1, **keys: Any) -> Any:
    """Start a search of typed parameters."""
    seen = scaling(kind)
    settings = scaled_by(optimizers["Optuna"](**keys), seen)
    return settings.start(seen.bounds, seen.scaled(x0), np.random.default_rng(seed))


def told_by(text: str) -> list[str]:
    """Return the mistakes of an Optuna block."""
    findings = Findings()
    block = f"Optimizer\n  Type Optuna\n  Optuna\n{text}  End\nEnd\n"
    read_tree(parse(Source(block), scope_of(JobSettings), findings), findings)
    return [str(mistake) for mistake in findings.mistakes]


def test_the_initial_point_is_the_first_trial() -> None:
    assert np.array_equal(run(optimizers["Optuna"](), n=1)[0].x, [X0])


def test_batches_have_their_size_but_for_the_last() -> None:
    told = run(optimizers["Optuna"](batch_size=4, number_of_trials=10))
    assert [len(batch.x) for batch in told] == [4, 4, 2]


def test_a_batch_size_left_open_is_what_may_be_in_flight() -> None:
    assert batched(optimizers["Optuna"](), 6).batch_size == 6
    assert batched(optimizers["Optuna"](batch_size=2), 6).batch_size == 2
    assert batched(optimizers["Optuna"](storage="sqlite:///a"), 6).batch_size == 1


@pytest.mark.parametrize("sampler", ["TPE", "CMAES", "QMC", "Random"])
def test_typed_parameters_have_values_of_their_types(sampler: str) -> None:
    proposer = typed(sampler=sampler, number_of_trials=40)
    x = np.vstack([told.x for told in go_on(proposer, loss, 40)])
    assert len(x) == 40
    assert ((x >= [1e-5, 4, 0]) & (x <= [1e-1, 64, 2])).all()
    assert np.array_equal(x[:, 1:], np.round(x[:, 1:]))
    assert len(set(x[:, 2])) == 3


def test_a_logarithmic_scale_is_one_for_the_sampler() -> None:
    x = np.vstack([told.x for told in go_on(typed(sampler="Random"), loss, 100)])
    assert 0.3 < np.mean(x[:, 0] < 1e-3) < 0.7


def test_tpe_finds_what_is_good() -> None:
    told = go_on(typed(number_of_trials=80), loss, 80)
    losses = np.concatenate([batch.fx for batch in told])
    assert losses[:20].min() > losses.min() < 0.1


@pytest.mark.parametrize("kind", ["none", "linear", "std"])
@pytest.mark.parametrize("sampler", ["TPE", "QMC"])
def test_every_scaler_sees_the_same_search(kind: Any, sampler: str) -> None:
    seen = scaling(kind)
    told = go_on(typed(kind, sampler=sampler), lambda x: loss(seen.real(x)), 30)
    wanted = go_on(typed(sampler=sampler), loss, 30)
    for one, other in zip(told, wanted, strict=True):
        np.testing.assert_allclose(seen.real(one.x), other.x, rtol=1e-9)


@pytest.mark.parametrize("kind", ["none", "linear"])
@pytest.mark.parametrize("sampler", ["TPE", "CMAES", "QMC", "Random"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_search_that_goes_on_is_the_search_that_was_not_cut(
    kind: Any, sampler: str, batch: int
) -> None:
    seen, n = scaling(kind), 36 // batch

    def real(x: Any) -> Any:
        return np.where(np.floor(x.sum(axis=1) * 1e5) % 6 == 0, np.inf, loss(seen.real(x)))

    whole = go_on(typed(kind, sampler=sampler, batch_size=batch), real, n)
    for cut in (1, 5, n // 2, n - 1):
        again = typed(kind, sampler=sampler, batch_size=batch)
        assert replay(again, whole[:cut], seen.bounds) is None
        assert same(whole[cut:], go_on(again, real, n - cut))


def test_trials_that_are_known_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from paramsrun.optimizers.study.sampling import Sampling

    whole = run(optimizers["Optuna"](), n=30)
    again = start(optimizers["Optuna"]())
    drawn: list[int] = []
    draw = Sampling.draw
    monkeypatch.setattr(Sampling, "draw", lambda s, *n: (drawn.append(*n), draw(s, *n))[1])
    assert replay(again, whole[:20], BOX) is None
    assert drawn == []
    assert same(whole[20:], go_on(again, n=10))
    assert drawn == [*range(20, 30)]


@pytest.mark.parametrize("known", [[0], [1, 3], [0, 1, 2]])
def test_a_batch_of_which_some_are_known_is_the_same(known: list[int]) -> None:
    whole = run(optimizers["Optuna"](batch_size=4), n=5)
    again = start(optimizers["Optuna"](batch_size=4))
    assert replay(again, whole[:4], BOX) is None
    remind(again, whole[4].x[known], known)
    assert np.array_equal(again.ask(), whole[4].x)


def test_a_drawn_search_is_the_one_that_is_known() -> None:
    whole = run(optimizers["Optuna"](batch_size=2), n=20)
    again = start(optimizers["Optuna"](batch_size=2))
    for x, fx, _ in whole:
        assert np.array_equal(again.ask(), x)
        again.tell(x, fx)


def test_failed_points_are_trials_that_tpe_avoids() -> None:
    def fails_far_off(x: Any) -> Any:
        return np.where(abs(x[:, 0] - 0.4) > 0.25, np.inf, bowl(x))

    told = run(optimizers["Optuna"](number_of_trials=60), loss=fails_far_off)
    failed = np.concatenate([np.isinf(batch.fx) for batch in told])
    assert len(failed) == 60
    assert failed[30:].mean() < 0.3 < failed[:10].mean()


def test_a_search_without_a_finite_loss_has_failed() -> None:
    proposer = start(optimizers["Optuna"](number_of_trials=5))
    go_on(proposer, lambda x: np.full(len(x), np.inf))
    assert proposer.ended == ("failed", "no finite loss: all 5 trials evaluated")


def test_it_ends_after_so_many_trials_without_a_better_one() -> None:
    proposer = start(optimizers["Optuna"](number_of_bad_trials=7))
    told = go_on(proposer, lambda x: np.ones(len(x)))
    assert len(told) == 8
    assert proposer.ended == ("converged", "no better trial among the last 7")


def test_tpe_learns_from_points_of_others() -> None:
    found = []
    for offers in (0, 20):
        proposer = start(optimizers["Optuna"]())
        for k in range(offers):
            proposer.inject(np.array([0.9 + 0.001 * k, 0.9]), -1.0 - k)
        go_on(proposer, n=12)
        x = np.vstack([told.x for told in go_on(proposer, n=10)])
        found.append(np.linalg.norm(x - 0.9, axis=1).mean())
    assert found[1] < 0.5 * found[0]


def test_choices_that_are_equal_in_python_are_told_apart() -> None:
    space = (Dimension("k", 0.0, 2.0, "categorical", choices=(1, True, "1")),)
    seen = scaling(space=space)
    settings = scaled_by(optimizers["Optuna"](sampler="Random", number_of_trials=30), seen)
    proposer = settings.start(seen.bounds, np.zeros(1), np.random.default_rng(1))
    x = np.vstack([told.x for told in go_on(proposer, lambda x: x[:, 0], 30)])
    assert set(x[:, 0]) == {0.0, 1.0, 2.0}


def test_what_optuna_logs_elsewhere_is_left_as_it_was() -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    run(optimizers["Optuna"](), n=12)
    assert optuna.logging.get_verbosity() == before


def test_a_sampler_takes_its_options() -> None:
    many = run(optimizers["Optuna"](settings={"n_startup_trials": 40}), n=30)
    few = run(optimizers["Optuna"](settings={"n_startup_trials": 3}), n=30)
    assert same(many[:3], few[:3])
    assert not same(many, few)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            "    Settings\n      n_startup_trails 3\n    End\n",
            ":5:7: Optimizer%Optuna%Settings%n_startup_trails is not an option of TPE; "
            "did you mean n_startup_trials?",
        ),
        (
            "    Settings\n      seed 3\n    End\n",
            ":5:7: Optimizer%Optuna%Settings%seed cannot be set: give RandomSeed as a key",
        ),
        (
            "    Sampler QMC\n    Settings\n      qmc_type grid\n    End\n",
            "Optimizer%Optuna%Settings are refused by QMC: ValueError: The `qmc_type='grid'`",
        ),
        ("    StudyName a\n", ":4:15: Optimizer%Optuna%StudyName goes with a Storage"),
        (
            "    Storage sqlite:///a.db\n",
            ":4:13: Optimizer%Optuna%Storage goes with a StudyName",
        ),
        (
            "    Storage sqlite:///a.db\n    StudyName a\n    BatchSize 3\n",
            ":6:15: Optimizer%Optuna%BatchSize must be 1 with a Storage, not 3",
        ),
        (
            "    Storage postgresql://me:secret@host/db\n    StudyName a\n",
            ":4:13: Optimizer%Optuna%Storage must name its driver: write "
            "postgresql+psycopg://me:***@host/db, not postgresql://me:***@host/db",
        ),
    ],
)
def test_wrong_keys_are_told_where_they_stand(keys: str, told: str) -> None:
    mistakes = told_by(keys)
    assert len(mistakes) == 1
    assert told in mistakes[0]


def test_a_missing_library_is_told_with_what_installs_it() -> None:
    program = (
        "import sys; sys.modules['optuna'] = None; import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'optuna' else find(name, *a)\n"
        "from paramsrun.settings.families import optimizers; import json\n"
        "print(json.dumps(list(optimizers['Optuna']().mistakes())))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(done.stdout) == [
        "Sampler TPE needs the library optuna, which is not installed: "
        "pip install 'paramsrun[study]'"
    ]


def test_gaussian_processes_go_on_as_if_not_cut() -> None:
    pytest.importorskip("torch")
    whole = run(optimizers["Optuna"](sampler="GP"), n=14)
    again = start(optimizers["Optuna"](sampler="GP"))
    assert replay(again, whole[:12], BOX) is None
    assert same(whole[12:], go_on(again, n=2))
    drawn = start(optimizers["Optuna"](sampler="GP"))
    for told in whole:
        assert isinstance(told, Told)
        assert np.array_equal(drawn.ask(), told.x)
        drawn.tell(told.x, told.fx)
