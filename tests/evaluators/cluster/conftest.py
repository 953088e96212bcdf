"""Real schedulers and workers on loopback, each a process that is ended by its id."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from paramsrun.evaluators.contract import Evaluates
from paramsrun.settings.running import Evaluator

pytest.importorskip("distributed", reason="the extra distributed is not installed")

ROOT = Path(__file__).parents[3]
LIMIT_S = 240.0


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait until something holds; fail where it does not in time."""
    end = monotonic() + LIMIT_S
    while not (found := true()):
        assert monotonic() < end, f"not in {LIMIT_S:g} s: {what}"
        sleep(0.02)
    return found


def is_there(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Cluster:
    """A scheduler, and workers that are started as a user starts them."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.file = folder / "s.json"
        self.options = options
        self.started: list[subprocess.Popen[bytes]] = []
        where = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._run("scheduler", *where, "--no-dashboard")
        until(self._is_told, "a scheduler's file")

    def _is_told(self) -> bool:
        """Tell whether the scheduler's file is there, whole."""
        try:
            return bool(json.loads(self.file.read_text())["address"])
        except (OSError, ValueError):
            return False

    def wait_for(self, n: int) -> None:
        """Wait until the scheduler has so many workers."""
        from distributed import Client

        with Client(scheduler_file=str(self.file), set_as_default=False) as client:
            client.wait_for_workers(n, timeout=LIMIT_S)

    def worker(self, python_path: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        where = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
        own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder)]
        return self._run("worker", *where, *own, python_path=python_path)

    def _run(
        self, part: str, *arguments: str, python_path: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", part, "--scheduler-file", str(self.file)]
        path = [str(p) for p in (python_path, ROOT) if p is not None]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *arguments, *self.options],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers, for the tests of one module."""
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(2):
            found.worker()
        found.wait_for(2)
        yield found
    finally:
        found.close()


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Make clusters for one test."""
    with ExitStack() as stack:

        def make(*options: str, workers: int = 0) -> Cluster:
            found = Cluster(tmp_path / "cluster", *options)
            stack.callback(found.close)
            for _ in range(workers):
                found.worker()
            return found

        yield make


Make = Callable[..., Any]


@pytest.fixture
def dask() -> Iterator[Make]:
    """Make evaluators that are closed after the test."""
    from paramsrun.evaluators.cluster.start import start

    with ExitStack() as stack:

        def make(
            problem: Evaluates,
            at: Cluster | Path | None,
            n_here: int = 2,
            most: int = 0,
            **keys: Any,
        ) -> Any:
            path = at.file if isinstance(at, Cluster) else at
            file = None if path is None else str(path)
            settings = Evaluator(type="Dask", scheduler_file=file, workers=most, **keys)
            evaluator = start(problem, settings, n_here, 1, Path())
            stack.callback(evaluator.close)
            return evaluator

        yield make


def all_done(evaluator: Any, n: int) -> list[Any]:
    """Return so many results in the order in which they come."""
    found: list[Any] = []
    end = monotonic() + LIMIT_S
    while len(found) < n:
        assert monotonic() < end, f"{len(found)} of {n} results in {LIMIT_S:g} s"
        done = evaluator.next_done(0.2)
        if done is not None:
            found.append(done)
    return found
