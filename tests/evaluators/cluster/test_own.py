"""A cluster of the job's own: on this machine only, and gone with the job."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.evaluators.cluster.conftest import ROOT, Cluster, Make, all_done, is_there, until
from tests.evaluators.losses import Sphere, task

DRIVER = """
import sys
from pathlib import Path
from paramsrun.evaluators.cluster.start import start
from paramsrun.settings.running import Evaluator
from tests.evaluators.losses import NotesSecond, task
note, file = Path(sys.argv[1]), (sys.argv[2:] or [None])[0]
dask = start(NotesSecond(note), Evaluator(type="Dask", scheduler_file=file), 2, 1, Path())
dask.submit(task(1))
while dask.next_done(0.2) is None:
    pass
dask.submit(task(2))
while not (note.exists() and note.read_text().endswith("\\n")):
    dask.next_done(0.05)
print(*(dask._own.pids if dask._own else ()), flush=True)
dask.next_done()
"""
"""Says the processes of its cluster, if that is its own, once the second point is computed."""


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
        with suppress(OSError):  # it has ended
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    sockets.add(os.readlink(link))
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
    new_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    cluster, note = new_cluster(workers=2), tmp_path / "note"
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, note, cluster.file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        pid = int(note.read_text())
        assert pid in {one for worker in cluster.started[1:] for one in below(worker.pid)}
        driver.kill()
    until(lambda: not is_there(pid), "the end of the one that computes")
    assert all(worker.poll() is None for worker in cluster.started)


@pytest.mark.parametrize("code", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_it_when_its_driver_is_killed(
    code: signal.Signals, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", DRIVER, tmp_path / "note"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            own = {int(word) for word in driver.stdout.readline().split()}
            pids = {pid for one in own for pid in (one, *below(one))}
            assert len(own) == 3
            assert len(pids) >= 4, "no process computes"
        finally:
            driver.send_signal(code)
    until(lambda: not any(map(is_there, pids)), "the end of all processes")
