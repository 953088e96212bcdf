import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from paramsrun.optimizers.plugins.exchange import Answer
from paramsrun.optimizers.plugins.remote import Server


def bowl(x):
    if x[0] > 1.0:
        raise ValueError("too far")
    return float(x @ x)


def answered(x):
    return Answer(bowl(x))


def detailed(x):
    return Answer(np.inf) if x[0] < 0.0 else Answer(bowl(x), x.copy())


@pytest.fixture
def server():
    made = Server(answered)
    yield made
    made.close()


def test_it_gives_the_loss_bit_for_bit(server):
    x = np.array([0.1, -0.7])
    sent = pickle.loads(pickle.dumps(server.client))
    assert sent(x) == bowl(x)
    assert sent.detailed_call(x) == (bowl(x),)


def test_an_error_here_is_an_error_there(server):
    with pytest.raises(RuntimeError, match="too far"):
        server.client(np.array([2.0, 0.0]))


def test_it_is_called_from_other_processes(server):
    points = list(np.linspace(0.0, 1.0, 8).reshape(4, 2))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        assert list(pool.map(server.client, points)) == [bowl(x) for x in points]


def test_closed_it_answers_nobody():
    server = Server(answered)
    assert server.client(np.zeros(2)) == 0.0
    server.close()
    assert not Path(server.client.address).exists()
    with pytest.raises(RuntimeError, match="the optimizer was ended"):
        pickle.loads(pickle.dumps(server.client))(np.zeros(2))


def test_a_stranger_without_the_key_is_not_answered(server):
    stranger = type(server.client)(server.client.address, b"guessed")
    with pytest.raises(Exception, match="digest"):
        stranger(np.zeros(2))
    assert server.client(np.zeros(2)) == 0.0


def test_residuals_come_with_the_loss_where_they_are_logged():
    server = Server(detailed, is_detailed=True)
    sent = pickle.loads(pickle.dumps(server.client))
    fx, residuals = sent.detailed_call(np.array([0.1, -0.7]))
    assert (fx, residuals.tolist()) == (bowl(np.array([0.1, -0.7])), [0.1, -0.7])
    assert sent.detailed_call(np.array([-1.0, 0.0])) == (np.inf, None)
    assert sent(np.array([0.1, -0.7])) == fx
    server.close()
