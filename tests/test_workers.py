"""Whole jobs with one and with two workers: what may differ, and what may not."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.jobs import function_job, journal_of, paramsrun, story

UNEVEN = """\
import math

def loss(x):
    digits = int(abs(x[0]) * 1e6)
    if digits % 13 == 5:
        raise ArithmeticError("no result here")
    sum(range(200_000 * (digits % 3)))  # some take longer than others
    return float((x[0] - 0.3) ** 2 + abs(x[1] - 0.2) + 0.1 * math.sin(9 * x[0]))
"""
DEAR = "import time\n" + UNEVEN.replace("    digits", "    time.sleep(0.003)\n    digits", 1)
CMAES = "Optimizer\n  Type CMAES\n  CMAES\n    Popsize 6\n  End\nEnd\n"
NELDER_MEAD = "Optimizer\n  Type Scipy\nEnd\n"
EVOLUTION = "Optimizer\n  Type Scipy\n  Scipy\n    Algorithm differential_evolution\n  End\nEnd\n"
FIVE = CMAES + NELDER_MEAD + EVOLUTION + CMAES + NELDER_MEAD + "Generator\n  Type Random\nEnd\n"
STOPPERS = """\
Stopper
  Type MaxFunctionCalls
  MaxFunctionCalls 25
End
Stopper
  Type MaxInteroptimizerDistance
  MaxInteroptimizerDistance
    MaxRelativeDistance 0.01
  End
End
ShareBestEvaluationBetweenOptimizers Yes
"""


def settings(workers: int, n: int, slots: int = 1, vectors: int = 4, ordered: str = "No") -> str:
    return (
        f"RandomSeed 3\nParallelLevels Optimizations={slots} ParameterVectors={vectors}\n"
        f"Evaluator Type=Processes Workers={workers} Ordered={ordered}\n"
        f"ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls {n}\nEnd\n"
        "CheckpointControl EveryFunctionCalls=37 NamingFormat=c%(count) KeepPast=-1\n"
    )


def run(text: str, name: str, code: str = UNEVEN) -> list[dict[str, Any]]:
    """Run a job; return its events."""
    function_job(Path(), code, text)
    result = paramsrun("params.in", "--name", name)
    assert result.exit_code == 0, result.output
    return journal_of(Path(f"{name}.results"))


def trajectories(events: list[dict[str, Any]]) -> dict[int, dict[tuple[int, int], Any]]:
    """Return, by optimizer, the point and loss of each candidate of its batches."""
    found: dict[int, dict[tuple[int, int], Any]] = {}
    for e in events:
        if e["e"] == "eval" and e["o"]:
            found.setdefault(e["o"], {})[e["b"], e["i"]] = (e["x"], e["fx"], e.get("why"))
    return found


def story_of(text: str, name: str) -> list[dict[str, object]]:
    """Run a job; return what two equal journals share."""
    run(text, name)
    return story(Path(f"{name}.results"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("blocks", "slots"), [(CMAES, 1), (FIVE, 5)], ids=["alone", "five"])
def test_an_optimizer_goes_the_same_way_with_one_and_with_two_workers(
    blocks: str, slots: int
) -> None:
    one = trajectories(run(blocks + settings(1, 120, slots), "one"))
    two = trajectories(run(blocks + settings(2, 120, slots), "two"))
    assert len(one) >= slots
    for o in set(one) & set(two):
        both = set(one[o]) & set(two[o])
        assert len(both) >= min(len(one[o]), len(two[o])) - 4
        assert {k: one[o][k] for k in both} == {k: two[o][k] for k in both}


def test_beside_four_others_it_goes_the_way_it_goes_alone() -> None:
    seeded = "Optimizer\n  Type CMAES\n  CMAES\n    Settings\n      seed 8\n    End\n  End\nEnd\n"
    others = CMAES + NELDER_MEAD + EVOLUTION + NELDER_MEAD
    each = (  # a worker that is slow with one point of it lets the others have any share of a total
        "Stopper\n  Type MaxFunctionCalls\n  MaxFunctionCalls 40\nEnd\n"
        "ControlOptimizerSpawning MaxOptimizers=5\n"
    )
    alone = trajectories(run(seeded + settings(1, 40), "alone"))
    beside = trajectories(run(seeded + others + each + settings(2, 1000, slots=5), "beside"))
    assert sorted(beside) == [1, 2, 3, 4, 5]
    both = set(alone[1]) & set(beside[1])
    assert len(both) >= 40 - 3  # when it is stopped, up to three are under way
    assert {k: alone[1][k] for k in both} == {k: beside[1][k] for k in both}


def test_in_order_the_whole_journal_is_the_same_for_any_number_of_workers() -> None:
    journals = [
        story_of(FIVE + STOPPERS + settings(n, 130, 5, ordered="Yes"), f"with{n}")
        for n in (1, 2, 3)
    ]
    assert journals[0] == journals[1] == journals[2]
    assert [e["n"] for e in journals[0] if e["e"] == "eval"] == list(range(131))
    assert any(e["e"] == "end" and e["how"] == "stopped" for e in journals[0])


def test_a_checkpoint_with_evaluations_in_flight_resumes_to_the_same_journal() -> None:
    text = FIVE + STOPPERS + settings(2, 130, 5, ordered="Yes")
    whole = story_of(text, "whole")
    for k in range(3):
        Path("resume.in").write_text(
            f"ResumeCheckpoint whole.results/checkpoints/c{k:03d}.tar.gz\n"
        )
        result = paramsrun("resume.in", "--name", f"resumed{k}")
        assert result.exit_code == 0, result.output
        assert story(Path(f"resumed{k}.results")) == whole


def test_all_five_living_optimizers_of_a_checkpoint_go_on() -> None:
    run(FIVE + settings(2, 60, 5), "first")
    Path("resume.in").write_text(
        "ResumeCheckpoint first.results/checkpoints/c000.tar.gz\n"
        "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 120\nEnd\n"
    )
    assert paramsrun("resume.in").exit_code == 0
    events = journal_of(Path("resume.results"))
    (session,) = [k for k, e in enumerate(events) if e["e"] == "context"]
    ended = {e["o"] for e in events[:session] if e["e"] == "end"}
    living = {e["o"] for e in events[:session] if e["e"] == "start"} - ended
    assert len(living) == 5
    after = {e["o"] for e in events[session:] if e["e"] == "eval"}
    assert living <= after
    assert not [e for e in events[session:] if e["e"] == "end" and e["how"] == "failed"]
    before = trajectories(events[:session])
    again = trajectories(events[session:])
    for o in living:
        assert not set(before.get(o, ())) & set(again[o]), "evaluated twice"


def test_automatic_moves_dear_evaluations_to_workers_and_a_resume_stays_there() -> None:
    text = CMAES + settings(2, 40).replace("Type=Processes", "Type=Automatic")
    events = run(text, "automatic", DEAR)
    (chosen,) = [e for e in events if e["e"] == "chosen"]
    assert chosen["evaluator"] == "Processes"
    assert "several wait" in chosen["why"]
    Path("resume.in").write_text(
        "ResumeCheckpoint automatic.results\n"
        "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 60\nEnd\n"
    )
    assert paramsrun("resume.in").exit_code == 0
    again = journal_of(Path("resume.results"))
    assert sum(e["e"] == "chosen" for e in again) == 1
    assert (
        trajectories(again)[1] | trajectories(run(CMAES + settings(1, 60), "inline", DEAR))[1]
        == (trajectories(again)[1])
    )
