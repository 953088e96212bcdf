"""A cluster of the job's own: on this machine only, and gone with the job."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evaluators.cluster.conftest import ROOT, Cluster, Make, all_done, is_there, until
from tests.evaluators.losses import Sphere, task

DRIVER = """
import sys
from pathlib import Path
from paramsrun.evaluators.cluster.start import start
from paramsrun.settings.running import Evaluator
from tests.evaluators.losses import Slow, task
dask = start(Slow(0.0, ((2, 600.0),)), Evaluator(type="Dask"), 2, 1, Path())
dask.submit(task(1))
while dask.next_done(0.2) is None:
    pass
dask.submit(task(2))
dask.next_done(0.5)
print(*dask._own.pids, flush=True)
dask.next_done()
"""


def below(pid: int) -> set[int]:
    """Return the processes that a process has started, and theirs."""
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found |= {int(path.parent.name)} | below(int(path.parent.name))
    return found


def listening_on(pids: set[int]) -> set[str]:
    """Return the addresses (hexadecimal) on which processes listen for connections."""
    sockets = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(os.readlink(link))
            except OSError:
                continue
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                addresses.add(fields[1].partition(":")[0])
    return addresses


def test_it_listens_on_loopback_only_and_ends_with_close(dask: Make) -> None:
    evaluator = dask(Sphere(), None)
    for number in range(1, 20):
        evaluator.submit(task(number))
    assert len(all_done(evaluator, 19)) == 19
    pids = {pid for own in evaluator._own.pids for pid in (own, *below(own))}
    assert len(pids) >= 4
    assert listening_on(pids) == {"0100007F"}
    evaluator.close()
    until(lambda: not any(map(is_there, pids)), "the end of all its processes")


def test_a_worker_that_ends_is_replaced(dask: Make) -> None:
    evaluator = dask(Sphere(), None, n_here=1)
    evaluator.submit(task(1))
    all_done(evaluator, 1)
    (_, worker) = evaluator._own.pids
    os.kill(worker, signal.SIGKILL)
    evaluator.submit(task(2))
    assert all_done(evaluator, 1)[0][0].key.number == 2
    assert evaluator._own.pids[1] != worker


def test_what_computes_on_another_cluster_ends_when_the_driver_is_killed(
    new_cluster: Callable[..., Cluster],
) -> None:
    cluster = new_cluster(workers=2)
    code = DRIVER.replace('type="Dask"', f'type="Dask", scheduler_file="{cluster.file}"')
    code = code.replace("print(*dask._own.pids, flush=True)", "print(flush=True)")
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        pids = {pid for worker in cluster.started[1:] for pid in below(worker.pid)}
        driver.kill()
    assert pids, "no process computes"
    until(lambda: not all(map(is_there, pids)), "the end of the one that computes")
    assert all(worker.poll() is None for worker in cluster.started)


@pytest.mark.parametrize("code", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_it_when_its_driver_is_killed(code: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as driver:
        try:
            assert driver.stdout is not None
            own = {int(word) for word in driver.stdout.readline().split()}
            pids = {pid for one in own for pid in (one, *below(one))}
            assert len(own) == 3
            assert len(pids) >= 4, "no process computes"
        finally:
            driver.send_signal(code)
    until(lambda: not any(map(is_there, pids)), "the end of all processes")
