"""Going on from the results folder of a run, however it ended."""

import random
import shutil
import signal
from pathlib import Path

import pytest

from paramsrun.results import journal
from tests.cli.jobs import contents, function_job, journal_of, paramsrun, start, story
from tests.resuming.runs import (
    INPUTS,
    JOURNAL,
    PARENT,
    N,
    control,
    counts,
    cut,
    cut_after,
    done,
    events,
    go_on,
    numbers,
    run_parent,
    segment,
    tell,
    until,
)

MORE = 70
RESUMED = Path("resume.results")


@pytest.fixture
def whole(tmp_path: Path) -> list[dict[str, object]]:
    """The story of the uninterrupted run to MORE evaluations; PARENT went to N."""
    run_parent(tmp_path, n=MORE)
    told = story(PARENT)
    PARENT.rename("whole.results")
    run_parent(tmp_path)
    return told


def test_the_job_has_what_these_tests_need(whole: list[dict[str, object]]) -> None:
    evaluations = [e for e in whole if e["e"] == "eval"]
    assert sum("why" in e for e in evaluations) > 3
    assert {e["type"] for e in whole if e["e"] == "start"} == {"CMAES", "Scipy"}
    assert sum(e["e"] == "end" for e in whole) >= 4


def test_a_run_that_ended_goes_on_as_if_it_had_not(whole: list[dict[str, object]]) -> None:
    done(go_on(until(MORE)))
    assert story(RESUMED) == whole
    assert numbers(RESUMED) == list(range(N + 1, MORE + 1))


@pytest.mark.parametrize("n_bytes", [400, 3000])
def test_a_run_whose_segments_end_by_their_bytes_goes_on_as_well(
    whole: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch, n_bytes: int
) -> None:
    """Of the earlier run one segment is larger; of a session, a full one may be the last."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", n_bytes)
    done(go_on(until(60)))
    made = control(AtEnd="Yes")
    done(go_on(until(65) + made, "second.in", RESUMED))
    done(go_on(until(MORE), "third.in", Path("second.results/checkpoints/c000.tar.gz")))
    assert story(Path("third.results")) == whole
    assert len(journal.segments(Path("third.results") / JOURNAL)) > 3
    assert "third.results" in done(paramsrun("status", "third.results"))


def test_what_is_resumed_stays_as_it_is(whole: list[dict[str, object]]) -> None:
    before = contents(PARENT)
    done(go_on(until(MORE)))
    assert contents(PARENT) == before


def test_no_evaluation_is_made_twice(tmp_path: Path) -> None:
    counting = "from pathlib import Path\ndef loss(x):\n" + (
        "    with Path('calls').open('a') as file:\n        file.write('.')\n"
        "    return float(x @ x)\n"
    )
    run_parent(tmp_path, code=counting)
    done(go_on(until(MORE)))
    assert len(Path("calls").read_text()) == 1 + MORE  # the initial one is the first


@pytest.mark.parametrize("seed", range(8))
def test_a_run_cut_at_any_byte_goes_on_from_there(
    whole: list[dict[str, object]], seed: int
) -> None:
    data = segment(PARENT).read_bytes()
    first = data.index(b"\n") + 1
    n_bytes = random.Random(seed).randrange(first, len(data))
    killed = cut(PARENT, n_bytes)
    output = done(go_on(until(MORE), origin=killed))
    assert story(RESUMED) == whole
    torn = n_bytes - data.rindex(b"\n", 0, n_bytes) - 1
    assert (f"last line of its journal was cut off ({torn} bytes)" in output) == (torn > 0)
    assert len(events(RESUMED, "context")) == 1


@pytest.mark.parametrize("n", [0, 1, 5, 15, 16, 26])
def test_a_run_that_ended_right_after_an_evaluation_goes_on(
    whole: list[dict[str, object]], n: int
) -> None:
    done(go_on(until(MORE), origin=cut_after(PARENT, n)))
    assert story(RESUMED) == whole
    assert numbers(RESUMED) == list(range(n + 1, MORE + 1))


def test_a_run_that_was_killed_between_any_two_events_goes_on(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=7, AtInitialisation="Yes", AtEnd="Yes"))
    lines = segment(PARENT).read_bytes().splitlines(keepends=True)
    kinds = [event["e"] for event in journal_of(PARENT)]
    made = [event["n"] for event in events(PARENT, "checkpoint")]
    assert made == [0, 7, 14, 21, 28, 35, 42, 45]
    for k in (k for k, kind in enumerate(kinds[:-1], 1) if kind != "eval" or k % 7 == 0):
        killed = cut(PARENT, sum(map(len, lines[:k])), f"cut_{k}.results")
        done(go_on(file=f"{k}.in", origin=killed))
        resumed = Path(f"{k}.results")
        assert story(resumed) == story(PARENT)
        assert [event["n"] for event in events(resumed, "checkpoint")] == made


def test_a_run_cut_before_its_initial_evaluation_begins_with_it(
    whole: list[dict[str, object]],
) -> None:
    first = segment(PARENT).read_bytes().index(b"\n") + 1
    output = done(go_on(until(MORE), origin=cut(PARENT, first)))
    assert story(RESUMED) == whole
    assert "Initial loss" in output
    assert numbers(RESUMED) == list(range(MORE + 1))


def test_a_chain_of_resumes_is_the_uninterrupted_run(whole: list[dict[str, object]]) -> None:
    done(go_on(until(50), "a.in"))
    done(go_on(until(61), "b.in", "a.results"))
    killed = cut_after(Path("b.results"), 57)
    shutil.rmtree(PARENT)
    shutil.rmtree("a.results")
    shutil.rmtree("b.results")
    done(go_on(until(MORE), "c.in", killed))
    shutil.rmtree(killed)
    last = Path("c.results")
    assert story(last) == whole
    assert [len(events(last, "context")), len(events(last, "exit"))] == [3, 3]
    assert "70" in done(paramsrun("status", last))


def test_two_may_go_on_from_one(whole: list[dict[str, object]]) -> None:
    done(go_on(until(MORE), "a.in"))
    done(go_on(until(MORE), "b.in"))
    assert story(Path("a.results")) == story(Path("b.results")) == whole


def test_the_parent_may_be_deleted_and_all_is_still_there(
    whole: list[dict[str, object]], tmp_path: Path
) -> None:
    done(go_on(until(50)))
    shutil.rmtree(PARENT)
    shutil.rmtree(tmp_path / "job/params.results", ignore_errors=True)
    kept = {p.name for p in (RESUMED / INPUTS).iterdir()}
    assert kept == {"params.in", "parameter_interface.yaml"}
    done(go_on(until(MORE), "again.in", RESUMED))
    assert story(Path("again.results")) == whole


def test_the_folders_of_living_optimizers_begin_anew(whole: list[dict[str, object]]) -> None:
    killed = cut_after(PARENT, 20)
    living = {e["o"] for e in journal_of(killed) if e["e"] == "start"} - {
        e["o"] for e in journal_of(killed) if e["e"] == "end"
    }
    assert living == {2}
    done(go_on(until(23), origin=killed))
    optimization = RESUMED / "optimization"
    folders = sorted(p.name for p in optimization.glob("optimizer_*"))
    assert folders == ["optimizer_002"]
    own = optimization / "optimizer_002"
    assert (own / "opt_type.txt").read_text() == "Scipy Nelder-Mead\n"
    rows = (own / "training_set_results/running_loss.txt").read_text().splitlines()
    assert rows[0].startswith("#evaluation training_set_loss ")
    assert [row.split()[0] for row in rows[1:]] == ["000021", "000022", "000023"]
    assert (own / "end_condition.txt").read_text().startswith("job exit\n")


def test_the_best_of_before_stays_the_best(tmp_path: Path) -> None:
    run_parent(tmp_path)
    best = (PARENT / "optimization/training_set_results/best/loss.txt").read_text()
    done(go_on(until(N + 1)))
    folder = RESUMED / "optimization/training_set_results/best"
    assert (folder / "loss.txt").read_text() == best
    kept = (PARENT / "optimization/training_set_results/best/evaluation.txt").read_text()
    assert (folder / "evaluation.txt").read_text() == kept


def test_a_crash_of_the_loss_function_costs_nothing_but_that_evaluation(tmp_path: Path) -> None:
    code = (
        "import os\nfrom pathlib import Path\nn = 0\ndef loss(x):\n    global n\n    n += 1\n"
        "    if n == 30 and Path('faulty').exists():\n        os.abort()\n    return float(x @ x)\n"
    )
    run_parent(tmp_path, code=code)
    told = story(PARENT)
    shutil.rmtree(PARENT)
    Path("faulty").touch()
    with start(tmp_path / "job/params.in", folder=tmp_path) as process:
        process.communicate()
    assert process.returncode == -signal.SIGABRT
    assert counts([PARENT]) == [28]
    Path("faulty").unlink()
    done(go_on())
    assert story(RESUMED) == told


def test_full_segments_are_shared_with_the_parent(tmp_path: Path) -> None:
    rare = "LoggingInterval\n  General 100000\n  Flush 100000\nEnd\n"
    sampling = (
        "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples 9000\n  End\nEnd\n"
    )
    done(paramsrun(function_job(tmp_path / "job", text=sampling + rare + until(5100))))
    done(go_on(until(5200)))
    first, second = (segment(folder) for folder in (PARENT, RESUMED))
    assert first.stat().st_ino == second.stat().st_ino
    shutil.rmtree(PARENT)
    assert counts([RESUMED]) == [5200]
    assert all(n > 5100 for n in numbers(RESUMED))


def test_the_log_tells_where_it_goes_on(whole: list[dict[str, object]]) -> None:
    output = done(go_on(until(MORE)))
    assert f"Resumed from {PARENT}, after {N} evaluations\n" in output
    assert tell(RESUMED) == output
    assert "Initial loss" not in output
