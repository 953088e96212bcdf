import numpy as np
import pytest
from scipy.optimize import least_squares

from paramsrun.optimizers.contract import tell
from paramsrun.optimizers.least_squares import LeastSquares

BOX = np.array([[-2.0, 2.0], [-1.0, 3.0]])
X0 = np.array([-1.2, 1.0])
every_algorithm = pytest.mark.parametrize("algorithm", ["trf", "dogbox", "lm"])


def rosenbrock(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def run(optimizer, residuals=rosenbrock, bounds=BOX, x0=X0):
    proposer = optimizer.start(bounds, x0, np.random.default_rng(1))
    batches, n_finite = [], 0
    while proposer.ended is None:
        x = proposer.ask()
        inside = ((bounds[:, 0] <= x) & (x <= bounds[:, 1])).all(axis=1)
        told = [residuals(p) if ok else None for p, ok in zip(x, inside, strict=True)]
        fx = np.array([np.inf if r is None else r @ r for r in told])
        batches.append(x)
        n_finite += np.isfinite(fx).sum()
        tell(proposer, x, fx, told)
    proposer.close()
    return proposer.ended, batches


@every_algorithm
@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_its_points_are_those_of_scipy_itself(algorithm, jac):
    seen = []

    def recorded(x):
        seen.append(x.copy())
        return rosenbrock(x)

    box = {} if algorithm == "lm" else {"bounds": tuple(BOX.T)}
    step = {"2-point": 2.0**-26, "3-point": np.finfo(float).eps ** (1 / 3)}[jac]
    result = least_squares(recorded, X0, jac, method=algorithm, diff_step=step, **box)
    ended, batches = run(LeastSquares(algorithm=algorithm, settings={"jac": jac}))
    assert ended.how == "converged"
    assert "termination condition is satisfied" in ended.reason
    assert batches[-2][0] == pytest.approx(result.x, abs=1e-6)
    assert batches[0][0] == pytest.approx(seen[0])
    assert batches[-1][0] == pytest.approx([1.0, 1.0], abs=1e-4)


@every_algorithm
def test_the_columns_of_a_jacobian_are_one_batch(algorithm):
    _, batches = run(LeastSquares(algorithm=algorithm))
    assert {len(x) for x in batches} == {1, 2}


@pytest.mark.parametrize("algorithm", ["trf", "dogbox"])
def test_points_stay_inside_the_bounds(algorithm):
    ended, batches = run(LeastSquares(algorithm=algorithm), lambda x: x - [5.0, -5.0])
    assert ended.how == "converged"
    points = np.vstack(batches)
    assert ((BOX[:, 0] <= points) & (points <= BOX[:, 1])).all()
    assert points[-1] == pytest.approx([2.0, -1.0], abs=1e-2)


@every_algorithm
def test_it_goes_round_points_that_fail(algorithm):
    def fails_in_places(x):
        return None if x[0] > 1.2 or (x[1] < -0.5) else rosenbrock(x)

    ended, batches = run(LeastSquares(algorithm=algorithm), fails_in_places)
    assert ended.how == "converged"
    assert np.vstack(batches)[-1] == pytest.approx([1.0, 1.0], abs=1e-3)


@every_algorithm
def test_a_first_point_that_fails_is_the_end(algorithm):
    ended, _ = run(LeastSquares(algorithm=algorithm), lambda x: None)
    assert ended.how == "failed"
    assert "initial point" in ended.reason


@every_algorithm
def test_it_takes_fewer_residuals_than_parameters(algorithm):
    ended, batches = run(LeastSquares(algorithm=algorithm), lambda x: np.array([x.sum() - 1.0]))
    assert ended.how == "converged"
    assert batches[-1][0].sum() == pytest.approx(1.0, abs=1e-6)


@every_algorithm
@pytest.mark.parametrize("settings", [{}, {"diff_step": 10}])
def test_without_any_derivative_it_has_not_converged(algorithm, settings):
    def only_there(x):
        return rosenbrock(x) if settings or np.array_equal(x, X0) else None

    ended, _ = run(LeastSquares(algorithm=algorithm, settings=settings), only_there)
    assert ended.how == "failed"
    assert "no derivative could be had" in ended.reason


def test_a_robust_loss_is_less_drawn_by_an_outlier():
    t = np.linspace(0.0, 1.0, 20)
    y = 1.0 + 0.5 * t
    y[3] += 10.0

    def line(x):
        return x[0] + x[1] * t - y

    _, plain = run(LeastSquares(), line)
    _, robust = run(LeastSquares(settings={"loss": "soft_l1", "f_scale": 0.01}), line)
    right = np.array([1.0, 0.5])
    assert abs(robust[-1][0] - right).max() < 0.02 < abs(plain[-1][0] - right).max()


def test_a_limit_that_is_given_ends_it():
    ended, batches = run(LeastSquares(settings={"max_nfev": 3}))
    assert ended.how == "converged"
    assert "maximum number of function evaluations" in ended.reason
    assert sum(len(x) == 1 for x in batches) == 3


@pytest.mark.parametrize(
    ("algorithm", "settings", "message"),
    [
        ("trf", {"xtoll": 1}, "Settings xtoll is not an option; did you mean xtol?"),
        ("trf", {"bounds": 1}, "Settings bounds is not an option"),
        ("trf", {"max_nfev": 2.5}, "Settings max_nfev must be a whole number above 0, not 2.5"),
        ("trf", {"max_nfev": True}, "Settings max_nfev must be a whole number above 0, not True"),
        ("trf", {"xtol": "abc"}, "Settings xtol must be a number of at least 2.2e-16, not abc"),
        ("trf", {"ftol": float("nan")}, "Settings ftol must be a number of at least 2.2e-16"),
        ("trf", {"diff_step": 1e-30}, "Settings diff_step must be a number of at least 2.2e-16"),
        ("trf", {"x_scale": -1}, "Settings x_scale must be jac or a number above 0, not -1"),
        ("trf", {"x_scale": [1, 2]}, "Settings x_scale must be jac or a number above 0"),
        ("trf", {"loss": "soft_11"}, "Settings loss must be linear or soft_l1 or huber"),
        ("trf", {"loss": [1]}, "Settings loss must be linear or soft_l1 or huber"),
        ("trf", {"tr_solver": {}}, "Settings tr_solver must be exact or lsmr, not {}"),
        ("trf", {"f_scale": 0}, "Settings f_scale must be a number above 0, not 0"),
        ("trf", {"jac": "cs"}, "Settings jac must be 2-point or 3-point, not cs"),
        ("lm", {"loss": "huber"}, "Settings loss huber needs Algorithm trf or dogbox, not lm"),
    ],
)
def test_settings_that_it_cannot_take_are_told(algorithm, settings, message):
    (told,) = LeastSquares(algorithm=algorithm, settings=settings).mistakes()
    assert message in told
