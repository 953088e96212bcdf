import typing

import numpy as np
import pytest
import scipy.optimize

from paramsrun.optimizers import scipy_methods, scipy_options
from paramsrun.optimizers.scipy import Scipy

METHODS = typing.get_args(typing.get_type_hints(Scipy)["algorithm"])
LOCAL = tuple(m for m in METHODS if m not in scipy_options.GLOBAL)
BOX = np.array([[0.0, 1.0], [-1.0, 1.0]])
X0 = np.array([0.3, 0.5])


def bowl(x):
    return (((x - [0.6, -0.2]) ** 2) * [1.0, 3.0]).sum(axis=1)


def rosenbrock(x):
    return 100.0 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1.0 - x[:, 0]) ** 2


def start(optimizer, bounds=BOX, x0=X0, seed=1):
    return optimizer.start(bounds, x0, np.random.default_rng(seed))


def run(optimizer, loss=bowl, n=20_000, **how):
    proposer = start(optimizer, **how)
    batches = []
    while proposer.ended is None and len(batches) < n:
        x = proposer.ask()
        inside = ((x >= BOX[:, 0]) & (x <= BOX[:, 1])).all(axis=1)
        fx = np.where(inside, loss(x), np.inf)
        proposer.tell(x, fx)
        batches.append((x, fx))
    proposer.close()
    return proposer.ended, batches


def best(batches):
    x, fx = (np.concatenate(part) for part in zip(*batches, strict=True))
    return x[np.argmin(fx)]


def n_points(batches):
    return sum(len(fx) for _, fx in batches)


every_method = pytest.mark.parametrize("method", METHODS)
every_local_method = pytest.mark.parametrize("method", LOCAL)


@every_method
def test_it_finds_the_minimum_of_a_bowl(method):
    ended, batches = run(Scipy(algorithm=method))
    assert ended.how == "converged"
    assert best(batches) == pytest.approx([0.6, -0.2], abs=2e-3)


@pytest.mark.parametrize(
    "method", ["Nelder-Mead", "Powell", "L-BFGS-B", "BFGS", "SLSQP", "COBYQA", "trust-constr"]
)
def test_it_finds_the_minimum_of_rosenbrock(method):
    _, batches = run(Scipy(algorithm=method), rosenbrock, x0=np.array([0.2, 0.6]))
    assert best(batches) == pytest.approx([1.0, 1.0], abs=1e-2)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("CG", "BFGS", "COBYLA")])
def test_points_stay_inside_the_bounds(method):
    _, batches = run(Scipy(algorithm=method), lambda x: x.sum(axis=1), n=300)
    for x, _ in batches:
        assert (x >= BOX[:, 0] - 1e-12).all()
        assert (x <= BOX[:, 1] + 1e-12).all()


@pytest.mark.parametrize("method", ["CG", "BFGS"])
def test_gradients_are_taken_inside_the_bounds(method):
    corner = BOX[:, 1]
    proposer = start(Scipy(algorithm=method), x0=corner)
    proposer.tell(x := proposer.ask(), bowl(x))
    columns = proposer.ask()
    assert columns.shape == (2, 2)
    assert (columns <= corner).all()
    proposer.close()


@pytest.mark.parametrize("method", [m for m in LOCAL if m != "COBYQA"])
def test_local_methods_begin_at_x0(method):
    assert start(Scipy(algorithm=method)).ask().tolist() == [X0.tolist()]


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell", "L-BFGS-B", "SLSQP"])
def test_points_are_those_of_scipy_itself(method):
    seen = []

    def function(x):
        seen.append(x.copy())
        return rosenbrock(x[None])[0]

    scipy.optimize.minimize(function, X0, method=method, bounds=BOX)
    _, batches = run(Scipy(algorithm=method), rosenbrock)
    n = min(40, len(seen))
    assert np.array_equal(np.vstack([x for x, _ in batches])[:n], seen[:n])


def test_maxfun_counts_the_points_of_gradients():
    ended, batches = run(Scipy(algorithm="L-BFGS-B", settings={"maxfun": 9}), rosenbrock)
    assert ended == ("converged", "the 9 evaluations that maxfun allows are made")
    assert n_points(batches) == 9


def test_a_gradient_is_one_batch():
    sizes = [len(x) for x, _ in run(Scipy(algorithm="L-BFGS-B"))[1]]
    assert sizes[:4] == [1, 2, 1, 2]


def test_a_population_is_one_batch():
    sizes = {len(x) for x, _ in run(Scipy(algorithm="differential_evolution"), n=20)[1]}
    assert sizes == {30}
    immediate = Scipy(algorithm="differential_evolution", settings={"updating": "immediate"})
    assert {len(x) for x, _ in run(immediate, n=20)[1]} == {1}


@pytest.mark.parametrize(
    ("method", "option", "at_most"),
    [
        ("Nelder-Mead", "maxfev", 21),
        ("Nelder-Mead", "maxiter", 45),
        ("Powell", "maxfev", 40),
        ("CG", "maxiter", 250),
        ("BFGS", "maxiter", 200),
        ("L-BFGS-B", "maxfun", 23),
        ("L-BFGS-B", "maxiter", 200),
        ("TNC", "maxfun", 23),
        ("COBYLA", "maxiter", 20),
        ("COBYQA", "maxfev", 20),
        ("SLSQP", "maxiter", 200),
        ("trust-constr", "maxiter", 100),
        ("differential_evolution", "maxiter", 1000),
        ("direct", "maxfun", 120),
    ],
)
def test_a_limit_that_the_user_gives_counts_as_converged(method, option, at_most):
    ended, batches = run(Scipy(algorithm=method, settings={option: 20}), rosenbrock)
    assert ended.how == "converged"
    assert n_points(batches) <= at_most


@pytest.mark.parametrize(
    ("method", "default"), [("Nelder-Mead", 400), ("TNC", 100), ("L-BFGS-B", 15_000)]
)
def test_default_limits_do_not_hold(method, default):
    n_asked = 0

    def restless(x):
        nonlocal n_asked
        n_asked += len(x)
        return -float(n_asked) - x.sum(axis=1)

    settings = {"Nelder-Mead": {"xatol": 0, "fatol": 0}}.get(method, {"ftol": 0, "gtol": 0})
    proposer = start(Scipy(algorithm=method, settings=settings))
    while proposer.ended is None and n_asked <= default + 50:
        x = proposer.ask()
        proposer.tell(x, restless(x))
    reason = proposer.ended.reason if proposer.ended else ""
    assert "max" not in reason.lower()
    proposer.close()


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("direct", "shgo")])
def test_it_goes_on_past_a_failed_point(method):
    n_asked = 0

    def loss(x):
        nonlocal n_asked
        n_asked += len(x)
        return np.where(n_asked - len(x) <= 3 < n_asked, np.inf, bowl(x))

    _, batches = run(Scipy(algorithm=method), loss)
    assert best(batches) == pytest.approx([0.6, -0.2], abs=2e-2)


@every_method
def test_no_finite_loss_at_all_is_never_called_converged(method):
    ended, _ = run(Scipy(algorithm=method), lambda x: np.full(len(x), np.inf), n=1500)
    assert ended is None or ended.how == "failed"


@pytest.mark.parametrize("method", scipy_options.RANDOMISED)
def test_randomised_methods_draw_from_the_generator_given(method):
    first, again, other = (
        np.vstack([x for x, _ in run(Scipy(algorithm=method), n=80, seed=s)[1]]) for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_local_method_may_be_chosen_inside_a_global_one():
    pair = [
        start(Scipy(algorithm="basinhopping", settings={"minimizer_kwargs": {"method": "COBYQA"}}))
        for _ in range(2)
    ]
    for _ in range(60):
        for proposer in pair:
            proposer.tell(x := proposer.ask(), bowl(x))
    for proposer in pair:
        proposer.close()


def test_shgo_refuses_many_parameters_with_its_reason():
    ended, _ = run(Scipy(algorithm="shgo"), bounds=np.tile([0.0, 1.0], (11, 1)), x0=np.zeros(11))
    assert ended.how == "failed"
    assert "shgo takes at most 10 parameters, not 11" in ended.reason


@every_method
def test_an_unknown_option_is_told_with_those_that_are_known(method):
    (mistake,) = Scipy(algorithm=method, settings={"bogus_option": 1}).mistakes()
    assert mistake.startswith(f"Settings bogus_option is not an option of {method} (known: ")


@pytest.mark.parametrize(
    ("method", "option", "hint"),
    [
        ("Nelder-Mead", "xtol", "did you mean xatol?"),
        ("Nelder-Mead", "maxfevs", "did you mean maxfev?"),
        ("Powell", "maxiters", "did you mean maxiter?"),
        ("TNC", "max_fun", "did you mean maxfun?"),
        ("COBYQA", "final_radius", "did you mean final_tr_radius?"),
        ("differential_evolution", "mutations", "did you mean mutation?"),
        ("shgo", "sampling", "did you mean sampling_method?"),
    ],
)
def test_the_nearest_option_is_named(method, option, hint):
    (mistake,) = Scipy(algorithm=method, settings={option: 1}).mistakes()
    assert hint in mistake


@pytest.mark.parametrize(
    ("method", "option", "reason"),
    [
        ("Nelder-Mead", "disp", "the run keeps the log"),
        ("differential_evolution", "workers", "the run decides what is evaluated at once"),
        ("basinhopping", "take_step", "it takes a Python object"),
        ("direct", "bounds", "the bounds come from the parameter interface"),
    ],
)
def test_an_option_that_cannot_be_set_says_why(method, option, reason):
    (mistake,) = Scipy(algorithm=method, settings={option: 1}).mistakes()
    assert mistake == f"Settings {option} cannot be set: {reason}"


@every_method
def test_the_options_of_a_method_are_found(method):
    names = scipy_options.option_names(method)
    lifted = [name for name in scipy_methods.LIFTED[method] if name in names]
    assert lifted == list(scipy_methods.LIFTED[method])
    assert len(names) == len(set(names))


def test_options_are_found_whatever_their_case():
    ended, batches = run(Scipy(settings={"MaxFev": 10}))
    assert list(Scipy(settings={"MaxFev": 10}).mistakes()) == []
    assert len(batches) == 10
    assert ended.how == "converged"


def test_a_seed_is_for_the_randomised_methods():
    chosen = Scipy(algorithm="dual_annealing", settings={"seed": 3})
    assert list(chosen.mistakes()) == []
    assert chosen.random_seed == 3
    (mistake,) = Scipy(settings={"seed": 3}).mistakes()
    assert mistake.startswith("Settings seed is not an option of Nelder-Mead")
    (mistake,) = Scipy(algorithm="dual_annealing", settings={"seed": "x"}).mistakes()
    assert mistake == "Settings seed must be a whole number, 0 or more, not 'x'"


def test_a_bad_value_is_a_failure_with_scipys_words():
    ended, _ = run(Scipy(algorithm="direct", settings={"vol_tol": 5}))
    assert ended == ("failed", "ValueError: vol_tol must be between 0 and 1.")
