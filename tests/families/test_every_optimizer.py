"""What every optimizer must keep to; a new member is tested here with no edit."""

import dataclasses
import gc
import random
import subprocess
import sys
import typing
import warnings
import weakref
from importlib.util import find_spec

import numpy as np
import pytest

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer, needed, tell
from paramsrun.optimizers.replay import Injected, Told, replay
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import METADATA

N_BATCHES = 60
"""Batches looked at; every member does within them what sets it apart."""


PLUGIN = "tests.optimizers.plugins.users:Walk"
"""What stands for the optimizers of users."""


def needing(member: object) -> list[pytest.MarkDecorator]:
    """Return the mark that skips a member whose library, an extra, is not installed."""
    library = getattr(member, "library", None)
    is_there = library is None or find_spec(library) is not None
    return [] if is_there else [pytest.mark.skip(reason=f"{library} is not installed")]


def variants() -> list[object]:
    """Every member with its defaults, and with every value of its keys that are choices."""
    found = [pytest.param(optimizers["Plugin"](class_=PLUGIN), id="Plugin")]
    for name in (name for name in optimizers if name != "Plugin"):
        cls = optimizers[name]
        choices = {
            f.name: typing.get_args(hint)
            for f in dataclasses.fields(cls)
            if typing.get_origin(hint := typing.get_type_hints(cls)[f.name]) is typing.Literal
        }
        found += [pytest.param(cls(), id=name, marks=needing(cls()))]
        for field, values in choices.items():
            for value in (v for v in values if v != getattr(cls(), field)):
                one = cls(**{field: value})
                found += [pytest.param(one, id=f"{name}-{value}", marks=needing(one))]
    return found


every_optimizer = pytest.mark.parametrize("optimizer", variants())

BOX = np.array([[0.0, 1.0], [-1.0, 1.0]])
X0 = np.array([0.25, 0.5])


def start(optimizer, bounds=BOX, x0=X0, seed=1) -> Proposer:
    return optimizer.start(bounds, x0, np.random.default_rng(seed))


def bowl(x: Matrix) -> Vector:
    """Return a convex loss; outside the box it is infinite, as the manager makes it."""
    fx = 1.0 + ((x - 0.4) ** 2 * np.arange(1, x.shape[1] + 1)).sum(axis=1)
    return np.where(((x >= -1.0) & (x <= 1.0)).all(axis=1), fx, np.inf)


def now_and_then(loss):
    """Return a loss that fails at a fifth of the points."""
    return lambda x: np.where(np.floor(x.sum(axis=1) * 1e6) % 5 == 0, np.inf, loss(x))


def beside(proposer: Proposer, x: Matrix, fx: Vector) -> list[Vector | None]:
    """Return residuals of the bowl, or a step of each evaluation, for optimizers that need them."""
    if needed(proposer) == "progress":
        return [np.array([1.0, one]) for one in fx]
    scale = np.sqrt(np.arange(1, x.shape[1] + 1))
    rows = np.hstack([np.ones((len(x), 1)), (x - 0.4) * scale])
    return [r if np.isfinite(one) else None for r, one in zip(rows, fx, strict=True)]


def go_on(proposer: Proposer, loss=bowl, n=N_BATCHES) -> list[Told]:
    """Let it run for n batches, or to its end."""
    told = []
    while proposer.ended is None and len(told) < n:
        x = proposer.ask()
        fx = loss(x)
        told.append(Told(x, fx, beside(proposer, x, fx)))
        tell(proposer, *told[-1])
    return told


def run(optimizer, loss=bowl, n=N_BATCHES, **how) -> list[Told]:
    proposer = start(optimizer, **how)
    told = go_on(proposer, loss, n)
    proposer.close()
    return told


def same(a: list[Told], b: list[Told]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(p.x, q.x) and np.array_equal(p.fx, q.fx) for p, q in zip(a, b, strict=True)
    )


def test_members_are_known_and_checked_without_their_libraries():
    program = (
        "import sys; from paramsrun.settings.families import optimizers\n"
        "for name in set(optimizers) - {'Plugin'}:\n"
        "    list(getattr(optimizers[name](), 'mistakes', tuple)())\n"
        "print(sorted({'cma', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


@every_optimizer
def test_every_key_is_documented(optimizer):
    docs = [f.metadata[METADATA].doc for f in dataclasses.fields(optimizer)]
    assert all(doc.strip().endswith(".") for doc in docs)
    assert type(optimizer).__doc__.strip()


@every_optimizer
def test_the_defaults_have_no_mistakes_and_no_seed(optimizer):
    assert list(getattr(optimizer, "mistakes", tuple)()) == []
    assert optimizer.random_seed is None


@every_optimizer
def test_batches_are_matrices_of_numbers(optimizer):
    for x in [told.x for told in run(optimizer)]:
        assert x.ndim == 2
        assert len(x) >= 1
        assert x.shape[1] == 2
        assert x.dtype == np.float64
        assert np.isfinite(x).all()


@every_optimizer
def test_an_asked_batch_belongs_to_the_caller(optimizer):
    proposer = start(optimizer)
    undisturbed = run(optimizer)
    for x, fx, residuals in undisturbed:
        asked = proposer.ask()
        assert np.array_equal(asked, x)
        asked[:] = np.nan
        tell(proposer, x, fx, residuals)
    proposer.close()


@every_optimizer
def test_tell_leaves_its_arrays_alone(optimizer):
    proposer = start(optimizer)
    for _ in range(N_BATCHES):
        if proposer.ended:
            break
        x = proposer.ask()
        fx = bowl(x)
        kept = x.copy(), fx.copy()
        x.flags.writeable = fx.flags.writeable = False
        tell(proposer, x, fx, beside(proposer, x, fx))
        assert np.array_equal(x, kept[0])
        assert np.array_equal(fx, kept[1])
    proposer.close()


@every_optimizer
def test_told_arrays_may_be_overwritten_afterwards(optimizer):
    undisturbed = run(optimizer)
    proposer = start(optimizer)
    for told in undisturbed:
        x = proposer.ask()
        assert np.array_equal(x, told.x)
        fx = told.fx.copy()
        residuals = beside(proposer, x, fx)
        tell(proposer, x, fx, residuals)
        x[:], fx[:] = 7.0, -7.0
        for r in residuals:
            if r is not None:
                r[:] = 7.0
    proposer.close()


@every_optimizer
def test_start_leaves_its_arrays_alone(optimizer):
    bounds, x0 = BOX.copy(), X0.copy()
    bounds.flags.writeable = x0.flags.writeable = False
    run(optimizer, bounds=bounds, x0=x0)
    assert np.array_equal(bounds, BOX)
    assert np.array_equal(x0, X0)


@every_optimizer
def test_the_same_seed_gives_the_same_run(optimizer):
    assert same(run(optimizer, seed=5), run(optimizer, seed=5))


@every_optimizer
def test_two_interleaved_give_what_each_gives_alone(optimizer):
    alone = run(optimizer, seed=1), run(optimizer, seed=2, x0=np.array([0.9, -0.5]))
    pair = start(optimizer, seed=1), start(optimizer, seed=2, x0=np.array([0.9, -0.5]))
    together: tuple[list[Told], list[Told]] = ([], [])
    for _ in range(N_BATCHES):
        for proposer, told in zip(pair, together, strict=True):
            told += go_on(proposer, n=1)
    for proposer in pair:
        proposer.close()
    assert same(alone[0], together[0])
    assert same(alone[1], together[1])


@every_optimizer
@pytest.mark.parametrize("cut", [0, 1, 2, 7, 31])
def test_resumed_equals_uninterrupted(optimizer, cut):
    whole = run(optimizer)
    resumed = start(optimizer)
    assert replay(resumed, whole[:cut], BOX) is None
    assert same(whole[cut:], go_on(resumed, n=N_BATCHES - len(whole[:cut])))
    resumed.close()


@every_optimizer
def test_resumed_twice_with_failures_and_injections_equals_uninterrupted(optimizer):
    history: list[Told | Injected] = []
    proposer = start(optimizer)
    while proposer.ended is None and len(history) < N_BATCHES:
        history += go_on(proposer, now_and_then(bowl), n=1)
        if len(history) % 4 == 0 and proposer.ended is None:
            history.append(Injected(np.array([0.4, 0.4]), 1.0))
            proposer.inject(*history[-1])
    proposer.close()
    for cut in (len(history) // 3, len(history) // 2):
        resumed = start(optimizer)
        assert replay(resumed, history[:cut], BOX) is None
        assert replay(resumed, history[cut:], BOX) is None
        assert resumed.ended == proposer.ended
        resumed.close()


@every_optimizer
@pytest.mark.parametrize("fails", ["first", "third batch", "every seventh", "all"])
def test_it_survives_infinite_losses(optimizer, fails):
    n_asked = 0

    def loss(x):
        nonlocal n_asked
        number = n_asked + np.arange(len(x))
        n_asked += len(x)
        failed = {
            "first": number == 0,
            "third batch": (number >= 2 * len(x)) & (number < 3 * len(x)),
            "every seventh": number % 7 == 3,
            "all": np.ones(len(x), bool),
        }[fails]
        return np.where(failed, np.inf, bowl(x))

    proposer = start(optimizer)
    told = go_on(proposer, loss)
    assert told
    assert all(np.isfinite(batch.x).all() for batch in told)
    proposer.close()


@every_optimizer
def test_it_takes_one_parameter(optimizer):
    assert run(optimizer, bounds=BOX[:1], x0=X0[:1])


@every_optimizer
def test_it_takes_fifty_parameters_or_says_why_not(optimizer):
    proposer = start(optimizer, bounds=np.tile([0.0, 1.0], (50, 1)), x0=np.full(50, 0.3))
    told = go_on(proposer, n=3)
    assert [batch.x.shape[1] for batch in told] == [50] * len(told)
    assert told or "parameters, not 50" in proposer.ended.reason
    proposer.close()


@every_optimizer
@pytest.mark.parametrize("x0", [[0.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
def test_it_starts_from_the_bounds(optimizer, x0):
    assert run(optimizer, x0=np.array(x0))


@every_optimizer
def test_it_touches_no_global_generator(optimizer):
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    run(optimizer)
    after = np.random.get_state(), random.getstate()  # noqa: NPY002
    assert str(before) == str(after)


@every_optimizer
def test_it_leaves_warnings_and_floating_point_errors_as_they_were(optimizer):
    state = list(warnings.filters), np.geterr()

    def loss(x):
        assert (list(warnings.filters), np.geterr()) == state
        return np.full(len(x), np.inf)

    run(optimizer, loss)
    assert (list(warnings.filters), np.geterr()) == state


@every_optimizer
def test_it_prints_nothing_and_writes_no_files(optimizer, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(optimizer)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@every_optimizer
@pytest.mark.parametrize("n", [0, 1, 20])
def test_it_closes_at_any_time_and_nothing_is_left_of_it(optimizer, n, capfd):
    gc.freeze()  # what was there before is not looked through
    proposer = start(optimizer)
    go_on(proposer, n=n)
    proposer.close()
    proposer.close()
    gone = weakref.ref(proposer)
    del proposer
    gc.collect()
    gc.unfreeze()
    assert gone() is None
    assert capfd.readouterr() == ("", "")


@every_optimizer
def test_it_says_why_it_ended(optimizer):
    proposer = start(optimizer, bounds=BOX[:1], x0=X0[:1])
    go_on(proposer, lambda x: bowl(x) - 1.0, n=120_000)
    assert proposer.ended is not None
    assert proposer.ended.how == "converged"
    assert proposer.ended.reason
    assert "\n" not in proposer.ended.reason
    proposer.close()
