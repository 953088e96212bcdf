import itertools
from pathlib import Path

import numpy as np
import pytest

from paramsrun.manager.spawning import Spawner, Spawning
from paramsrun.manager.state import RunState
from paramsrun.optimizers.adaptive_rate_monte_carlo import AdaptiveRateMonteCarlo
from paramsrun.optimizers.contract import scaled_by
from paramsrun.problem.scaling import Scaling
from tests.cli.jobs import evaluations_of, function_job, paramsrun
from tests.resuming.runs import PARENT, done, go_on, until

BOX = np.array([[0.1, 10.0], [-5.0, -0.1], [1.0, 400.0]])
X0 = np.array([1.0, -1.0, 40.0])
FACTORS = np.array(AdaptiveRateMonteCarlo().move_range)


def start(bounds=BOX, x0=X0, seed=1, **keys):
    return AdaptiveRateMonteCarlo(**keys).start(bounds, x0, np.random.default_rng(seed))


def tell(chain, loss):
    chain.tell(chain.ask(), np.array([float(loss)]))


def points(chain, loss, n):
    """Let it make n evaluations; return its points and whether each one was accepted."""
    asked, accepted = [], []
    for _ in range(n):
        x = chain.ask()
        chain.tell(x, np.array([loss(x[0])]))
        asked.append(x[0])
        accepted.append(np.array_equal(chain.x, x[0]))
    return np.array(asked), np.array(accepted)


def bowl(x):
    return ((x / [2.0, -3.0, 100.0] - 1.0) ** 2).sum()


def test_it_begins_at_x0():
    assert start().ask().tolist() == [X0.tolist()]


def test_a_move_multiplies_one_parameter_by_a_factor_of_the_range():
    chain = start()
    tell(chain, 0.0)
    for _ in range(200):
        ratios = chain.ask()[0] / X0
        (moved,) = np.flatnonzero(ratios != 1.0)
        assert np.isclose(ratios[moved], FACTORS, rtol=1e-15).any()
        tell(chain, np.inf)


def test_every_parameter_and_factor_is_drawn_alike():
    chain = start(move_range=(0.5, 1.0, 1.1, 1.5))
    tell(chain, 0.0)
    moves = []
    for _ in range(3000):
        ratios = chain.ask()[0] / X0
        moves.append(
            ratios[ratios != 1.0].round(3).tolist() + np.flatnonzero(ratios != 1.0).tolist()
        )
        tell(chain, np.inf)
    found, counts = np.unique(np.array(moves), axis=0, return_counts=True)
    assert found.tolist() == [[f, i] for f in (0.5, 1.1, 1.5) for i in (0.0, 1.0, 2.0)]
    assert abs(counts - 3000 / 9).max() < 80  # 4.6 standard deviations


def test_a_rejected_move_raises_the_level_once_more():
    chain = start(phi=1.0)
    tell(chain, 0.0)  # level 1
    tell(chain, 1.5)  # rejected: level 2
    assert chain.x.tolist() == X0.tolist()
    x = chain.ask()
    tell(chain, 1.5)  # accepted: level 2.5
    assert chain.x.tolist() == x[0].tolist()
    tell(chain, 2.5)  # rejected: not below the level, which is 3.5 now
    assert chain.x.tolist() == x[0].tolist()
    x = chain.ask()
    tell(chain, 3.4)
    assert chain.x.tolist() == x[0].tolist()


def falling():
    """Return losses each of which is accepted."""
    return (-float(k) for k in itertools.count())


def failing():
    """Return losses none of which is accepted."""
    return itertools.repeat(np.inf)


@pytest.mark.parametrize(("losses", "factor"), [(falling(), 1 / 3), (failing(), 3.0)])
def test_phi_is_divided_by_gamma_after_too_many_acceptances_and_multiplied_after_too_few(
    losses, factor
):
    chain = start(phi=0.7, gamma=3.0, sub_iterations=10)
    tell(chain, 1.0)
    for k in range(1, 4):
        for _ in range(9):
            tell(chain, next(losses))
        assert chain.phi == pytest.approx(0.7 * factor ** (k - 1))
        tell(chain, next(losses))
        assert chain.phi == pytest.approx(0.7 * factor**k)


def test_phi_stays_where_the_share_is_the_target():
    chain = start(phi=1.0, acceptance_target=0.25, sub_iterations=4)
    tell(chain, 100.0)
    for loss in (50.0, 99.0, 98.0, 97.0):  # one accepted of four
        tell(chain, loss)
    assert chain.phi == 1.0


def test_phi_always_comes_back():
    chain = start(gamma=1e200, sub_iterations=1)
    tell(chain, 0.0)
    for loss in itertools.islice(failing(), 5):
        tell(chain, loss)
    assert np.isfinite(chain.phi)
    chain.inject(X0, -1.0)
    for loss in itertools.islice(falling(), 2, 7):
        tell(chain, loss)
    assert chain.phi > 0.0


@pytest.mark.parametrize("target", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_share_of_accepted_moves_adapts_to_its_target(target, scale):
    chain = start(acceptance_target=target, sub_iterations=50)
    _, accepted = points(chain, lambda x: scale * bowl(x), 12_000)
    assert accepted[4000:].mean() == pytest.approx(target, abs=0.05)


def test_it_finds_the_minimum_of_a_quadratic():
    asked, _ = points(start(phi=0.01), bowl, 5000)
    assert asked[np.argmin([bowl(x) for x in asked])] == pytest.approx([2.0, -3.0, 100.0], rel=0.01)


def test_it_leaves_a_local_minimum():
    def ripples(x):
        u = np.log(x[0] / 4.0)
        return u**2 + 0.05 * (1.0 - np.cos(20.0 * u))

    in_one = 4.0 * np.exp(-0.3)  # downhill alone leads to 0.087, farther than two moves away
    asked, _ = points(start(bounds=BOX[:1], x0=np.array([in_one])), ripples, 3000)
    assert min(map(ripples, asked)) < 1e-3


def test_only_the_scale_of_phi_beside_the_loss_matters():
    once, _ = points(start(phi=0.5), bowl, 1000)
    again, _ = points(start(phi=0.5 * 2**20), lambda x: 2**20 * bowl(x), 1000)
    assert np.array_equal(once, again)


def test_a_move_beyond_a_bound_ends_at_it():
    bounds = np.array([[0.99, 1.01], [-1.01, -0.99]])
    asked, _ = points(start(bounds=bounds, x0=np.array([1.0, -1.0])), lambda x: 0.0, 500)
    assert (asked >= bounds[:, 0]).all()
    assert (asked <= bounds[:, 1]).all()
    assert set(bounds.ravel()) <= set(asked.ravel())


def test_no_evaluation_is_spent_on_a_move_that_changes_nothing():
    bounds = np.array([[0.99, 1.01], [-1.01, -0.99]])
    chain = start(bounds=bounds, x0=np.array([1.0, -1.0]), move_range=(0.5, 1.0, 2.0))
    tell(chain, 0.0)
    for _ in range(500):
        assert (chain.ask()[0] != chain.x).sum() == 1
        tell(chain, 0.0)


def test_a_parameter_that_is_zero_stays_zero_and_no_sign_changes():
    bounds = np.tile([-1.0, 1.0], (3, 1))
    asked, _ = points(start(bounds=bounds, x0=np.array([0.0, 0.5, -0.5])), lambda x: x.sum(), 2000)
    assert (np.sign(asked) == [0.0, 1.0, -1.0]).all()


def test_it_fails_where_every_parameter_is_zero():
    chain = start(bounds=np.array([[-1.0, 1.0]]), x0=np.zeros(1))
    assert chain.ask().tolist() == [[0.0]]
    tell(chain, 1.0)
    assert chain.ended == ("failed", "every parameter is 0, and no factor changes that")


def test_it_goes_on_from_the_first_finite_loss_if_the_initial_point_failed():
    chain = start()
    tell(chain, np.inf)
    tell(chain, np.inf)
    assert chain.x.tolist() == X0.tolist()
    x = chain.ask()
    tell(chain, 1e9)
    assert chain.x.tolist() == x[0].tolist()


def test_it_converges_after_all_its_moves():
    chain = start(sub_iterations=5, super_iterations=3)
    asked, _ = points(chain, bowl, 16)  # the initial point is no move
    assert len(asked) == 16
    assert chain.ended == ("converged", "all 15 moves made (SubIterations x SuperIterations)")


def test_it_fails_where_no_loss_was_finite():
    chain = start(sub_iterations=5, super_iterations=3)
    points(chain, lambda x: np.inf, 16)
    assert chain.ended == ("failed", "no finite loss in 15 moves")


def test_a_better_point_of_another_becomes_the_current_one():
    chain = start()
    tell(chain, 5.0)
    better = np.array([3.0, -2.0, 50.0])
    chain.inject(better, 4.0)
    assert chain.x.tolist() == better.tolist()
    assert (chain.ask()[0] != better).sum() == 1
    tell(chain, 4.9)  # below its level, 4 + phi
    assert chain.x.tolist() != better.tolist()


def test_a_worse_point_of_another_and_one_that_no_move_leaves_are_not_taken():
    chain = start(bounds=np.array([[0.0, 10.0]]), x0=np.array([1.0]))
    tell(chain, 5.0)
    asked = chain.ask()
    chain.inject(np.array([3.0]), 5.5)
    chain.inject(np.array([0.0]), 1.0)
    assert chain.x.tolist() == [1.0]
    tell(chain, 4.0)
    assert chain.x.tolist() == asked[0].tolist()


@pytest.mark.parametrize("factors", [(0.9, 1.0), (1.1, 1.2), (1.0,)])
def test_factors_to_both_sides_are_wanted(factors):
    assert list(AdaptiveRateMonteCarlo(move_range=factors).mistakes()) == [
        "MoveRange must hold factors below 1 and factors above 1"
    ]


def test_its_factors_multiply_real_values_whatever_space_the_others_see():
    spawner = Spawner([AdaptiveRateMonteCarlo(random_seed=4)], BOX, X0, Spawning(seed=1))
    start, chain = spawner.next(RunState(), lambda: 0.0)
    assert start.scaler == "none"
    assert start.stream[0] == 4
    assert chain.ask().tolist() == [X0.tolist()]


MONTE_CARLO = "Optimizer\n  Type AdaptiveRateMonteCarlo\nEnd\nRandomSeed 5\n"


def told(path):
    """Return the warnings in a log of a job."""
    log = (path / "job.log").read_text().split("Warning: ")[1:]
    return [" ".join(text.partition("\n[")[0].split()) for text in log]


def test_parameters_that_stay_at_0_are_told_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = function_job(tmp_path / "job", text=MONTE_CARLO + until(12))
    interface = tmp_path / "job/parameter_interface.yaml"
    interface.write_text(interface.read_text().replace("value: 1.0", "value: 0.0"))
    done(paramsrun(path))
    (text,) = told(PARENT)
    assert text.startswith(
        "AdaptiveRateMonteCarlo: no factor moves b away from 0: begin with other values, or choose "
        "another optimizer"
    )
    assert {event["x"][1] for event in evaluations_of(PARENT)} == {0.0}
    done(go_on(until(20)))
    assert told(Path("resume.results")) == []


def test_the_space_in_which_it_is_0_is_named(caplog):
    settings = AdaptiveRateMonteCarlo()
    known = scaled_by(settings, Scaling(BOX, "linear"))
    chain = known.start(np.tile([0.0, 1.0], (3, 1)), np.array([0.5, 0.0, 0.0]), None)
    chain.ask()
    assert caplog.messages == [
        "AdaptiveRateMonteCarlo: no factor moves parameter 2, parameter 3 away from 0 in the space "
        "that Scaler gives it: begin with other values, or choose another optimizer"
    ]


def test_nothing_is_said_where_all_can_move(caplog):
    start().ask()
    assert caplog.messages == []
