"""Engine Command: what programs report on their way, and how those that fall behind are ended."""

import shlex
import sys

import pytest

from paramsrun.problem.command import process_group
from paramsrun.problem.command.progress import Progress
from paramsrun.problem.contract import Evaluation, Key, Step
from paramsrun.problem.problem import Problem
from tests.problem.conftest import JobFolder
from tests.problem.test_command import X, folders, job, sh, with_command

__all__ = ["job"]
PATTERN = r"ProgressPattern step (\d+) loss (\S+)"


def evaluated(problem: Problem, *bars: tuple[int, float]) -> Evaluation:
    return problem.evaluate(X, Key(2, 15, tuple(Step(*bar) for bar in bars)))


def prints(*lines: str) -> str:
    return sh("printf '" + r"\n".join(lines) + r"\n'")


def test_steps_come_in_the_order_of_their_lines(job: JobFolder) -> None:
    lines = ("step 1 loss 0.5", "junk", "now step 3 loss 2.5e-1.", "step 2 loss 0.75", "1.5")
    problem = with_command(job, prints(*lines), r"ProgressPattern step (\d+) loss (\S*\d)")
    evaluation = evaluated(problem)
    assert evaluation.fx == 1.5
    assert evaluation.training.progress == ((1, 0.5), (3, 0.25), (2, 0.75))


def test_without_a_pattern_there_are_none(job: JobFolder) -> None:
    problem = with_command(job, prints("step 1 loss 0.5", "1.5"))
    assert evaluated(problem).training.progress == ()


def test_a_program_that_falls_behind_is_ended_while_it_runs(job: JobFolder) -> None:
    problem = with_command(job, sh("echo step 1 loss 5; exec tail -f /dev/null"), PATTERN)
    evaluation = evaluated(problem, (1, 4.5))
    (failure,) = evaluation.failures
    assert failure.reason == "pruned at step 1: 5 is above 4.5"
    assert evaluation.training.progress == ((1, 5.0),)
    assert folders(job) == []


def test_python_need_not_be_told_to_flush(job: JobFolder) -> None:
    code = "import threading; print('step 1 loss 5'); threading.Event().wait()"
    command = shlex.join([sys.executable, "-c", code])
    evaluation = evaluated(with_command(job, command, PATTERN), (1, 4.5))
    assert evaluation.training.progress == ((1, 5.0),)


def test_it_does_not_matter_when_the_bar_is_noticed(job: JobFolder) -> None:
    lines = ("step 1 loss 3", "step 2 loss 4", "step 3 loss 1", "0.5")
    evaluation = evaluated(with_command(job, prints(*lines), PATTERN), (2, 2.5))
    assert evaluation.failures[0].reason == "pruned at step 2: 3 is above 2.5"
    assert evaluation.training.progress == ((1, 3.0), (2, 4.0))


def test_the_lowest_value_so_far_counts(job: JobFolder) -> None:
    lines = ("step 1 loss 1", "step 2 loss 4", "0.5")
    assert evaluated(with_command(job, prints(*lines), PATTERN), (2, 2.5)).fx == 0.5


def test_a_last_line_without_an_end_counts(job: JobFolder) -> None:
    problem = with_command(job, sh("printf 'step 1 loss 7'"), PATTERN, r"LossPattern loss (\d)")
    evaluation = evaluated(problem)
    assert evaluation.fx == 7.0
    assert evaluation.training.progress == ((1, 7.0),)


def test_progress_bars_that_overwrite_their_line_are_read(job: JobFolder) -> None:
    problem = with_command(job, sh(r"printf 'step 1 loss 3\rstep 2 loss 2\r1\n'"), PATTERN)
    assert evaluated(problem).training.progress == ((1, 3.0), (2, 2.0))


def test_a_value_that_is_no_number_is_above_every_bar() -> None:
    progress = Progress([Step(1, 1e300)])
    progress.report(1, float("nan"))
    assert progress.reason == "pruned at step 1: inf is above 1e+300"


def test_timeout_holds_beside_progress(job: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    said = job.path / "said"
    script = f"echo step 1 loss 1; : > {said}; exec tail -f /dev/null"
    problem = with_command(job, sh(script), PATTERN, "Timeout 1000")
    now_s = iter([0.0])  # the program begins; no time passes until it has said its first step
    monkeypatch.setattr(
        process_group, "monotonic", lambda: next(now_s, 2000.0 if said.exists() else 0.0)
    )
    evaluation = evaluated(problem)
    assert "longer than 1000 s" in evaluation.failures[0].reason
    assert evaluation.training.progress == ((1, 1.0),)


def test_repeats_are_steps(job: JobFolder) -> None:
    problem = with_command(job, sh("echo $PARAMSRUN_REPEAT"), "Repeats 3")
    evaluation = evaluated(problem)
    assert evaluation.fx == 2.0
    assert evaluation.training.progress == ((1, 1.0), (2, 1.5), (3, 2.0))


def test_repeats_that_fall_behind_are_not_made(job: JobFolder) -> None:
    problem = with_command(job, sh("echo 4"), "Repeats 3")
    evaluation = evaluated(problem, (1, 5.0), (2, 3.0))
    assert evaluation.failures[0].reason == "pruned at step 2: 4 is above 3"
    assert evaluation.training.progress == ((1, 4.0), (2, 4.0))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["ProgressPattern step (1"], "ProgressPattern is no regular expression"),
        (["ProgressPattern step (1)"], "needs two groups, for the step and the loss, not 1"),
        ([PATTERN, "Repeats 2"], "ProgressPattern is given beside Repeats, which are the steps"),
    ],
)
def test_mistakes_are_told(job: JobFolder, keys: list[str], message: str) -> None:
    lines = "".join(f"  {line}\n" for line in ("Command true", *keys))
    job.write("params.in", f"Engine Command\n{lines}EndEngine\n")
    (mistake,) = job.mistakes()
    assert message in mistake
