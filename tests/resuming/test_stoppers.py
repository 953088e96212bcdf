"""Stoppers and what chooses optimizers, replaced and removed by the input of a resume."""

from pathlib import Path

from tests.resuming.runs import done, events, go_on, refused, run_parent, until

STOPPERS = """\
Stopper
  Type MaxFunctionCalls
  MaxFunctionCalls 4
End
Stopper
  Type MinFunctionCalls
  MinFunctionCalls 3
End
StopperBooleanCombination 1 & 2
ApplyStoppersToBestOptimizer Yes
"""
CHAIN = "OptimizerSelector\n  Type Chain\n  Chain\n    Thresholds 6\n  End\nEnd\n"
RESUMED = Path("resume.results")


def ends(folder: Path = RESUMED) -> list[object]:
    """Return how the optimizers ended that did."""
    return [event["how"] for event in events(folder, "end")]


def test_stopper_none_lets_optimizers_end_by_themselves(tmp_path: Path) -> None:
    run_parent(tmp_path, STOPPERS, n=10)
    output = done(go_on("Stopper None\n" + until(40)))
    assert "In place of what is stored: Stopper" in output
    how = ends()
    assert how[:2] == ["stopped", "stopped"]
    assert set(how[2:]) == {"converged"}
    stored = (RESUMED / "settings_and_initial_data/params.in").read_text()
    assert "Stopper None\n" in stored
    assert "StopperBooleanCombination" not in stored


def test_none_is_inherited_until_stoppers_are_given_again(tmp_path: Path) -> None:
    run_parent(tmp_path, "Stopper None\n", n=8)
    done(go_on(until(20)))
    assert "stopped" not in ends()
    again = "Stopper\n  Type MaxFunctionCalls\n  MaxFunctionCalls 2\nEnd\n"
    done(go_on(again + until(30), "again.in", RESUMED))
    assert "stopped" in ends(Path("again.results"))


def test_a_combination_of_removed_stoppers_is_refused(tmp_path: Path) -> None:
    run_parent(tmp_path, STOPPERS, n=8)
    text = refused(go_on("Stopper None\nStopperBooleanCombination 1 & 2\n" + until(40)))
    assert "resume.in:3:1: StopperBooleanCombination combines Stopper blocks" in text


def test_new_optimizers_must_fit_the_stored_chain(tmp_path: Path) -> None:
    run_parent(tmp_path, CHAIN, n=8)
    four = "Optimizer\n  Type CMAES\nEnd\n" * 4 + until(40)
    text = refused(go_on(four))
    assert "Thresholds must be 3 or 4 numbers for 4 Optimizer blocks, not 1" in text
    done(go_on(four + "OptimizerSelector\n  Type Cycle\nEnd\n"))
