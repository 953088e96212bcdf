"""What happens to a point on a cluster: the same as elsewhere, once."""

import os
import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from paramsrun.errors import RunError, UsageError
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.spread import spread
from tests.cli.jobs import function_job
from tests.evaluators.cluster.conftest import Cluster, Make, all_done, is_there, until
from tests.evaluators.losses import Perilous, Slow, Sphere, Threads, Unloadable, task
from tests.evaluators.slow_model import slow_problem
from tests.problem.conftest import JobFolder
from tests.problem.test_parts import same


def test_results_are_those_of_inline_to_the_last_bit(
    dask: Make, cluster: Cluster, tmp_path: Path
) -> None:
    problem = JobFolder(tmp_path).problem()
    rng = np.random.default_rng(1)
    low, high = problem.parameters.bounds.T
    points = [low + (high - low) * rng.random(len(low)) for _ in range(40)]
    found = []
    for evaluator in (dask(problem, cluster), Inline(problem)):
        for number, x in enumerate(points):
            evaluator.submit(task(number, x))
        done = all_done(evaluator, len(points))
        found.append({d[0].key.number: pickle.dumps(d[1]) for d in done})
    assert len(found[0]) == len(points)
    assert found[0] == found[1]


def test_every_task_comes_back_once_as_it_was_submitted(dask: Make, cluster: Cluster) -> None:
    submitted = [task(n) for n in range(1, 1001)]
    evaluator = dask(Sphere(), cluster)
    for one in submitted:
        evaluator.submit(one)
    assert evaluator.n_in_flight == 1000
    returned = [done[0] for done in all_done(evaluator, 1000)]
    assert sorted(map(id, returned)) == sorted(map(id, submitted))
    assert evaluator.n_in_flight == 0
    assert evaluator.n_workers == 2


@pytest.mark.parametrize(
    ("act", "keys", "reason"),
    [
        # long enough that none of the others, which take no time, can be late
        ("hang", {"timeout": 10.0}, r"it took longer than 10 s \(Timeout\)"),
        ("die", {"retries": 1}, r"the worker that computed it ended with exit code 3 \(2 times\)"),
        ("outgrow", {"memory": 150.0}, r"it needs more memory than 150 MB \(Memory\)"),
        ("raise", {}, "ValueError: no such state"),
        ("nan", {}, "the loss is not a number"),
    ],
)
def test_a_loss_that_goes_wrong_costs_its_point_alone(
    dask: Make, cluster: Cluster, act: str, keys: dict[str, float], reason: str
) -> None:
    evaluator = dask(Perilous(((3, act),)), cluster, **keys)
    for number in range(1, 9):
        evaluator.submit(task(number))
    done = {d[0].key.number: d[1] for d in all_done(evaluator, 8)}
    assert [done[n].fx for n in (1, 2, 4, 5, 6, 7, 8)] == [1, 2, 4, 5, 6, 7, 8]
    (failure,) = done[3].failures
    assert re.search(reason, failure.reason)
    assert done[3].fx == float("inf")
    assert all(process.poll() is None for process in cluster.started)


def test_linear_algebra_takes_one_thread(dask: Make, cluster: Cluster) -> None:
    evaluator = dask(Threads(), cluster)
    evaluator.submit(task(1))
    assert all_done(evaluator, 1)[0][1].fx == 1.0


def test_workers_is_the_most_that_a_cluster_gives(dask: Make, cluster: Cluster) -> None:
    evaluator = dask(Slow(0.0), cluster, most=1)
    evaluator.submit(task(1))
    all_done(evaluator, 1)
    assert evaluator.n_workers == 1


def test_the_jobs_of_a_dear_evaluation_are_dealt_to_workers(
    dask: Make, cluster: Cluster, tmp_path: Path
) -> None:
    problem = slow_problem(tmp_path, 0.05)
    evaluator = spread(problem, dask(problem, cluster), 0)
    found = []
    for number in (1, 2, 3):
        evaluator.submit(task(number, np.array([0.3, 2.1])))
        found += all_done(evaluator, 1)
    assert {"j0 j1 j2", "j3 j4 j5"} <= set((tmp_path / "notes").read_text().splitlines())
    alone = slow_problem(tmp_path)
    for one, evaluation in found:
        same(evaluation, alone.evaluate(one.x, one.key))


def test_nothing_comes_in_time_where_nothing_is_ready(dask: Make, cluster: Cluster) -> None:
    evaluator = dask(Slow(0.0, ((1, 60.0),)), cluster)
    evaluator.submit(task(1))
    assert evaluator.next_done(0.3) is None


def test_close_drops_what_is_computed_and_ends_its_processes(
    dask: Make, cluster: Cluster, tmp_path: Path
) -> None:
    notes = tmp_path / "pid"
    evaluator = dask(NotesPid(notes), cluster)
    evaluator.submit(task(1))

    def begun() -> bool:
        assert evaluator.next_done(0.05) is None
        return notes.exists() and bool(notes.read_text())

    until(begun, "an evaluation")
    evaluator.close()
    until(lambda: not is_there(int(notes.read_text())), "the end of what computed")
    evaluator.close()


class NotesPid:
    """Writes down which process computes, and takes for ever."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def evaluate(self, x: object, key: object) -> None:
        self.file.write_text(str(os.getpid()))
        sum(range(10**13))


def test_a_problem_that_no_worker_can_take_is_told_once(dask: Make, cluster: Cluster) -> None:
    evaluator = dask(Unloadable(dies=False), cluster)
    for number in range(1, 100):
        evaluator.submit(task(number))
    with pytest.raises(
        RunError,
        match=r"The dask worker tcp://\S+ cannot compute for this job \(Evaluator\): "
        r"Workers cannot take the problem \(Evaluator\): ImportError: no module of that name",
    ):
        all_done(evaluator, 1)


def test_the_users_module_reaches_workers_that_do_not_see_its_folder(
    dask: Make, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paramsrun.job import Job

    monkeypatch.setattr(sys, "path", sys.path.copy())
    code = "from beside_it import N\n\ndef loss(x):\n    return N * float(x @ x)\n"
    file = function_job(tmp_path / "job", code, module="far_away")
    (tmp_path / "job/beside_it.py").write_text("N = 7\n")
    with Job.load(file, run_code=False) as job:
        evaluator = dask(job.problem, cluster)
        (tmp_path / "job").rename(tmp_path / "nobody_is_there")
        evaluator.submit(task(1, np.ones(2)))
        assert all_done(evaluator, 1)[0][1].fx == 14.0


def test_a_missing_module_is_told_once(
    dask: Make, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paramsrun.evaluators.cluster import sources
    from paramsrun.job import Job

    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sources, "MOST_BYTES", 0)
    with Job.load(function_job(tmp_path / "job", module="gone"), run_code=False) as job:
        evaluator = dask(job.problem, cluster)
    (tmp_path / "job").rename(tmp_path / "nobody_is_there")
    for number in range(1, 100):
        evaluator.submit(task(number))
    with pytest.raises(RunError, match="ImportError: there is no module gone in "):
        all_done(evaluator, 1)


def test_a_scheduler_that_is_not_there_is_told(
    dask: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from paramsrun.evaluators.cluster import connection, start

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "CONNECT_S", 0.5)
        patch.setattr(start, "PATIENCE_S", 0.0)
        with pytest.raises(RunError, match=r"No dask scheduler answers at tcp://127\.0\.0\.1:1 "):
            dask(Sphere(), None, address="tcp://127.0.0.1:1")
        missing = tmp_path / "s.json"
        caplog.set_level("INFO")
        with pytest.raises(RunError, match=rf"Evaluator%SchedulerFile: {missing} is not there"):
            dask(Sphere(), missing)
        assert f"Waiting for {missing} up to 0 s (Evaluator%SchedulerFile)" in caplog.messages


def test_a_certificate_that_is_not_there_is_told(dask: Make, tmp_path: Path) -> None:
    keys = {"tls_ca_file": "ca.pem", "tls_certificate": "c.pem", "tls_key": "k.pem"}
    with pytest.raises(UsageError, match=r"Evaluator%TLSCAFile: there is no file ca\.pem"):
        dask(Sphere(), None, **keys)
