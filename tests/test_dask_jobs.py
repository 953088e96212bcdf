"""Whole jobs on a cluster: the same as elsewhere, and what becomes of one that is interrupted."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.jobs import (
    CALLS_25,
    SEED,
    evaluations_of,
    function_job,
    journal_of,
    lennard_jones_job,
    paramsrun,
    start,
    story,
)
from tests.evaluators.cluster.conftest import Cluster, is_there, until
from tests.evaluators.cluster.test_own import below
from tests.test_workers import CMAES, FIVE, STOPPERS, UNEVEN, run, settings, story_of, trajectories

SLOW = "import time\n\ndef loss(x):\n    time.sleep(0.05)\n    return float(x @ x)\n"
HELD = """\
import os, time

n = 0

def loss(x):
    global n
    n += 1
    while n > 20 and os.path.exists({path!r}):
        time.sleep(0.01)
    return float(x @ x)
"""
LONG = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 4000\nEnd\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def new_cluster() -> Iterator[Callable[[Path], Cluster]]:
    with ExitStack() as stack:

        def make(folder: Path) -> Cluster:
            found = Cluster(folder)
            stack.callback(found.close)
            found.worker()
            return found

        yield make


def on_dask(text: str) -> str:
    return text.replace("Type=Processes", "Type=Dask")


def test_in_order_the_journal_is_that_of_processes_and_of_inline() -> None:
    text = FIVE + STOPPERS + settings(2, 130, 5, ordered="Yes")
    inline = text.replace("Type=Processes Workers=2", "Type=Inline")
    journals = [story_of(t, n) for t, n in ((text, "p"), (on_dask(text), "d"), (inline, "i"))]
    assert journals[0] == journals[1] == journals[2]
    assert [e["n"] for e in journals[1] if e["e"] == "eval"] == list(range(131))


def test_each_optimizer_goes_the_same_way_as_with_processes() -> None:
    text = FIVE + settings(2, 120, 5)
    here, there = trajectories(run(text, "p")), trajectories(run(on_dask(text), "d"))
    assert len(set(here) & set(there)) >= 4
    for o in set(here) & set(there):
        both = set(here[o]) & set(there[o])
        assert len(both) >= min(len(here[o]), len(there[o])) - 4
        assert {k: here[o][k] for k in both} == {k: there[o][k] for k in both}


def test_a_job_of_an_engine_is_the_same_on_a_cluster() -> None:
    end = CMAES + CALLS_25 + SEED
    found = []
    for name, evaluator in (("d", "Evaluator Type=Dask Workers=2 Ordered=Yes\n"), ("i", "")):
        lennard_jones_job(Path(), end + (evaluator or "Evaluator Type=Inline\n"))
        result = paramsrun("params.in", "--name", name)
        assert result.exit_code == 0, result.output
        found.append(story(Path(f"{name}.results")))
    assert found[0] == found[1]


def test_a_signal_ends_a_job_in_order_and_nothing_stays_behind(tmp_path: Path) -> None:
    function_job(tmp_path, SLOW, CMAES + LONG + SEED + "Evaluator Type=Dask Workers=2\n")
    with start("params.in", folder=tmp_path) as job:
        results = tmp_path / "params.results"
        until(lambda: results.exists() and len(evaluations_of(results)) > 5, "evaluations")
        until(
            lambda: len(below(job.pid)) >= 5, "a scheduler, two workers, and what computes in them"
        )
        pids = below(job.pid)
        job.send_signal(signal.SIGTERM)
        _, error = job.communicate(timeout=60)
    assert job.returncode == 143
    assert error == ""
    assert [*results.glob("checkpoints/*.tar.gz")]
    until(lambda: not any(map(is_there, pids)), "the end of the cluster")


def test_a_job_that_loses_its_scheduler_ends_with_a_checkpoint_and_goes_on(
    tmp_path: Path, new_cluster: Callable[[Path], Cluster]
) -> None:
    first = new_cluster(tmp_path / "first")
    (tmp_path / "s.json").symlink_to(first.file)
    text = CMAES + LONG.replace("4000", "40") + SEED
    held = tmp_path / "held"
    held.touch()
    code = HELD.format(path=str(held))
    function_job(tmp_path, code, text + "Evaluator Type=Dask SchedulerFile=s.json Ordered=Yes\n")
    with start("params.in", "--resume", "auto", folder=tmp_path) as job:
        results = tmp_path / "params.results"
        until(lambda: results.exists() and len(evaluations_of(results)) > 5, "evaluations")
        first.scheduler.kill()
        _, error = job.communicate(timeout=60)
    assert job.returncode == 1
    told = f"The dask scheduler tcp://127.0.0.1:{_port(first)} is lost (Evaluator): "
    assert error.startswith(told), error
    assert "--resume auto" in error
    assert len(error.splitlines()) == 2
    assert len([*results.glob("checkpoints/*.tar.gz")]) == 1
    held.unlink()
    second = new_cluster(tmp_path / "second")
    (tmp_path / "s.json").unlink()
    (tmp_path / "s.json").symlink_to(second.file)
    result = paramsrun("params.in", "--resume", "auto")
    assert result.exit_code == 0, result.output
    after = trajectories(journal_of(Path("params.2.results")))
    function_job(tmp_path, code, text + "Evaluator Type=Inline\n")
    assert paramsrun("params.in", "--name", "uncut").exit_code == 0
    assert after == trajectories(journal_of(Path("uncut.results")))


def _port(cluster: Cluster) -> str:
    return cluster.file.read_text().partition('"address": "tcp://127.0.0.1:')[2].partition('"')[0]


def test_status_tells_the_workers_of_a_running_job(tmp_path: Path) -> None:
    function_job(tmp_path, SLOW, CMAES + LONG + SEED + "Evaluator Type=Dask Workers=2\n")
    line = r"^Evaluations: 2 workers, [1-9]\d* in flight, (\S*[1-9]\S*) a second$"
    with start("params.in", folder=tmp_path) as job:
        results = tmp_path / "params.results"
        until(lambda: results.exists() and len(evaluations_of(results)) > 5, "evaluations")

        def told() -> "re.Match[str] | None":
            return re.search(line, paramsrun("status", "params.results").output, re.MULTILINE)

        found = until(told, "the workers in status")
        os.kill(job.pid, signal.SIGTERM)
        job.communicate(timeout=60)
    assert float(found[1]) > 0.0
    assert told() is None


def test_a_missing_extra_is_told_at_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from paramsrun.settings import running

    function_job(Path(), UNEVEN, CMAES + CALLS_25 + "Evaluator\n  Type Dask\nEnd\n")
    assert paramsrun("check", "params.in").exit_code == 0
    monkeypatch.setattr(running, "find_spec", lambda name: None)
    result = paramsrun("check", "params.in")
    assert result.exit_code == 2
    assert result.output == (
        "params.in:15:8: Evaluator%Type Dask needs dask.distributed, which is not installed: "
        "pip install 'paramsrun[distributed]'\n"
    )


def test_a_check_does_without_dask(tmp_path: Path) -> None:
    function_job(tmp_path, UNEVEN, CMAES + CALLS_25 + "Evaluator\n  Type Dask\nEnd\n")
    code = (
        "import sys\nfrom paramsrun.job import Job\nJob.load('params.in', run_code=False).close()\n"
        "print([name for name in ('dask', 'distributed', 'tornado') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (told.stdout, told.stderr) == ("[]\n", "")


@pytest.mark.parametrize("code", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_job_that_still_looks_for_its_scheduler(
    tmp_path: Path, code: signal.Signals
) -> None:
    address = "Evaluator Type=Dask Address=tcp://127.0.0.1:1\n"
    function_job(tmp_path, SLOW, CMAES + LONG + SEED + address)
    with start("params.in", folder=tmp_path) as job:
        log = tmp_path / "params.results/job.log"
        until(lambda: log.exists() and "dask scheduler" in log.read_text(), "its search")
        job.send_signal(code)
        job.communicate(timeout=60)
    assert job.returncode in (-code, 128 + code)
