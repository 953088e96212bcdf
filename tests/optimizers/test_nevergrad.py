import functools
import gc
import subprocess
import sys
import threading
from importlib.util import find_spec

import numpy as np
import pytest

from paramsrun.errors import Findings, UsageError
from paramsrun.optimizers.cmaes import pycma
from paramsrun.optimizers.lent_generator import random_state
from paramsrun.optimizers.nevergrad import Nevergrad
from paramsrun.optimizers.replay import Injected, Told, replay
from paramsrun.settings.read_job import read_job
from tests.cli.jobs import evaluations_of, function_job, paramsrun
from tests.families.test_every_optimizer import now_and_then
from tests.resuming.runs import SEED, cut_after, done, go_on, until

needs_nevergrad = pytest.mark.skipif(
    find_spec("nevergrad") is None, reason="nevergrad is not installed"
)
BOX = np.array([[0.0, 1.0], [-1.0, 1.0], [0.0, 1.0]])
X0 = np.array([0.25, 0.5, 0.75])
BEST = np.array([0.6, -0.2, 0.3])
NAMES = [
    *("NGOpt", "TBPSA", "CMA", "DE", "TwoPointsDE", "PSO", "OnePlusOne", "RandomSearch", "EDA"),
    *("Cobyla", "NelderMead", "Powell", "SQP", "RCobyla", "BFGS", "NaiveTBPSA", "SPSA"),
    *("LognormalDiscreteOnePlusOne", "DSproba", "MultiDS", "CmaFmin2", "LHSSearch", "SQPCMA"),
    "ChainCMAPowell",
]
"""Some draw from numpy's global generator, run in threads, or take their seed from the clock."""
IN_THREADS = ["Cobyla", "NelderMead", "DSproba", "MultiDS", "ChainCMAPowell"]


def start(name="TBPSA", seed=1, bounds=BOX, x0=X0, **keys):
    optimizer = Nevergrad(algorithm=name, **keys)
    return optimizer.start(bounds, x0, np.random.default_rng(seed))


def bowl(x):
    return 1.0 + ((x - BEST) ** 2).sum(axis=1)


def go(proposer, loss=bowl, n=10_000):
    told = []
    while proposer.ended is None and len(told) < n:
        x = proposer.ask()
        told.append(Told(x, loss(x)))
        proposer.tell(*told[-1][:2])
    return told


def run(name="TBPSA", loss=bowl, **how):
    proposer = start(name, **how)
    told = go(proposer, loss)
    proposer.close()
    return proposer.ended, told


def points(told):
    return np.vstack([one.x for one in told])


def mistakes(**keys):
    return list(Nevergrad(**keys).mistakes())


pytestmark = needs_nevergrad
every_name = pytest.mark.parametrize("name", NAMES)


def test_points_are_those_of_nevergrad_itself():
    import nevergrad

    array = nevergrad.p.Array(init=X0, lower=BOX[:, 0], upper=BOX[:, 1])
    array.random_state = random_state(np.random.default_rng(1))
    own = nevergrad.optimizers.registry["TwoPointsDE"](array, budget=90, num_workers=3)
    expected = []
    for _ in range(30):
        asked = [own.ask() for _ in range(3)]
        for candidate in asked:
            own.tell(candidate, float(bowl(candidate.value[None])[0]))
        expected += [candidate.value for candidate in asked]
    _, told = run("TwoPointsDE", budget=90, num_workers=3)
    assert np.array_equal(points(told), expected)


@every_name
def test_replay_repeats_it_bit_for_bit(name):
    np.random.seed(1)  # noqa: NPY002
    ended, whole = run(name, budget=120)
    assert ended == ("converged", "all 120 evaluations of Budget made")
    for cut in (0, 1, 50, 119):
        np.random.seed(2 + cut)  # noqa: NPY002
        resumed = start(name, budget=120)
        assert replay(resumed, whole[:cut], BOX) is None
        rest = go(resumed)
        resumed.close()
        assert np.array_equal(points(rest), points(whole[cut:]))
        assert resumed.ended == ended


@every_name
def test_replay_repeats_it_with_failures_and_offers(name):
    history, proposer = [], start(name, budget=90)
    while proposer.ended is None:
        history += go(proposer, now_and_then(bowl), n=1)
        if len(history) % 4 == 0 and proposer.ended is None and proposer.takes_offers:
            history.append(Injected(BEST, 1.0))
            proposer.inject(*history[-1])
    proposer.close()
    resumed = start(name, budget=90)
    assert replay(resumed, history, BOX) is None
    resumed.close()
    assert resumed.ended == proposer.ended


@every_name
def test_it_leaves_the_global_generator_and_the_defaults_of_pycma_alone(name):
    np.random.seed(7)  # noqa: NPY002
    before = str(np.random.get_state()), dict(pycma().CMAOptions.defaults())  # noqa: NPY002
    run(name, budget=60)
    assert (str(np.random.get_state()), dict(pycma().CMAOptions.defaults())) == before  # noqa: NPY002


@pytest.mark.parametrize("name", ["CMA", "TwoPointsDE", "OnePlusOne", "Cobyla", "SQP"])
def test_it_finds_the_minimum_of_a_bowl(name):
    _, told = run(name, budget=600)
    losses = np.concatenate([fx for _, fx, *_ in told])
    assert points(told)[np.argmin(losses)] == pytest.approx(BEST, abs=0.02)


def test_two_optimizers_in_threads_do_not_disturb_each_other():
    alone = [points(run("MultiDS", seed=seed, budget=60)[1]) for seed in (1, 2)]
    pair = [start("MultiDS", seed=seed, budget=60) for seed in (1, 2)]
    together = [[], []]
    while pair[0].ended is None:
        for proposer, told in zip(pair, together, strict=True):
            told += go(proposer, n=1)
    for proposer in pair:
        proposer.close()
    assert all(np.array_equal(a, points(b)) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("n", [0, 1, 30, 200])
@pytest.mark.parametrize("name", IN_THREADS)
def test_no_thread_is_left(name, n):
    before = threading.enumerate()
    proposer = start(name, budget=100)
    go(proposer, n=n)
    proposer.close()
    gc.collect()
    assert {*threading.enumerate()} <= {*before}  # one of another test may have ended


def test_a_thread_that_nobody_closed_does_not_keep_the_process_from_ending():
    program = (
        "import numpy as np; from paramsrun.optimizers.nevergrad import Nevergrad\n"
        "bounds, rng = np.array([[0.0, 1.0]]), np.random.default_rng(1)\n"
        "running = Nevergrad(algorithm='Cobyla').start(bounds, np.array([0.5]), rng)\n"
        "raise SystemExit(running.ask()[0, 0] == 0.5)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], timeout=60)
    assert ended.returncode == 1


@pytest.mark.parametrize(("workers", "sizes"), [(1, [1] * 10), (4, [4, 4, 2]), (20, [10])])
def test_it_asks_for_as_many_as_it_is_told_and_keeps_to_its_budget(workers, sizes):
    _, told = run(budget=10, num_workers=workers)
    assert [len(fx) for _, fx, *_ in told] == sizes


def test_it_fails_where_no_loss_was_finite():
    ended, _ = run(budget=10, loss=lambda x: np.full(len(x), np.inf))
    assert ended == ("failed", "no finite loss: all 10 evaluations of Budget made")


@pytest.mark.parametrize("name", ["CMA", "DE", "PSO", "OnePlusOne", "TBPSA", "ES"])
def test_it_learns_from_a_better_point_of_another(name):
    proposer, unaware = start(name, budget=150), start(name, budget=150)
    go(proposer, n=5)
    go(unaware, n=5)
    proposer.inject(BEST, 1.0)
    assert proposer.takes_offers
    told, other = go(proposer), go(unaware)
    assert not np.array_equal(points(told), points(other))
    proposer.close()
    unaware.close()


@pytest.mark.parametrize("name", [*IN_THREADS, "NGOpt", "EDA", "SPSA"])
def test_one_that_cannot_learn_takes_no_offers(name):
    _, undisturbed = run(name, budget=50)
    proposer = start(name, budget=50)
    assert not proposer.takes_offers
    told = go(proposer, n=9)
    proposer.inject(BEST, 0.0)
    told += go(proposer)
    proposer.close()
    assert np.array_equal(points(told), points(undisturbed))


def test_a_seed_among_the_settings_is_the_runs_affair():
    optimizer = Nevergrad(algorithm="DE", settings={"Seed": 112, "popsize": 7})
    assert optimizer.random_seed == 112
    assert optimizer.options == {"popsize": 7}
    assert list(optimizer.mistakes()) == []


def test_options_are_those_of_nevergrad():
    _, small = run("DE", budget=60, settings={"PopSize": 7})
    _, usual = run("DE", budget=60)
    assert not np.array_equal(points(small), points(usual))


def test_the_name_may_be_written_in_any_case():
    _, told = run("twopointsde", budget=20)
    assert np.array_equal(points(told), points(run("TwoPointsDE", budget=20)[1]))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"algorithm": "TwoPointDE"},
            "Algorithm TwoPointDE is no name in nevergrad's registry; did you mean TwoPointsDE? ",
        ),
        (
            {"algorithm": "SMAC3"},
            "Algorithm SMAC3 cannot be had: it takes its seed from the clock, so it would not "
            "resume exactly",
        ),
        (
            {"algorithm": "Cobyla", "num_workers": 4},
            "NumWorkers must be 1 for Cobyla, not 4: it asks for one point at a time",
        ),
        (
            {"algorithm": "PSO", "settings": {"popsizes": 4}},
            "Settings popsizes is not an option of PSO; did you mean popsize? (known: ",
        ),
        (
            {"algorithm": "NGOpt", "settings": {"popsize": 4}},
            "Settings popsize is not an option of NGOpt (it has none)",
        ),
        (
            {"settings": {"budget": 100}},
            "Settings budget cannot be set: give Budget as a key",
        ),
        (
            {"algorithm": "DE", "settings": {"crossover": "sideways"}},
            "Settings crossover sideways is refused by nevergrad for DE: AssertionError: assert ",
        ),
        (
            {"algorithm": "DE", "settings": {"popsize": "abc", "scale": 2.0}},
            "Settings popsize abc is refused by nevergrad for DE: AssertionError: assert ",
        ),
        (
            {"settings": {"seed": -1}},
            "Settings seed must be a whole number, 0 or more, not -1",
        ),
    ],
)
def test_a_mistake_is_told(keys, told):
    (sentence,) = mistakes(**keys)
    assert sentence.startswith(told)


def test_a_refused_option_is_told_with_its_default():
    (sentence,) = mistakes(algorithm="DE", settings={"popsize": "abc"})
    assert "popsize" in sentence.partition("assert ")[2]
    assert sentence.endswith("; by default it has popsize standard")


def test_a_refused_option_is_told_where_it_stands(tmp_path):
    block = "Optimizer\n  Type Nevergrad\n  Nevergrad\n    Algorithm DE\n    Settings\n"
    keys = "      popsize abc\n    End\n  End\nEnd\n"
    result = paramsrun("check", function_job(tmp_path, text=block + keys))
    assert result.exit_code == 2
    at = "params.in:9:7: Optimizer%Nevergrad%Settings%popsize abc is refused by nevergrad for DE: "
    assert at in result.output


def test_one_that_nevergrad_refuses_to_make_prints_nothing(capfd):
    keys = {"algorithm": "MetaModelDSproba", "num_workers": 7}
    refusal = "ValueError: _NonObjectMinimizeBase does not support parallelization"
    assert mistakes(**keys) == [f"Algorithm MetaModelDSproba is refused by nevergrad: {refusal}"]
    assert run("MetaModelDSproba", num_workers=7) == (("failed", f"nevergrad: {refusal}"), [])
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_each_refused_name_is_one_of_nevergrads():
    import nevergrad

    from paramsrun.optimizers.nevergrad_library import _NO_REPEAT

    assert set(_NO_REPEAT) <= set(nevergrad.optimizers.registry)
    assert all(len(mistakes(algorithm=name)) == 1 for name in _NO_REPEAT)


def test_an_algorithm_that_needs_another_library_says_so():
    if find_spec("pybobyqa") is not None:
        pytest.skip("pybobyqa is installed")
    ended, told = run("BOBYQA", budget=10)
    assert ended == ("failed", "nevergrad: ModuleNotFoundError: No module named 'pybobyqa'")
    assert told == []


def test_a_choice_that_has_no_seed_is_not_followed():
    from nevergrad.optimization.recaster import _MessagingThread

    from paramsrun.optimizers.nevergrad_threads import Threads, Unfit

    class Smac:
        method = "SMAC3"

    def minimize(smac, function):
        return function(smac)

    threads, thread = Threads(), _MessagingThread(functools.partial(minimize, Smac()))
    with (
        pytest.raises(Unfit, match="it has chosen SMAC3, which cannot be given a seed"),
        threads.noted(),
    ):
        thread.start()
    threads.close()
    assert not thread.is_alive()


def test_a_second_candidate_of_one_that_has_one_at_a_time_is_not_waited_for():
    from nevergrad.optimization.recaster import _MessagingThread

    from paramsrun.optimizers.nevergrad_threads import Threads, Unfit

    threads = Threads()
    with threads.noted():
        thread = _MessagingThread(lambda function: function(1.0) + function(2.0))
        thread.start()
    assert thread.messages_ask.get() == 1.0
    with pytest.raises(Unfit, match="NumWorkers must be 1"):
        thread.messages_ask.get()
    thread.messages_tell.put(5.0)
    assert thread.messages_ask.get() == 2.0
    threads.close()
    assert not thread.is_alive()


JOB = """\
Evaluator Type=Inline
Optimizer
  Type Nevergrad
  Nevergrad
    Algorithm PSO
    Budget 40
    NumWorkers 3
    Settings
      popsize 6
      seed 4
    End
  End
End
"""


def test_a_job_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done(paramsrun(function_job(tmp_path / "job", text=JOB + SEED + until(60))))
    whole = [(e["n"], e["x"], e["fx"]) for e in evaluations_of(tmp_path / "params.results")]
    assert len(whole) == 60
    cut_after(tmp_path / "params.results", 17, "killed.results")
    done(go_on(origin="killed.results"))
    resumed = evaluations_of(tmp_path / "resume.results")
    assert [(e["n"], e["x"], e["fx"]) for e in resumed] == whole


@pytest.fixture
def _without_nevergrad(monkeypatch):
    monkeypatch.setitem(sys.modules, "nevergrad", None)


INSTALL = "needs the library nevergrad, which is not installed: pip install 'paramsrun[nevergrad]'"


@pytest.mark.usefixtures("_without_nevergrad")
def test_a_missing_library_is_told_at_the_key(tmp_path):
    file = function_job(tmp_path / "job", text=JOB)
    findings = Findings()
    read_job(str(file), findings)
    (mistake,) = findings.mistakes
    assert str(mistake) == f"{file}:8:15: Optimizer%Nevergrad%Algorithm PSO {INSTALL}"


@pytest.mark.usefixtures("_without_nevergrad")
def test_a_missing_library_is_told_where_it_starts():
    with pytest.raises(UsageError, match="Nevergrad%Algorithm TBPSA needs the library nevergrad"):
        start()


def test_a_missing_library_is_told_where_a_job_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done(paramsrun(function_job(tmp_path / "job", text=JOB + SEED + until(20))))
    monkeypatch.setitem(sys.modules, "nevergrad", None)
    result = go_on(until(30), origin="params.results")
    assert result.exit_code == 2
    assert INSTALL in result.output
    assert len(result.output.strip().splitlines()) == 1
