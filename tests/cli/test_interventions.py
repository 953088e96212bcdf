"""Asking a running job: `paramsrun stop`, `paramsrun checkpoint`, files STOP_n, EXIT and CHKPT.

The function of these jobs says through a FIFO that it is being evaluated, then waits for another;
after that the job runs on and on.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paramsrun.results.log import evaluations
from tests.cli.jobs import (
    CALLS_25,
    Gated,
    evaluations_of,
    function_job,
    journal_of,
    paramsrun,
    wait_until,
)

RESULTS = Path("params.results")
N_FIRST = 10
"""Evaluations of the first optimizer; the second never ends by itself."""
SAMPLES = "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples {}\n  End\nEnd\n"
ENDLESS = 10**8
BY_HAND = "stopped on request (paramsrun stop --optimizer 2, or a file STOP_2)"
INLINE = "Evaluator\n  Type Inline\nEnd\n"
BLOCKS = SAMPLES.format(N_FIRST) + SAMPLES.format(ENDLESS)


def until(n: int) -> str:
    return f"ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls {n}\nEnd\n"


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Gated]]:
    """Start a job that has done some evaluations, and is in the middle of the next."""
    monkeypatch.setattr("paramsrun.results.asking.PATIENCE_S", 60.0)
    made: list[Gated] = []

    def make(
        n_done: int = N_FIRST + 2, n_max: int = ENDLESS, text: str = "", blocks: str = BLOCKS
    ) -> Gated:
        text = f"{blocks}RandomSeed 1\n{INLINE}{until(n_max)}{text}"
        made.append(Gated(tmp_path, n_done, text))
        return made[-1]

    yield make
    for job in made:
        job.process.kill()
        job.process.communicate()


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen while a command waits for the job, once."""
    happening = [happens]

    def sleep(_: float) -> None:
        if happening:
            happening.pop()()

    monkeypatch.setattr("paramsrun.results.asking.sleep", sleep)


def succeeded(*arguments: object) -> str:
    result = paramsrun(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def requests_left() -> list[str]:
    return [name for name in os.listdir(RESULTS) if name.startswith(("STOP", "EXIT", "CHKPT"))]


def wait_for_start_of(o: int) -> None:
    """Wait until a job has started an optimizer: it looks for requests before it does."""
    wait_until(
        lambda: any(e["e"] == "start" and e["o"] == o for e in journal_of(RESULTS)),
        f"the start of optimizer {o}",
    )


def ends_of(o: int) -> str:
    return (RESULTS / f"optimization/optimizer_{o:03d}/end_condition.txt").read_text()


def test_a_job_is_ended_in_order(gated: Callable[..., Gated]) -> None:
    job = gated()
    job.go()
    told = succeeded("stop", RESULTS)
    output = job.rest()
    n = len(evaluations_of(RESULTS))
    assert told == f"params.results: the job ended after {evaluations(n)}\n"
    assert "] Ended on request (paramsrun stop, or a file EXIT)\n" in output
    last = journal_of(RESULTS)[-1]
    assert (last["e"], last["how"], last["living"]) == ("exit", "request", [2])
    assert ends_of(2) == "job exit\nEnded on request (paramsrun stop, or a file EXIT)\n"
    assert (RESULTS / "summary.txt").exists()
    assert requests_left() == []


def test_an_ended_job_is_gone_on_with(gated: Callable[..., Gated], tmp_path: Path) -> None:
    job = gated()
    (RESULTS / "EXIT").touch()
    job.end()
    n = len(evaluations_of(RESULTS))
    Path("resume.in").write_text(f"ResumeCheckpoint params.results\n{until(n + 5)}")
    output = succeeded("resume.in")
    assert f"Done. {n + 5} evaluations" in output
    assert len(evaluations_of(Path("resume.results"))) == n + 5


def test_one_optimizer_is_stopped_and_the_job_goes_on(gated: Callable[..., Gated]) -> None:
    job = gated()
    job.go()
    told = succeeded("stop", RESULTS, "--optimizer", 2)
    end = next(e for e in journal_of(RESULTS) if e["e"] == "end" and e["o"] == 2)
    assert (end["how"], end["reason"]) == ("stopped", BY_HAND)
    n = len([e for e in evaluations_of(RESULTS) if e["o"] == 2])
    assert told == f"params.results: optimizer 2 stopped after {evaluations(n)}\n"
    assert requests_left() == []
    assert "\nRunning: process " in succeeded("status", RESULTS)
    assert succeeded("status", RESULTS, "--optimizer", 2).endswith(f" into the run\n  {BY_HAND}\n")
    wait_for_start_of(3)
    succeeded("stop", RESULTS)
    assert "] Optimizer 3 started: " in job.rest()
    assert ends_of(2) == f"stopped\n{BY_HAND}\n"


def test_the_other_optimizers_go_on_and_the_slot_is_filled(gated: Callable[..., Gated]) -> None:
    levels = "ParallelLevels\n  Optimizations 2\nEnd\n"
    job = gated(text=levels, blocks=SAMPLES.format(ENDLESS))
    job.go()
    succeeded("stop", RESULTS, "--optimizer", 1)
    wait_for_start_of(3)
    succeeded("stop", RESULTS)
    job.rest()
    assert journal_of(RESULTS)[-1]["living"] == [2, 3]
    candidates = [(e["b"], e["i"]) for e in evaluations_of(RESULTS) if e["o"] == 2]
    assert candidates == [divmod(k, 1000) for k in range(len(candidates))]


def test_a_checkpoint_is_made_and_named(gated: Callable[..., Gated]) -> None:
    job = gated()
    job.go()
    told = succeeded("checkpoint", RESULTS)
    (event,) = (e for e in journal_of(RESULTS) if e["e"] == "checkpoint")
    assert told == f"params.results: checkpoint {event['name']} made\n"
    shown = succeeded("show", RESULTS / f"checkpoints/{event['name']}.tar.gz")
    assert f": checkpoint of evaluation {event['n']}\n" in shown
    assert requests_left() == []
    succeeded("stop", RESULTS)
    assert "] Asked for a checkpoint (paramsrun checkpoint, or a file CHKPT)\n" in job.rest()


def test_files_do_the_same_and_all_is_acknowledged(gated: Callable[..., Gated]) -> None:
    job = gated()
    for name in ("STOP_002", "STOP_1", "STOP_99", "CHKPT", "EXIT", "exit.txt"):
        (RESULTS / name).touch()
    output = job.end()
    assert "Optimizer 2 stopped after " in output
    assert f"\n                     {BY_HAND.replace('STOP_2', 'STOP_002')}\n" in output
    assert "] STOP_1: optimizer 1 has ended already\n" in output
    assert "] STOP_99: there is no optimizer 99\n" in output
    assert "] Asked for a checkpoint (paramsrun checkpoint, or a file CHKPT)\n" in output
    assert output.count("] Checkpoint ") == 1
    assert "] Hint: exit.txt asks for nothing and is left alone." in output
    assert "] Ended on request (paramsrun stop, or a file EXIT)\n" in output
    assert (RESULTS / "job.log").read_text() == output
    assert requests_left() == []
    assert (RESULTS / "exit.txt").exists()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("stop", RESULTS), "EXIT"),
        (("stop", RESULTS, "--optimizer", 2), "STOP_2"),
        (("checkpoint", RESULTS), "CHKPT"),
    ],
)
def test_a_job_inside_a_long_evaluation_is_left_to_do_it_later(
    gated: Callable[..., Gated],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[object, ...],
    name: str,
) -> None:
    job = gated()
    monkeypatch.setattr("paramsrun.results.asking.PATIENCE_S", 0.0)
    assert succeeded(*command) == (
        f"params.results: the job has not looked at {name} yet; it will after the evaluation under "
        "way\n"
    )
    assert requests_left() == [name]
    (RESULTS / "EXIT").touch()
    assert f", or a file {name})\n" in job.end()
    assert requests_left() == []


def test_a_request_that_is_taken_and_takes_its_time_is_told(
    gated: Callable[..., Gated], monkeypatch: pytest.MonkeyPatch
) -> None:
    gated()
    meanwhile(monkeypatch, (RESULTS / "EXIT").unlink)
    monkeypatch.setattr("paramsrun.results.asking.monotonic", iter([0.0, 0.0, 1e9]).__next__)
    told = succeeded("stop", RESULTS)
    assert told == "params.results: the job has taken EXIT and is at it; see job.log\n"


COMMANDS = [("stop", RESULTS), ("stop", RESULTS, "--optimizer", 2), ("checkpoint", RESULTS)]
IDS = ["stop", "stop --optimizer", "checkpoint"]


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (COMMANDS[0], 0, "the job ended by itself after 13 evaluations"),
        (COMMANDS[1], 0, "the job ended by itself after 13 evaluations, and optimizer 2 with it"),
        (
            COMMANDS[2],
            1,
            "the job ended by itself after 13 evaluations, before it made the checkpoint",
        ),
    ],
    ids=IDS,
)
def test_a_job_that_ends_meanwhile_is_told(
    gated: Callable[..., Gated],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    job = gated(n_max=N_FIRST + 3)
    meanwhile(monkeypatch, job.end)
    result = paramsrun(*command)
    assert (result.exit_code, result.output) == (code, f"params.results: {told}\n")
    assert requests_left() == []


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_job_that_is_killed_meanwhile_is_told(
    gated: Callable[..., Gated], monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    process = gated().process

    def killed() -> None:
        process.kill()
        process.wait()

    meanwhile(monkeypatch, killed)
    result = paramsrun(*command)
    assert result.exit_code == 1
    assert result.output == "params.results: the job was cut short after 12 evaluations\n"
    assert requests_left() == []


def test_an_optimizer_that_ends_meanwhile_is_told(
    gated: Callable[..., Gated], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = gated(n_done=N_FIRST - 1)
    meanwhile(monkeypatch, job.go)
    told = succeeded("stop", RESULTS, "--optimizer", 1)
    assert told == "params.results: optimizer 1 converged meanwhile after 10 evaluations\n"


def block_checkpoints() -> None:
    """Put a file where the folder of the checkpoints is to be."""
    folder = RESULTS / "checkpoints"
    if folder.exists():
        folder.rmdir()
    folder.touch()


def test_a_checkpoint_that_fails_is_told(gated: Callable[..., Gated]) -> None:
    job = gated()
    block_checkpoints()
    job.go()
    result = paramsrun("checkpoint", RESULTS)
    assert result.exit_code == 1
    assert result.output == "params.results: the checkpoint was not made; job.log says why\n"
    succeeded("stop", RESULTS)
    assert "] Warning: " in job.rest()


def test_a_job_that_ends_by_an_error_is_told(gated: Callable[..., Gated]) -> None:
    job = gated(text="CheckpointControl\n  RaiseFail Yes\nEnd\n")
    block_checkpoints()
    job.go()
    result = paramsrun("checkpoint", RESULTS)
    assert result.exit_code == 1
    assert result.output.startswith("params.results: the job ended by an error: ")
    _, errors = job.process.communicate()
    assert (job.process.returncode, bool(errors)) == (1, True)


@pytest.mark.parametrize(
    ("o", "told"),
    [
        (1, "optimizer 1 has ended already: converged; alive now: 2"),
        (7, "there is no optimizer 7; alive now: 2"),
        (0, "there is no optimizer 0; alive now: 2"),
    ],
)
def test_an_optimizer_that_is_not_alive_cannot_be_stopped(
    gated: Callable[..., Gated], o: int, told: str
) -> None:
    gated()
    result = paramsrun("stop", RESULTS, "--optimizer", o)
    assert (result.exit_code, result.output) == (2, f"params.results: {told}\n")
    assert requests_left() == []


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_job_that_has_ended_is_refused(tmp_path: Path, command: tuple[object, ...]) -> None:
    paramsrun(function_job(tmp_path / "job", text=SAMPLES.format(10) + CALLS_25))
    result = paramsrun(*command)
    assert result.exit_code == 2
    assert result.output == "params.results: the job is not running, it has ended\n"
    assert requests_left() == []


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_job_that_was_killed_is_refused(
    gated: Callable[..., Gated], command: tuple[object, ...]
) -> None:
    process = gated().process
    process.kill()
    process.wait()
    result = paramsrun(*command)
    assert result.exit_code == 2
    assert result.output == "params.results: the job is not running, it was cut short\n"
