"""Workers that come and go while points are computed."""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import sleep

import pytest

from paramsrun.arrays import Vector
from paramsrun.errors import EvaluatorLost, RunError
from paramsrun.problem.contract import Evaluation, Key
from tests.evaluators.cluster.conftest import Cluster, Make, all_done, is_there, until
from tests.evaluators.losses import Slow, Sphere, of, task

New = Callable[..., Cluster]
N = 200
HERE = version("paramsrun")


@dataclass
class Noted:
    """Takes 50 ms, and notes each evaluation that begins and which process computes it.

    Those after number 60 wait for a file.
    """

    notes: Path
    gate: Path

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        with self.notes.open("a") as file:
            file.write(f"{key.number} {os.getpid()}\n")
        while key.number > 60 and not self.gate.exists():
            sleep(0.01)
        sleep(0.05)
        return of(float(key.number))


def test_all_results_come_once_while_a_worker_joins_and_two_end(
    dask: Make, new_cluster: New, tmp_path: Path
) -> None:
    cluster, notes, gate = new_cluster(workers=2), tmp_path / "notes", tmp_path / "gate"
    evaluator = dask(Noted(notes, gate), cluster)
    first, second = cluster.started[1:]
    for number in range(1, N + 1):
        evaluator.submit(task(number))
    done = all_done(evaluator, 30)
    cluster.worker()
    until(lambda: _listen(evaluator, done) and evaluator.n_workers == 3, "a third worker")
    gate.touch()
    first.terminate()
    done += all_done(evaluator, 30)
    os.kill(second.pid, signal.SIGKILL)
    done += all_done(evaluator, N - len(done))
    assert sorted(d[0].key.number for d in done) == list(range(1, N + 1))
    assert all(d[1].fx == d[0].key.number for d in done)
    begun = [line.split() for line in notes.read_text().splitlines()]
    times = Counter(int(number) for number, _ in begun)
    assert set(times) == set(range(1, N + 1))
    n_under_way = 2 * 3  # points: so many chunks for each worker, of one point each
    assert sum(n - 1 for n in times.values()) <= 2 * n_under_way
    assert len({pid for _, pid in begun}) >= 3, "the worker that joined computed nothing"
    until(lambda: _listen(evaluator, done) and evaluator.n_workers == 1, "the loss of two workers")
    gone = _of_others(begun, cluster.started[-1].pid)
    until(lambda: not any(is_there(int(pid)) for pid in gone), "the end of their processes")
    assert len(done) == N


def _listen(evaluator: object, done: list[object]) -> bool:
    one = evaluator.next_done(0.05)  # type: ignore[attr-defined]
    if one is not None:
        done.append(one)
    return True


def _of_others(begun: list[list[str]], dask_worker: int) -> set[str]:
    """Return the processes that computed for other dask workers."""

    def parent(pid: str) -> int | None:
        try:
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return None

    return {pid for _, pid in begun if parent(pid) != dask_worker}


def test_points_wait_until_there_is_a_worker(dask: Make, new_cluster: New) -> None:
    cluster = new_cluster()
    evaluator = dask(Sphere(), cluster)
    evaluator.submit(task(1))
    assert evaluator.next_done(0.3) is None
    assert evaluator.n_workers == 0
    cluster.worker()
    assert all_done(evaluator, 1)[0][0].key.number == 1


def test_a_point_over_which_workers_are_lost_again_and_again_has_failed(
    dask: Make, new_cluster: New
) -> None:
    cluster = new_cluster(workers=1)
    evaluator = dask(EndsItsDaskWorker(), cluster, retries=1)
    evaluator.submit(task(1))

    def failed() -> object:
        if cluster.started[-1].poll() is not None:
            cluster.worker()
        return evaluator.next_done(0.1)

    _, evaluation = until(failed, "a failed point")
    assert evaluation.fx == float("inf")
    assert "ended while it computed this point" in evaluation.failures[0].reason


class EndsItsDaskWorker:
    """Ends the dask worker for which it is computed."""

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        os.kill(os.getppid(), signal.SIGKILL)
        sleep(60.0)
        return of(0.0)


def test_a_scheduler_that_is_lost_is_told(dask: Make, new_cluster: New) -> None:
    cluster = new_cluster(workers=1)
    evaluator = dask(Slow(0.05), cluster)
    for number in range(1, 20):
        evaluator.submit(task(number))
    all_done(evaluator, 2)
    cluster.scheduler.kill()
    with pytest.raises(EvaluatorLost, match=r"The dask scheduler tcp://\S+ is lost \(Evaluator\)"):
        all_done(evaluator, 17)


def other_versions(folder: Path) -> Path:
    """Return a folder that makes a Python believe in another version of paramsrun."""
    there = folder / "other/paramsrun-9.9.dist-info"
    there.mkdir(parents=True)
    (there / "METADATA").write_text("Metadata-Version: 2.1\nName: paramsrun\nVersion: 9.9\n")
    return there.parent


def test_a_worker_of_another_version_is_an_error_that_names_both(
    dask: Make, new_cluster: New, tmp_path: Path
) -> None:
    cluster = new_cluster()
    cluster.worker(other_versions(tmp_path))
    told = rf"it has paramsrun 9\.9, and the driver {re.escape(HERE)}"
    with pytest.raises(RunError, match=told):  # noqa: PT012  it may be there already, or join later
        evaluator = dask(Sphere(), cluster)
        evaluator.submit(task(1))
        all_done(evaluator, 1)


def test_one_that_joins_later_gets_no_points_and_the_run_goes_on(
    dask: Make, new_cluster: New, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = new_cluster(workers=1)
    evaluator = dask(Slow(0.01), cluster)
    evaluator.submit(task(1))
    all_done(evaluator, 1)
    cluster.worker(other_versions(tmp_path))
    number = 1

    def warnings() -> list[str]:
        return [one.message for one in caplog.records if one.name.startswith("paramsrun")]

    def left_aside() -> bool:
        nonlocal number
        number += 1
        evaluator.submit(task(number))
        assert all_done(evaluator, 1)[0][1].fx <= number
        return bool(warnings())

    until(left_aside, "a worker that is left aside")
    assert len(warnings()) == 1
    assert f"it has paramsrun 9.9, and the driver {HERE}. It gets no more points" in caplog.text
    for more in range(50):
        evaluator.submit(task(number + 1 + more))
    all_done(evaluator, 50)
    assert len(warnings()) == 1
