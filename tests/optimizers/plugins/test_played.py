import gc
import logging
import os
import tempfile
import threading
import weakref

import numpy as np
import pytest

from paramsrun.optimizers.plugin import Plugin
from paramsrun.optimizers.plugins import exchange, played, threads
from paramsrun.optimizers.replay import Told, remind, replay
from tests.families.test_every_optimizer import same
from tests.optimizers.plugins import users

BOX = np.array([[0.0, 1.0], [-1.0, 1.0]])
X0 = np.array([0.25, 0.5])


def plugin(name, **keys):
    return Plugin(class_=f"tests.optimizers.plugins.users:{name}", **keys)


def start(name, saved=None, seed=1, **keys):
    rng = np.random.default_rng(seed)
    made = plugin(name, **keys)
    return made.start(BOX, X0, rng) if saved is None else made.resume(BOX, X0, rng, saved)


def bowl(x):
    return ((x - 0.4) ** 2).sum(axis=1)


def go_on(proposer, n=20):
    told = []
    while proposer.ended is None and len(told) < n:
        x = proposer.ask()
        told.append(Told(x, bowl(x)))
        proposer.tell(x, told[-1].fx)
    return told


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let those that end by themselves do so, however busy the machine is."""
    monkeypatch.setattr(threads, "GRACE_S", 60.0)


@pytest.fixture
def soon(unhurried, monkeypatch):
    """Let nobody wait long."""
    monkeypatch.setattr(threads, "GRACE_S", 0.05)
    monkeypatch.setattr(threads, "_LAST_S", 0.05)
    monkeypatch.setattr(exchange, "MAX_LATE", 50)


def test_calls_become_batches_of_one():
    proposer = start("Walk")
    told = go_on(proposer)
    assert [len(x) for x, *_ in told] == [1] * 20
    assert told[0].x[0].tolist() == X0.tolist()
    proposer.close()


def test_what_the_user_says_at_the_end_is_the_reason():
    proposer = start("Walk", call_settings={"n": 3})
    go_on(proposer)
    assert proposer.ended.how == "converged"
    assert proposer.ended.reason.startswith("walked to ")


def test_settings_reach_the_constructor_and_call_settings_minimize():
    proposer = start("Walk", settings={"step": 0.0}, call_settings={"n": 5})
    go_on(proposer)
    assert proposer.ended.reason.startswith("walked to ")
    wide, narrow = (go_on(start("Walk", settings={"step": s}), 2)[1].x for s in (0.2, 0.02))
    assert np.allclose(wide - X0, 10 * (narrow - X0))


def test_the_random_numbers_are_those_of_the_run():
    first, second, other = (go_on(start("Walk", seed=s)) for s in (1, 1, 2))
    assert same(first, second)
    assert not same(first, other)


def test_a_constructor_without_the_keywords_of_the_run_will_do():
    proposer = start("Plain")
    assert len(go_on(proposer)) == 20
    proposer.close()
    assert proposer._play._optimizer.reason == "stopped by the run"


def test_detailed_call_gives_the_loss_first_and_messages_reach_the_log(caplog):
    caplog.set_level(logging.INFO, "paramsrun.optimizers")
    proposer = start("Detailed")
    go_on(proposer)
    assert proposer.ended.how == "converged"
    assert caplog.messages == [f"it was {bowl(X0[None])[0]}"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Raising", "RuntimeError: it cannot go on (users.py, line"),
        ("Exiting", "SystemExit: 3 (users.py, line"),
    ],
)
def test_one_that_raises_has_failed_with_its_words(name, reason):
    proposer = start(name)
    assert len(go_on(proposer)) == 1
    assert proposer.ended.how == "failed"
    assert reason in proposer.ended.reason
    proposer.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Lost", r"ValueError: x must be 2 finite numbers, not [nan, nan]"),
        ("Forgetful", "its constructor must call super().__init__() first"),
        ("Unfinished", "it has no method callstop"),
        ("Nothing", "holds no Nothing"),
        ("walk", "it is no subclass of paramsrun.BaseOptimizer"),
    ],
)
def test_one_that_cannot_start_has_failed_at_once(name, reason):
    proposer = start(name)
    assert proposer.ended.how == "failed"
    assert reason in proposer.ended.reason
    proposer.close()


def test_close_asks_it_to_stop_and_waits_for_its_end():
    proposer = start("Walk")
    go_on(proposer, 3)
    thread = proposer._thread
    proposer.close()
    assert not thread.is_alive()
    assert proposer._play._optimizer.reason == "stopped by the run"


@pytest.mark.parametrize("name", ["Deaf", "Swallowing"])
def test_one_that_ignores_messages_is_ended_where_it_calls_its_function(name, soon, caplog):
    proposer = start(name)
    go_on(proposer, 3)
    thread = proposer._thread
    proposer.close()
    if name == "Deaf":
        thread.join(60)
        assert not thread.is_alive()
    else:
        assert "is left behind" in caplog.text
        assert thread.daemon


def test_one_that_never_calls_again_is_taken_to_hang(soon, caplog):
    users.Asleep.release.clear()
    proposer = start("Asleep")
    proposer._patience_s = 0.3  # from its first call on, for which its thread may have to wait
    go_on(proposer)
    assert proposer.ended.how == "failed"
    assert "it neither evaluated nor ended for 0.3 s" in proposer.ended.reason
    thread = proposer._thread
    proposer.close()
    assert thread.is_alive()
    assert "is left behind" in caplog.text
    users.Asleep.release.set()
    thread.join(60)


def test_threads_that_it_leaves_behind_are_ended_where_they_call(monkeypatch):
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.append(told.exc_type))
    monkeypatch.setattr(threads, "GRACE_S", 0.0)
    proposer = start("Leaving")
    go_on(proposer, 1)
    while proposer.ended is None:
        go_on(proposer, 1)
    proposer.close()
    for thread in users.Leaving.threads:
        thread.join(60)
        assert not thread.is_alive()
    assert raised == [SystemExit] * 2  # of which Python shows no traceback


def test_one_that_computes_for_ever_is_ended(soon, caplog):
    proposer = start("Busy")
    proposer._patience_s = 0.3
    go_on(proposer)
    assert "it neither evaluated nor ended for 0.3 s" in proposer.ended.reason
    thread = proposer._thread
    proposer.close()
    thread.join(60)
    assert not thread.is_alive()


def test_one_that_can_have_no_thread_has_failed(monkeypatch):
    def start_thread(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start_thread)
    proposer = start("Walk")
    assert proposer.ended == ("failed", "it cannot have a thread: can't start new thread")
    proposer.close()


def test_odd_messages_and_a_lost_incumbent_do_no_harm(caplog):
    caplog.set_level(logging.INFO, "paramsrun.optimizers")
    proposer = start("Odd")
    go_on(proposer)
    assert proposer.ended == ("converged", "3.5")
    assert caplog.messages == ["{'a': 1}"]
    assert proposer._play._optimizer.incumbent["fx"] == bowl(X0[None])[0]
    proposer.close()


@pytest.mark.parametrize("x", [X0 + 1j, "abc", None, [[1.0], 2.0], [0.1], [0.1, np.inf]])
def test_what_is_no_point_is_told_to_the_one_who_calls(x):
    with pytest.raises(ValueError, match="x must be 2 finite numbers, not "):
        exchange.Exchange(2, 1).evaluate(x)


def test_one_that_is_forgotten_unclosed_ends():
    proposer = start("Walk")
    thread = proposer._thread
    gone = weakref.ref(proposer)
    del proposer
    gc.collect()
    assert gone() is None
    thread.join(60)
    assert not thread.is_alive()


def test_injections_become_the_incumbent_when_messages_are_read():
    proposer, alone = start("Drifter"), start("Drifter")
    before = go_on(proposer, 5)
    assert same(before, go_on(alone, 5))
    proposer.inject(np.array([0.4, 0.4]), -1.0)
    after = go_on(proposer, 5)
    assert proposer._play._optimizer.incumbent["fx"] == -1.0
    assert not same(after, go_on(alone, 5))
    proposer.close()
    alone.close()


def test_the_incumbent_is_its_best_point():
    proposer = start("Walk")
    told = go_on(proposer)
    best = min(told, key=lambda t: t.fx[0])
    assert proposer._play._optimizer.incumbent["fx"] == best.fx[0]
    assert np.array_equal(proposer._play._optimizer.incumbent["x"], best.x[0])
    proposer.close()


# Calls from threads


@pytest.fixture
def patient(monkeypatch):
    """Let batches be full whatever else the machine does."""
    monkeypatch.setattr(threads, "MOMENT_S", 60.0)


def test_calls_that_come_together_are_a_batch_no_larger_than_workers(patient):
    proposer = start("Pool", workers=3, call_settings={"n": 2, "popsize": 6})
    told = go_on(proposer)
    assert [len(x) for x, *_ in told] == [3] * 4
    assert proposer.ended.how == "converged"
    assert proposer._play._optimizer.workers == 3
    proposer.close()


def test_the_order_in_a_batch_is_that_of_its_points(patient):
    first, second = (go_on(start("Pool", workers=7, call_settings={"n": 3})) for _ in "ab")
    assert [len(x) for x, *_ in first] == [7, 7, 7]
    assert same(first, second)
    assert first[0].x.tolist() == sorted(first[0].x.tolist())


def test_it_may_call_the_function_from_processes_of_its_own():
    proposer = start("Processes", workers=2)
    points = np.concatenate([x for x, *_ in go_on(proposer)])
    assert proposer.ended.how == "converged"
    assert sorted(points.tolist()) == [[X0[0] + d, X0[1] + d] for d in (-0.1, 0.0, 0.1)]
    proposer.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_that_inherits_the_function_may_call_it():
    proposer = start("Forking")
    fx = bowl(X0[None])[0]
    assert [x.tolist() for x, *_ in go_on(proposer)] == [[X0.tolist()]] * 2
    assert proposer.ended == ("converged", f"{fx} ({fx},)")
    proposer.close()


def test_a_batch_that_is_never_full_is_closed_all_the_same():
    proposer = start("Pool", workers=5, call_settings={"n": 2, "popsize": 2})
    told = go_on(proposer)
    assert sum(len(x) for x, *_ in told) == 4
    assert proposer.ended.how == "converged"


def test_with_one_worker_calls_from_threads_are_taken_one_by_one():
    proposer = start("Pool", workers=1, call_settings={"n": 2, "popsize": 3})
    assert [len(x) for x, *_ in go_on(proposer)] == [1] * 6


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_recorded_batches_are_put_together_again_whatever_they_were(cut):
    keys = {"workers": 4, "call_settings": {"n": 3, "popsize": 4}}
    points = go_on(start("Pool", **keys))
    x, fx = (np.concatenate([getattr(told, of) for told in points]) for of in ("x", "fx"))
    history = []
    for k in range(0, 12, 4):  # the four calls of each round, cut in two
        rows = [k + i for i in (2, 0, 3, 1)]
        history += [Told(x[rows[:cut]], fx[rows[:cut]])]
        history += [Told(x[rows[cut:]], fx[rows[cut:]])] if cut < 4 else []
    again = start("Pool", **keys)
    assert replay(again, history, BOX) is None
    assert again.ended.how == "converged"


def test_a_batch_of_which_a_part_is_recorded_has_it_in_its_places(patient):
    keys = {"workers": 4, "call_settings": {"n": 1, "popsize": 4}}
    x = go_on(start("Pool", **keys))[0].x
    again = start("Pool", **keys)
    remind(again, x[[3, 0]], [1, 2])
    asked = again.ask()
    assert asked[[1, 2]].tolist() == x[[3, 0]].tolist()
    assert sorted(asked.tolist()) == x.tolist()
    again.close()


def test_one_that_does_not_repeat_itself_is_found_out(monkeypatch):
    monkeypatch.setattr(threads, "RECALL_S", 0.05)
    for name, keys in (("Entropic", {}), ("Pool", {"workers": 2})):
        divergence = replay(start(name, seed=2, **keys), go_on(start(name, **keys)), BOX)
        assert divergence.fatal


# States of its own


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(played, "SAVE_S", 0.0)


def test_one_without_a_way_of_its_own_saves_nothing(always):
    proposer = start("Walk")
    go_on(proposer)
    assert proposer.saved is None
    proposer.close()


@pytest.mark.parametrize("cut", [1, 2, 7, 19])
def test_its_own_state_and_what_followed_give_the_uninterrupted_run(cut, always):
    users.Keeper.loads = 0
    proposer = start("Keeper")
    before = go_on(proposer, cut)
    saved = proposer.saved
    assert saved.n_told == cut
    after = go_on(proposer, 25)
    proposer.close()
    resumed = start("Keeper", saved)
    assert resumed._play._optimizer.is_restart
    assert replay(resumed, after[:3], BOX) is None
    assert same(go_on(resumed, 22), after[3:])
    assert users.Keeper.loads == 1
    assert len(before) == cut
    assert resumed.saved.n_told == cut + 25
    resumed.close()


def test_saving_changes_nothing(monkeypatch):
    rarely = start("Keeper")
    told = go_on(rarely, 30)
    monkeypatch.setattr(played, "SAVE_S", 0.0)
    assert same(told, go_on(start("Keeper"), 30))
    rarely.close()


@pytest.mark.parametrize("is_half_written", [False, True])
def test_a_state_that_cannot_be_saved_is_told_and_the_optimizer_goes_on(
    always, caplog, monkeypatch, is_half_written
):
    caplog.set_level(logging.INFO, "paramsrun.optimizers")

    def save(self, path, force=None, block=None):
        if is_half_written:
            os.mkdir(path)  # stands for a file in a folder that keeps its names
        raise OSError("no")

    monkeypatch.setattr(users.Keeper, "checkpoint_save", save)
    proposer = start("Keeper")
    assert len(go_on(proposer, 3)) == 3
    assert proposer.saved is None
    assert "Its state could not be saved: OSError: no" in caplog.text
    proposer.close()


def test_where_no_temporary_folder_can_be_made_the_optimizer_goes_on_without_saving(
    always, caplog, monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    proposer = start("Keeper")
    assert len(go_on(proposer, 3)) == 3
    assert proposer.saved is None
    assert "Its state is not saved: [Errno 2] No such file or directory" in caplog.text
    proposer.close()


def test_the_space_is_the_one_that_the_class_asks_for():
    assert plugin("Walk").scaler is None
    assert plugin("Particular").scaler == "std"
    assert plugin("Nothing").scaler is None
