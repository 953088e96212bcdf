"""Optimizers that do not repeat what the journal recorded of them."""

from pathlib import Path

import orjson

from tests.resuming.runs import (
    PARENT,
    cut_after,
    done,
    events,
    go_on,
    numbers,
    run_parent,
    segment,
    until,
)

RESUMED = Path("resume.results")


def moved(folder: Path, n: int, by: float) -> None:
    """Change a coordinate of an evaluation in a journal."""
    lines = [orjson.loads(line) for line in segment(folder).read_bytes().splitlines()]
    (line,) = (e for e in lines if e["e"] == "eval" and e["n"] == n)
    line["x"][0] += by
    segment(folder).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def killed(tmp_path: Path, n: int, by: float) -> Path:
    """Return the folder of a run that was killed in the 12th evaluation of its first optimizer."""
    run_parent(tmp_path)
    folder = cut_after(PARENT, 12)
    moved(folder, n, by)
    return folder


def test_a_difference_as_of_another_processor_is_warned_of_once(tmp_path: Path) -> None:
    output = done(go_on(until(20), origin=killed(tmp_path, 3, 1e-9)))
    told = (
        "Warning: optimizer 1 is restored not quite as it was, as with another processor or linear "
        "algebra library: "
        "its points differ by up to 1e-09 of their range\n"
    )
    assert output.count("Warning") == output.count(told) == 1
    assert [e["o"] for e in events(RESUMED, "end")] == [1]
    assert events(RESUMED, "end")[0]["how"] == "converged"


def test_an_optimizer_that_cannot_be_restored_ends_and_the_next_starts(tmp_path: Path) -> None:
    for n in (3, 11):
        output = done(go_on(until(20), f"{n}.in", killed(tmp_path, n, 0.1)))
        assert "Optimizer 1 failed after 12 evaluations" in output
        assert "it cannot be restored: batch " in output
        assert "Optimizer 2 started: Scipy Nelder-Mead\n" in output
        assert numbers(Path(f"{n}.results")) == list(range(13, 21))
        ends = Path(f"{n}.results/optimization/optimizer_001/end_condition.txt").read_text()
        assert ends.startswith("failed\nit cannot be restored: batch ")
        PARENT.rename(f"old_{n}")
        Path("cut.results").rename(f"cut_{n}")


def test_an_optimizer_of_a_type_that_is_gone_ends_and_the_next_starts(tmp_path: Path) -> None:
    run_parent(tmp_path)
    folder = cut_after(PARENT, 12)
    text = segment(folder).read_text()
    segment(folder).write_text(text.replace('"type":"CMAES"', '"type":"OfAPlugin"'))
    output = done(go_on(until(20), origin=folder))
    assert "it cannot be restored" in output, output
    assert "OfAPlugin" in output, output
    assert "Optimizer 2 started: Scipy Nelder-Mead\n" in output
