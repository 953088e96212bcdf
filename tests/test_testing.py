"""The suite for users' optimizers: good ones and all built-in ones pass it, bad ones do not."""

import inspect
from unittest import SkipTest

import numpy as np
import pytest

from paramsrun.testing import OptimizerConformance
from tests.families.test_every_optimizer import variants
from tests.optimizers.plugins import users

LEAVE_THE_BOUNDS = ("CG", "BFGS", "COBYLA", "lm")


class TestWalk(OptimizerConformance):
    optimizer = users.Walk


class TestDrifter(OptimizerConformance):
    optimizer = users.Drifter
    call_settings = {"n": 200}  # noqa: RUF012


class TestOneWithItsOwnState(OptimizerConformance):
    optimizer = users.Keeper
    settings = {"step": 0.2}  # noqa: RUF012


class TestOneThatUsesThreads(OptimizerConformance):
    optimizer = users.Pool
    call_settings = {"popsize": 6}  # noqa: RUF012
    workers = 3
    n_batches = 6

    @pytest.fixture(autouse=True)
    def _in_no_hurry(self, monkeypatch):
        """All of its batches are full: a thread that comes late is waited for."""
        monkeypatch.setattr("paramsrun.optimizers.plugins.played.LEISURE_S", 60.0)


class TestOneThatReadsResiduals(OptimizerConformance):
    optimizer = users.Newton
    log_detailed = True
    n_batches = 12


class TestEveryBuiltInOne(OptimizerConformance):
    n_batches = 12

    @pytest.fixture(autouse=True, params=variants())
    def _each(self, request):
        self.optimizer = request.param
        self.stays_within_bounds = getattr(request.param, "algorithm", "") not in LEAVE_THE_BOUNDS


class Silent(users.Walk):
    """Never reads its messages and never pauses."""

    def minimize(self, function, x0, bounds):
        for _ in range(10_000):
            function(x0)


class Hanging(users.Walk):
    def minimize(self, function, x0, bounds):
        function(x0)
        users.Asleep.release.wait()


class Outside(users.Walk):
    def minimize(self, function, x0, bounds):
        function(bounds[:, 1] + 1.0)


class Careless(users.Keeper):
    """Its state lacks what it goes on with."""

    def checkpoint_save(self, path, force=None, block=None):
        super(users.Keeper, self).checkpoint_save(path, block={"rng"})


class Unsaved(users.Keeper):
    def checkpoint_save(self, path, force=None, block=None):
        raise OSError("no room")


class Sharing(users.Walk):
    """Two of it use one generator."""

    shared = np.random.default_rng(1)

    def minimize(self, function, x0, bounds):
        while not self.is_stopped:
            function(self.shared.uniform(*bounds.T))
            self.check_messages()


FAULTS = {
    ("test_it_stops", Silent): "it went on for 100 calls after the signal to stop",
    ("test_it_pauses", Silent): "without self._pause_signal.wait",
    ("test_it_reads_what_is_injected", Silent): "without check_messages",
    ("test_it_stays_within_the_bounds", Outside): "it left the bounds",
    ("test_the_same_seed_gives_the_same_run", users.Entropic): "two runs differ",
    ("test_resumed_equals_uninterrupted", users.Entropic): "it went another way",
    ("test_its_own_state_brings_it_back", Careless): "loaded from its own state it went another",
    ("test_it_evaluates_points_that_are_numbers", users.Raising): "it failed: RuntimeError",
    ("test_it_evaluates_points_that_are_numbers", users.Forgetful): "it failed: TypeError",
    ("test_it_stops", Hanging): "it hangs: no call and no end for 0.05 s",
    ("test_its_own_state_brings_it_back", Unsaved): "it saved nothing: .* OSError: no room",
    ("test_two_interleaved_give_what_each_gives_alone", Sharing): "two at once disturb each other",
    ("test_resumed_equals_uninterrupted", Sharing): "resumed after 0 batches it went another",
}


@pytest.mark.parametrize(("test", "optimizer"), FAULTS)
def test_a_fault_is_found_and_named(test, optimizer):
    users.Asleep.release.clear()
    given = {"optimizer": optimizer, **({"patience": 0.05} if optimizer is Hanging else {})}
    suite = type("Suite", (OptimizerConformance,), given)()
    with pytest.raises(AssertionError, match=FAULTS[test, optimizer]):
        getattr(suite, test)()
    users.Asleep.release.set()


def test_what_does_not_apply_is_skipped():
    suite = type("Suite", (OptimizerConformance,), {"optimizer": users.Entropic})()
    with pytest.raises(SkipTest, match="it has no checkpoint_save"):
        suite.test_its_own_state_brings_it_back()
    suite.repeats_itself = suite.stays_within_bounds = False
    with pytest.raises(SkipTest, match="it says that it does not repeat itself"):
        suite.test_resumed_equals_uninterrupted()
    with pytest.raises(SkipTest, match="it says that it does not"):
        suite.test_it_stays_within_the_bounds()


def test_each_test_of_the_suite_says_what_it_wants():
    tests = [f for name, f in vars(OptimizerConformance).items() if name.startswith("test_")]
    assert all(inspect.getdoc(test) for test in tests)


def test_the_class_must_be_set():
    with pytest.raises(AssertionError, match="set `optimizer` to your class"):
        OptimizerConformance().test_it_evaluates_points_that_are_numbers()
