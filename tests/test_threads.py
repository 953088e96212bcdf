"""Linear algebra takes one thread in a run, whatever it took before."""

import os
import subprocess
import sys

import numpy as np
import pytest

from paramsrun.evaluators.thread_variables import THREADS_OF
from paramsrun.threads import _pools, one_thread


def threads() -> list[int]:
    return [get() for get, _ in _pools()]


def test_libraries_that_are_loaded_take_one_thread_and_then_as_many_as_before() -> None:
    if not threads():
        pytest.skip("this numpy has no OpenBLAS that can be found")
    assert np.eye(2).shape == (2, 2)
    before = threads()
    with one_thread():
        assert set(threads()) == {1}
    assert threads() == before


def test_libraries_that_are_loaded_meanwhile_learn_it_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with one_thread():
        assert os.environ["OPENBLAS_NUM_THREADS"] == os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_command_sets_every_variable() -> None:
    code = (
        "import os, sys; from paramsrun.cli.command import main; main(['status', '--help'], "
        "standalone_mode=False); print(*(os.environ.get(name) for name in sys.argv[1:]))"
    )
    environment = {**os.environ, **dict.fromkeys(THREADS_OF, "7")}
    shown = subprocess.run(
        [sys.executable, "-c", code, *THREADS_OF], env=environment, capture_output=True, text=True
    ).stdout
    assert shown.splitlines()[-1].split() == ["1"] * len(THREADS_OF)
