"""Ending a run from outside, and what `paramsrun status` says of it before and after."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paramsrun.manager.state import RunState
from paramsrun.results import reader
from tests.cli.jobs import SAMPLING, Gated, evaluations_of, journal_of, paramsrun, start

NEVER = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 1000\nEnd\n"
FEW = NEVER.replace("1000", "20")
RESULTS = Path("params.results")
N_DONE = 12


@pytest.fixture
def run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run in the middle of an evaluation, with N_DONE of them done."""
    with Gated(tmp_path, N_DONE, SAMPLING + "RandomSeed 1\n" + NEVER).process as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_the_run_in_order(
    run: "subprocess.Popen[str]", number: signal.Signals, code: int
) -> None:
    run.send_signal(number)
    output, errors = run.communicate()
    assert (run.returncode, errors) == (code, "")
    assert f"Ended by {number.name}\n" in output
    assert f"Done. {N_DONE} evaluations" in output
    last = journal_of(RESULTS)[-1]
    assert (last["e"], last["how"], last["living"]) == ("exit", "signal", [2])
    assert len(evaluations_of(RESULTS)) == N_DONE
    condition = (RESULTS / "optimization/optimizer_002/end_condition.txt").read_text()
    assert condition == f"job exit\nEnded by {number.name}\n"
    assert not (RESULTS / "run.lock").exists()
    status = paramsrun("status", RESULTS)
    assert "Ended by a signal:\n  Ended by " in status.output


def test_a_killed_run_keeps_every_evaluation_that_was_done(run: "subprocess.Popen[str]") -> None:
    run.kill()
    run.communicate()
    assert [e["n"] for e in evaluations_of(RESULTS)] == list(range(1, N_DONE + 1))
    status = paramsrun("status", RESULTS)
    assert status.exit_code == 0
    assert "Not running, and cut short: it was killed" in status.output
    assert f"Evaluations      {N_DONE}\n" in status.output
    assert "002        RandomSampling  2 " in status.output


def test_status_of_a_living_run_names_its_process(run: "subprocess.Popen[str]") -> None:
    status = paramsrun("status", RESULTS)
    assert status.exit_code == 0
    assert f"\nRunning: process {run.pid} on " in status.output
    assert f"Evaluations      {N_DONE}\n" in status.output
    assert status.output.endswith("alive\n")


def test_a_torn_last_line_of_the_journal_is_told(run: "subprocess.Popen[str]") -> None:
    run.kill()
    run.communicate()
    segment = RESULTS / "optimization/journal/000001.jsonl"
    segment.write_bytes(segment.read_bytes()[:-5])
    status = paramsrun("status", RESULTS)
    assert "The last line of the journal was cut off (" in status.output
    assert f"Evaluations      {N_DONE - 1}\n" in status.output


def test_a_living_run_refuses_a_second_driver(run: "subprocess.Popen[str]", tmp_path: Path) -> None:
    second = paramsrun(tmp_path / "job/params.in")
    assert second.exit_code == 2
    assert "params.results is there already" in second.output
    assert "Running: process" in paramsrun("status", RESULTS).output


def test_what_is_logged_can_be_read_while_the_run_goes_on(run: "subprocess.Popen[str]") -> None:
    log = (RESULTS / "job.log").read_text()
    assert "Optimizer 1 converged after 10 evaluations" in log
    training = RESULTS / "optimization/training_set_results"
    rows = (training / "running_loss.txt").read_text().splitlines()
    assert rows[0].startswith("#evaluation ")
    assert "000010" in {row.split()[0] for row in rows}
    assert not (RESULTS / "summary.txt").exists()


def test_a_sigint_that_was_ignored_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as of `command &` in a script
    try:
        run = Gated(tmp_path, N_DONE, SAMPLING + "RandomSeed 1\n" + FEW)
    finally:
        signal.signal(signal.SIGINT, before)
    run.process.send_signal(signal.SIGINT)
    assert "Done. 20 evaluations" in run.end()


def test_a_run_that_ends_while_status_reads_its_journal_was_not_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Gated(tmp_path, N_DONE, SAMPLING + "RandomSeed 1\n" + FEW)
    fold = reader.fold

    def slowly(*given: Any) -> RunState:
        state = fold(*given)
        run.end()
        return state

    monkeypatch.setattr(reader, "fold", slowly)
    output = paramsrun("status", RESULTS).output
    assert f"\nRunning: process {run.process.pid} on " in output
    assert "cut short" not in output


def test_a_signal_while_the_input_is_read_ends_in_order_too(tmp_path: Path) -> None:
    fifo = tmp_path / "params.in"
    os.mkfifo(fifo)
    with start(fifo, folder=tmp_path) as process, fifo.open("w"):  # both ends are open
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "Ended by SIGINT\n")
