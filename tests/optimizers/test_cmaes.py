import cma
import numpy as np
import pytest

from paramsrun.optimizers.cmaes import CMAES

BOX = np.tile([0.0, 1.0], (3, 1))
X0 = np.array([0.3, 0.4, 0.5])


def bowl(x):
    return ((x - 0.6) ** 2).sum(axis=1)


def rosenbrock(x):
    x = 4.0 * x - 2.0
    return (100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2).sum(axis=1)


def start(optimizer, bounds=BOX, x0=X0, seed=1):
    return optimizer.start(bounds, x0, np.random.default_rng(seed))


def run(optimizer, loss=bowl, n=2000, **how):
    proposer = start(optimizer, **how)
    batches = []
    while proposer.ended is None and len(batches) < n:
        x = proposer.ask()
        fx = loss(x)
        proposer.tell(x, fx)
        batches.append((x, fx))
    return proposer.ended, batches


def best(batches):
    x, fx = batches[-1]
    return x[np.argmin(fx)]


def test_it_finds_the_minimum_of_a_bowl():
    ended, batches = run(CMAES())
    assert ended.how == "converged"
    assert ended.reason.startswith("tolfun 1e-11 (the losses of the last generations differ")
    assert best(batches) == pytest.approx(np.full(3, 0.6), abs=1e-5)


def test_it_finds_the_minimum_of_rosenbrock():
    _, batches = run(CMAES(), rosenbrock, bounds=BOX[:2], x0=np.array([0.2, 0.2]))
    assert best(batches) == pytest.approx(np.full(2, 0.75), abs=1e-4)


def test_it_finds_a_minimum_in_a_corner():
    _, batches = run(CMAES(), lambda x: x.sum(axis=1))
    assert best(batches) == pytest.approx(np.zeros(3), abs=1e-5)


@pytest.mark.parametrize(("n", "popsize"), [(1, 4), (2, 6), (3, 7), (10, 10), (50, 15)])
def test_the_default_population_grows_with_the_logarithm_of_n(n, popsize):
    proposer = start(CMAES(), np.tile([0.0, 1.0], (n, 1)), np.full(n, 0.5))
    assert proposer.ask().shape == (popsize, n)


def test_popsize_sets_the_population():
    assert start(CMAES(popsize=23)).ask().shape == (23, 3)
    assert start(CMAES(settings={"PopSize": 11})).ask().shape == (11, 3)


@pytest.mark.parametrize("x0", [X0, np.array([0.0, 1.0, 0.5]), np.array([0.1, 0.7, 1.0])])
def test_the_first_candidate_is_exactly_x0(x0):
    assert np.array_equal(start(CMAES(), x0=x0).ask()[0], x0)


@pytest.mark.parametrize("settings", [{}, {"BoundaryHandler": "BoundPenalty"}])
@pytest.mark.parametrize("sigma0", [0.2, 3.0])
def test_candidates_stay_inside_the_bounds(settings, sigma0):
    _, batches = run(CMAES(sigma0=sigma0, settings=settings), lambda x: x.sum(axis=1), n=60)
    assert all(((x >= 0.0) & (x <= 1.0)).all() for x, _ in batches)


def test_sigma0_is_the_first_standard_deviation():
    narrow, wide = (start(CMAES(popsize=400, sigma0=s)).ask()[1:] for s in (0.01, 0.05))
    assert narrow.std(axis=0) == pytest.approx(0.01, rel=0.15)
    assert wide.std(axis=0) == pytest.approx(0.05, rel=0.15)


def test_min_sigma_ends_it():
    ended, batches = run(CMAES(min_sigma=0.01))
    assert ended.how == "converged"
    assert ended.reason.startswith("sigma 0.00")
    assert ended.reason.endswith("is below MinSigma 0.01")
    assert len(batches) < len(run(CMAES())[1])


def test_a_limit_that_the_user_gives_counts_as_converged():
    ended, batches = run(CMAES(settings={"maxiter": 5}))
    assert ended == ("converged", "maxiter 5 (so many generations were asked for)")
    assert len(batches) == 5
    ended, batches = run(CMAES(settings={"maxfevals": 50}))
    assert ended.reason.startswith("maxfevals 50")
    assert len(batches) == 8


def test_the_default_limit_on_generations_does_not_hold():
    default = int(100 + 150 * (2 + 3) ** 2 // 100**0.5)
    turn = 0.0

    def restless(x):
        nonlocal turn
        turn += 0.1
        target = 0.5 + 0.3 * np.array([np.cos(turn), np.sin(turn)])
        return ((x - target) ** 2).sum(axis=1)

    optimizer = CMAES(popsize=100, settings={"tolupsigma": 1e100})
    ended, batches = run(optimizer, restless, default + 10, bounds=BOX[:2], x0=X0[:2])
    assert ended is None
    assert len(batches) == default + 10


def test_generations_that_fail_as_a_whole_end_nothing():
    n_asked = 0

    def loss(x):
        nonlocal n_asked
        n_asked += 1
        return np.full(len(x), np.inf) if 4 <= n_asked <= 9 else bowl(x)

    ended, batches = run(CMAES(), loss)
    assert ended.reason.startswith("tolfun ")
    assert best(batches) == pytest.approx(np.full(3, 0.6), abs=1e-5)


def test_never_a_finite_loss_is_a_failure_in_the_end():
    ended, batches = run(CMAES(), lambda x: np.full(len(x), np.inf))
    assert ended.how == "failed"
    assert ended.reason.startswith("no finite loss: ")
    assert len(batches) > 20


def test_a_plateau_ends_it():
    ended, _ = run(CMAES(), lambda x: np.ones(len(x)))
    assert ended.how == "converged"
    assert ended.reason.startswith("tolfun ")


def test_candidates_come_from_the_generator_given():
    same = [run(CMAES(), n=3, seed=4)[1][-1][0] for _ in range(2)]
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], run(CMAES(), n=3, seed=5)[1][-1][0])


@pytest.mark.parametrize(
    "settings",
    [{}, {"CMA_diagonal": 5}, {"CMA_elitist": True}, {"CMA_mirrors": 2}, {"AdaptSigma": False}],
)
def test_options_that_change_the_sampling_leave_the_global_generator_alone(settings):
    np.random.seed(7)  # noqa: NPY002
    before = str(np.random.get_state())  # noqa: NPY002
    runs = [run(CMAES(settings=settings), n=12)[1][-1][0] for _ in range(2)]
    assert str(np.random.get_state()) == before  # noqa: NPY002
    assert np.array_equal(*runs)


def test_hundreds_of_parameters_leave_the_global_generator_alone():
    np.random.seed(7)  # noqa: NPY002
    before = str(np.random.get_state())  # noqa: NPY002
    run(CMAES(popsize=6), n=6, bounds=np.tile([0.0, 1.0], (310, 1)), x0=np.full(310, 0.5))
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_what_is_injected_shifts_the_next_population():
    first = []
    for offer in ([0.9, 0.4, 0.5], [0.0, 0.4, 0.5]):
        proposer = start(CMAES(sigma0=0.02))
        proposer.tell(x := proposer.ask(), bowl(x))
        proposer.inject(np.array(offer), 0.1)
        proposer.inject(np.array([0.3, 0.9, 0.9]), 0.5)
        first.append(proposer.ask()[0])
    apart = first[0] - first[1]
    assert apart[0] > 0.02
    assert abs(apart[1:]).max() < 0.2 * apart[0]


def test_what_is_injected_before_the_first_population_waits_for_the_second():
    proposer = start(CMAES())
    proposer.inject(np.array([0.9, 0.9, 0.9]), 0.1)
    first = proposer.ask()
    assert np.array_equal(first, start(CMAES()).ask())
    proposer.tell(first, bowl(first))
    undisturbed = start(CMAES())
    undisturbed.tell(first := undisturbed.ask(), bowl(first))
    assert not np.array_equal(proposer.ask(), undisturbed.ask())


@pytest.mark.parametrize(
    ("optimizer", "mistake"),
    [
        (CMAES(popsize=1), "Popsize must be at least 2, or 0 for 4 + floor(3 ln n), not 1"),
        (
            CMAES(settings={"tolfum": 1e-9}),
            "Settings tolfum is not an option of pycma; did you mean tolfun?",
        ),
        (
            CMAES(settings={"seed": "time"}),
            "Settings seed must be a whole number, 0 or more, not 'time'",
        ),
        (CMAES(settings={"seed": -1}), "Settings seed must be a whole number, 0 or more, not -1"),
        (
            CMAES(settings={"tolfun": "small"}),
            "Settings tolfun must be a number or an expression of N, not 'small'",
        ),
        (
            CMAES(settings={"verb_log": 1}),
            "Settings verb_log cannot be set: the run keeps the log",
        ),
        (
            CMAES(settings={"bounds": [0, 1]}),
            "Settings bounds cannot be set: the bounds come from the parameter interface",
        ),
        (
            CMAES(popsize=8, settings={"popsize": 9}),
            "Settings popsize says again what Popsize says: leave one out",
        ),
    ],
)
def test_mistakes_in_the_settings_are_told(optimizer, mistake):
    assert list(optimizer.mistakes()) == [mistake]


def test_good_settings_have_no_mistakes():
    settings = {
        "seed": 112,
        "tolfun": 1e-9,
        "CMA_active": False,
        "popsize": "4*N",
        "CMA_elitist": "initial",
        "CMA_stds": [1.0, 2.0, 1.0],
        "BoundaryHandler": "BoundPenalty",
        "TIMEOUT": "2 * 60**2",
    }
    optimizer = CMAES(settings=settings)
    assert list(optimizer.mistakes()) == []
    assert optimizer.random_seed == 112
    assert start(optimizer).ask().shape == (12, 3)


def test_every_option_of_pycma_is_known_whatever_its_case():
    names = [name.upper() for name in cma.CMAOptions.defaults()]
    told = " ".join(CMAES(settings=dict.fromkeys(names, 1)).mistakes())
    assert "is not an option" not in told


def test_a_bad_value_that_pycma_refuses_is_a_failure_with_its_words():
    ended, batches = run(CMAES(settings={"popsize": 1}))
    assert ended == ("failed", "pycma: ValueError: number of weights must be >=2, was 1")
    assert batches == []
