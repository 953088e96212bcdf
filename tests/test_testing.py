"""The suite for users' optimizers: good ones and all built-in ones pass it, bad ones do not."""

import inspect

import pytest

from paramsrun.testing import OptimizerConformance
from tests.families.test_every_optimizer import variants
from tests.optimizers import plugins

LEAVE_THE_BOUNDS = ("CG", "BFGS", "COBYLA")


class TestWalk(OptimizerConformance):
    optimizer = plugins.Walk


class TestDrifter(OptimizerConformance):
    optimizer = plugins.Drifter
    call_settings = {"n": 200}  # noqa: RUF012


class TestOneWithItsOwnState(OptimizerConformance):
    optimizer = plugins.Keeper
    settings = {"step": 0.2}  # noqa: RUF012


class TestOneThatUsesThreads(OptimizerConformance):
    optimizer = plugins.Pool
    call_settings = {"popsize": 6}  # noqa: RUF012
    workers = 3
    n_batches = 6


class TestEveryBuiltInOne(OptimizerConformance):
    n_batches = 12

    @pytest.fixture(autouse=True, params=variants())
    def _each(self, request):
        self.optimizer = request.param
        self.stays_within_bounds = getattr(request.param, "algorithm", "") not in LEAVE_THE_BOUNDS


class Silent(plugins.Walk):
    """Never reads its messages and never pauses."""

    def minimize(self, function, x0, bounds):
        for _ in range(10_000):
            function(x0)


class Outside(plugins.Walk):
    def minimize(self, function, x0, bounds):
        function(bounds[:, 1] + 1.0)


class Careless(plugins.Keeper):
    """Its state lacks what it goes on with."""

    def checkpoint_save(self, path, force=None, block=None):
        super(plugins.Keeper, self).checkpoint_save(path, block={"rng"})


FAULTS = {
    ("test_it_stops", Silent): "it went on for 100 calls after the signal to stop",
    ("test_it_pauses", Silent): "without self._pause_signal.wait",
    ("test_it_reads_what_is_injected", Silent): "without check_messages",
    ("test_it_stays_within_the_bounds", Outside): "it left the bounds",
    ("test_the_same_seed_gives_the_same_run", plugins.Entropic): "two runs differ",
    ("test_resumed_equals_uninterrupted", plugins.Entropic): "it went another way",
    ("test_its_own_state_brings_it_back", Careless): "loaded from its own state it went another",
    ("test_it_evaluates_points_that_are_numbers", plugins.Raising): "it failed: RuntimeError",
    ("test_it_evaluates_points_that_are_numbers", plugins.Forgetful): "it failed: TypeError",
}


@pytest.mark.parametrize(("test", "optimizer"), FAULTS)
def test_a_fault_is_found_and_named(test, optimizer):
    suite = type("Suite", (OptimizerConformance,), {"optimizer": optimizer})()
    with pytest.raises(AssertionError, match=FAULTS[test, optimizer]):
        getattr(suite, test)()


def test_each_test_of_the_suite_says_what_it_wants():
    tests = [f for name, f in vars(OptimizerConformance).items() if name.startswith("test_")]
    assert all(inspect.getdoc(test) for test in tests)


def test_the_class_must_be_set():
    with pytest.raises(AssertionError, match="set `optimizer` to your class"):
        OptimizerConformance().test_it_evaluates_points_that_are_numbers()
