"""Two network namespaces as two hosts: what becomes of a run when the line between them is cut."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import pytest

from tests.cli.jobs import SEED, evaluations_of, function_job, journal_of, start
from tests.evaluators.cluster.conftest import ROOT, until
from tests.test_workers import CMAES

CUT_S = 20.0
HERE, THERE = "10.213.7.1", "10.213.7.2"
SLOW = "import time\n\ndef loss(x):\n    time.sleep(0.05)\n    return float(x @ x)\n"
CALLS = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 200\nEnd\n"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@pytest.fixture
def other_host() -> Iterator[str]:
    """A network namespace that reaches this one by a line of its own."""
    name = f"prun{os.getpid() % 10_000}"
    with ExitStack() as stack:
        try:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b")
            stack.callback(ip, "link", "del", f"{name}a")
            ip("link", "set", f"{name}b", "netns", name)
            ip("addr", "add", f"{HERE}/30", "dev", f"{name}a")
            ip("link", "set", f"{name}a", "up")
            ip("-n", name, "addr", "add", f"{THERE}/30", "dev", f"{name}b")
            ip("-n", name, "link", "set", f"{name}b", "up")
            ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", error)
            pytest.skip(f"this machine allows no network namespaces: {told}")
        yield name


def part(folder: Path, *command: str) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@pytest.mark.slow
def test_a_run_survives_a_line_that_is_cut_for_twenty_seconds(
    other_host: str, tmp_path: Path
) -> None:
    dask = [sys.executable, "-m", "dask"]
    inside = ["ip", "netns", "exec", other_host]
    address = f"tcp://{HERE}:8917"
    own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path), "--no-dashboard"]
    with ExitStack() as stack:
        for command in (
            [*dask, "scheduler", "--host", HERE, "--port", "8917", "--no-dashboard"],
            [*inside, *dask, "worker", address, "--host", THERE, *own],
        ):
            process = part(tmp_path, *command)
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
        text = CMAES + CALLS + SEED + f"Evaluator Type=Dask Address={address} Ordered=Yes\n"
        function_job(tmp_path, SLOW, text)
        with start("params.in", folder=tmp_path) as job:
            results = tmp_path / "params.results"
            until(lambda: results.exists() and len(evaluations_of(results)) > 20, "evaluations")
            ip("link", "set", f"{other_host}a", "down")
            sleep(CUT_S)
            n_then = len(evaluations_of(results))
            assert job.poll() is None
            assert n_then < 200
            ip("link", "set", f"{other_host}a", "up")
            _, error = job.communicate(timeout=90)
        assert (job.returncode, error) == (0, "")
        numbers = [e["n"] for e in journal_of(results) if e["e"] == "eval"]
        assert numbers == list(range(201))
