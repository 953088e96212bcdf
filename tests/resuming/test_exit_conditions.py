"""Exit conditions are judged through resumes."""

from pathlib import Path

import orjson
import pytest

from tests.cli.jobs import function_job, paramsrun
from tests.resuming.runs import (
    PARENT,
    condition,
    done,
    events,
    go_on,
    refused,
    run_parent,
    segment,
    until,
)

RESUMED = Path("resume.results")
HOUR = 3600.0


def later(folder: Path, seconds: float) -> None:
    """Let all that happened in a run have happened so many seconds later."""
    lines = [orjson.loads(line) for line in segment(folder).read_bytes().splitlines()]
    for line in lines[1:]:
        line["t"] += seconds
    segment(folder).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def test_optimizers_that_converged_before_count(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    assert len(events(PARENT, "end")) == 2
    output = done(go_on(condition("MaxOptimizersConverged", 4)))
    assert "MaxOptimizersConverged(nconv=4) = True" in output
    assert len(events(RESUMED, "end")) == 4
    assert output.count("converged after") == 2


def test_optimizers_that_started_before_count(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    done(go_on(condition("MaxOptimizersStarted", 5)))
    assert [e["o"] for e in events(RESUMED, "start")] == [1, 2, 3, 4, 5]


def test_evaluations_of_before_count(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    assert "Done. 31 evaluations, 1 of them here in " in done(go_on(until(31)))


def test_a_time_limit_counts_this_session_alone(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    later(PARENT, HOUR)
    output = done(go_on(condition("TimeLimit", "1 [h]") + until(50)))
    assert "MaxTotalFunctionCalls(fmax=50) = True" in output
    assert "Done. 50 evaluations, 20 of them here in " in output


def test_a_time_limit_through_restarts_counts_all(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    later(PARENT, HOUR)
    message = refused(go_on(condition("TimeLimitThroughRestarts", "1 [h]") + until(50)))
    assert "TimeLimitThroughRestarts(overall_max=3600.0) = True" in message
    output = done(go_on(condition("TimeLimitThroughRestarts", "2 [h]") + until(50)))
    assert "Done. 50 evaluations, 20 of them here in " in output


def test_the_rows_of_a_resumed_run_count_seconds_through_restarts(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    later(PARENT, HOUR)
    done(go_on(until(32)))
    text = (RESUMED / "optimization/training_set_results/running_loss.txt").read_text()
    assert all(HOUR <= float(row.split()[3]) < HOUR + 60 for row in text.splitlines()[1:])


@pytest.mark.parametrize("command", [["run"], ["check"]])
def test_conditions_that_are_met_already_are_named_with_their_values(
    tmp_path: Path, command: list[str]
) -> None:
    run_parent(tmp_path, condition("MaxOptimizersStarted", 9), n=30)
    Path("resume.in").write_text(f"ResumeCheckpoint {PARENT}\n")
    message = refused(paramsrun(*command, "resume.in"))
    assert message == (
        "The exit conditions are met already in params.results (30 evaluations, 2 converged):\n"
        "  MaxOptimizersStarted(omax=9) = False |\n"
        "  MaxTotalFunctionCalls(fmax=30) = True\n"
        "To go on, give the input other ExitCondition blocks: they replace the stored ones.\n"
    )


def test_conditions_given_that_are_met_already_are_refused(tmp_path: Path) -> None:
    run_parent(tmp_path, n=30)
    message = refused(go_on(until(30)))
    assert "MaxTotalFunctionCalls(fmax=30) = True" in message
    message = refused(go_on(until(29)))
    assert "MaxTotalFunctionCalls(fmax=29) = True" in message


def test_a_run_that_never_had_a_finite_loss_is_not_resumed(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", "def loss(x):\n    return float('nan')\n", until(9))
    assert paramsrun(file).exit_code == 1
    message = refused(go_on())
    assert "since the loss of its initial parameters is not finite" in message
    assert "plain:loss: it returned nan" in message


def test_a_run_without_a_further_optimizer_goes_on_with_its_last(tmp_path: Path) -> None:
    """What was due after the last event is done first: here the end of the run."""
    run_parent(tmp_path, condition("MaxOptimizersConverged", 2), n=500)
    lines = segment(PARENT).read_bytes().splitlines(keepends=True)
    kinds = [orjson.loads(line)["e"] for line in lines]
    assert kinds[-2:] == ["end", "exit"]
    segment(PARENT).write_bytes(b"".join(lines[:-2]))
    output = done(go_on())
    assert "Optimizer 2 converged" in output
    assert "MaxOptimizersConverged(nconv=2) = True" in output
    assert len(events(RESUMED, "eval")) == kinds.count("eval")
