import threading

import pytest

from paramsrun.optimizers.study import heartbeat
from paramsrun.optimizers.study.heartbeat import Heartbeat


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.001)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_it_beats_for_the_trial_in_hand_until_it_is_closed() -> None:
    beats = {1: threading.Event(), 2: threading.Event()}
    done = threading.Event()
    heart = Heartbeat(lambda trial: beats[trial].set(), done.set)
    for trial in beats:
        heart.of(trial)
        assert beats[trial].wait(60.0)
    heart.close()
    assert done.is_set()
    assert "paramsrun heartbeat" not in threads()


def test_a_beat_that_fails_is_followed_by_others() -> None:
    beats: list[int] = []
    third = threading.Event()

    def beat(trial: int) -> None:
        beats.append(trial)
        if len(beats) == 3:
            third.set()
        raise OSError

    heart = Heartbeat(beat, lambda: None)
    heart.of(1)
    assert third.wait(60.0)
    heart.close()


def test_without_a_trial_there_is_no_thread() -> None:
    heart = Heartbeat(lambda trial: None, lambda: None)
    heart.of(None)
    assert "paramsrun heartbeat" not in threads()
    heart.close()
