"""When checkpoints of a run are made, where, how many stay, and that each goes on."""

import math
import shutil
from pathlib import Path

import orjson
import pytest

from tests.cli.jobs import evaluations_of, function_job, paramsrun, story
from tests.resuming.runs import (
    PARENT,
    SEED,
    TWO_OPTIMIZERS,
    UNEVEN,
    N,
    checkpoints,
    condition,
    control,
    cut_after,
    done,
    events,
    go_on,
    numbers,
    refused,
    run_parent,
    segment,
    until,
)

RESUMED = Path("resume.results")
MADE = PARENT / "checkpoints"


def made(folder: Path = MADE) -> list[int]:
    """Return after how many evaluations the checkpoints were made that a folder lists."""
    return list(checkpoints(folder).values())


def test_none_is_made_in_a_short_run_that_asks_for_none(tmp_path: Path) -> None:
    run_parent(tmp_path)
    assert not list(MADE.glob("*"))


def test_one_is_made_before_the_first_optimizer_starts(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtInitialisation="Yes"))
    assert made() == [0]
    done(go_on(origin=MADE / "c000.tar.gz"))
    assert story(RESUMED) == story(PARENT)
    assert numbers(RESUMED) == list(range(1, 46))
    assert not list(RESUMED.glob("checkpoints/*"))


def test_one_is_made_at_the_start_without_an_initial_evaluation_too(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtInitialisation="Yes") + "SkipX0 Yes\n")
    done(go_on(origin=MADE / "c000.tar.gz"))
    assert story(RESUMED) == story(PARENT)
    assert numbers(RESUMED)[0] == 1


def test_they_are_made_at_exact_multiples_and_all_go_on_alike(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=7, KeepPast=-1))
    assert made() == [7, 14, 21, 28, 35, 42]
    for k, n in enumerate(made()):
        done(go_on(file=f"from_{n}.in", origin=MADE / f"c{k:03d}.tar.gz"))
        assert story(Path(f"from_{n}.results")) == story(PARENT)
        assert numbers(Path(f"from_{n}.results"))[0] == n + 1


def test_they_are_made_at_the_same_multiples_after_a_resume(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=10, KeepPast=-1))
    done(go_on(until(75)))
    assert made(RESUMED / "checkpoints") == [50, 60, 70]
    done(go_on(until(60), "exact.in", MADE / "c003.tar.gz"))
    assert made(Path("exact.results/checkpoints")) == [50, 60]


def test_one_that_a_kill_prevented_is_made_on_resume(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=10, KeepPast=-1))
    done(go_on(until(35), origin=cut_after(PARENT, 20)))
    assert made(RESUMED / "checkpoints") == [20, 30]


def new_bests(folder: Path) -> list[int]:
    """Return the evaluations whose losses are lower than all before."""
    found, lowest = [], math.inf
    for e in evaluations_of(folder):
        fx = float(str(e["fx"]))
        if fx < lowest:
            found, lowest = [*found, int(str(e["n"]))], fx
    return found


def test_one_is_made_at_each_new_best_and_all_go_on_alike(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtNewBest="Yes", KeepPast=-1))
    assert made() == new_bests(PARENT)
    assert 1 < len(made()) < N
    for k, n in enumerate(made()):
        done(go_on(file=f"from_{n}.in", origin=MADE / f"c{k:03d}.tar.gz"))
        assert story(Path(f"from_{n}.results")) == story(PARENT)
        all_made = events(Path(f"from_{n}.results"), "checkpoint")
        assert [e["n"] for e in all_made] == made()


def test_one_at_a_new_best_that_a_kill_prevented_is_made_on_resume_once(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtNewBest="Yes", KeepPast=-1))
    first, second, *_ = bests = new_bests(PARENT)
    done(go_on(origin=cut_after(PARENT, second)))
    assert made(RESUMED / "checkpoints") == bests[1:]
    assert first < second


def test_one_at_a_new_best_is_not_made_twice_where_it_is_due_by_count(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtNewBest="Yes", EveryFunctionCalls=1, KeepPast=-1))
    assert made() == list(range(1, N + 1))


@pytest.mark.parametrize(("every", "last"), [(10, [10, 20, 30, 40, 45]), (15, [15, 30, 45])])
def test_one_at_the_end_is_made_once(tmp_path: Path, every: int, last: list[int]) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=every, KeepPast=-1, AtEnd="Yes"))
    assert made() == last
    newest = sorted(MADE.glob("*.tar.gz"))[-1]
    done(go_on(until(60), origin=newest))
    assert numbers(RESUMED) == list(range(46, 61))


def test_one_at_the_end_alone(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtEnd="Yes"))
    assert made() == [45]


def test_one_is_made_each_time_the_seconds_have_passed(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EverySeconds=0, KeepPast=-1), n=9)
    assert made()[:2] in ([0, 1], [1, 2])
    assert made()[-1] == 9


def test_the_hour_of_the_default_is_not_over_in_a_short_run_that_resumes_a_long_one(
    tmp_path: Path,
) -> None:
    run_parent(tmp_path)
    lines = [orjson.loads(line) for line in segment(PARENT).read_bytes().splitlines()]
    for line in lines[1:]:
        line["t"] += 10_000.0
    segment(PARENT).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    done(go_on(until(50)))
    assert not list(RESUMED.glob("checkpoints/*"))


@pytest.mark.parametrize(("keep", "last"), [(0, [40]), (2, [20, 30, 40])])
def test_older_ones_are_deleted(tmp_path: Path, keep: int, last: list[int]) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=10, KeepPast=keep))
    assert made() == last


def test_a_resumed_run_deletes_none_of_its_parent(tmp_path: Path) -> None:
    shared = control(EveryFunctionCalls=10, CheckpointingDirectory=tmp_path / "shared")
    run_parent(tmp_path, shared)
    done(go_on(until(75)))
    assert made(tmp_path / "shared") == [40, 70]


def test_they_may_lie_elsewhere_within_the_results(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtEnd="Yes", CheckpointingDirectory="kept/here"))
    assert made(PARENT / "kept/here") == [45]
    done(go_on(until(50)))
    assert made(RESUMED / "kept/here") == [50]


def test_they_may_lie_outside_the_results_at_an_absolute_path(tmp_path: Path) -> None:
    run_parent(tmp_path, control(AtEnd="Yes", CheckpointingDirectory=tmp_path / "kept"))
    assert made(tmp_path / "kept") == [45]


@pytest.mark.parametrize("folder", ["../kept", "a/../../kept", ".."])
def test_a_relative_path_does_not_lead_out_of_the_results(tmp_path: Path, folder: str) -> None:
    text = control(AtEnd="Yes", CheckpointingDirectory=folder)
    job = function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + SEED + text + until(25))
    message = refused(paramsrun(job), PARENT)
    assert (
        f"CheckpointControl%CheckpointingDirectory must be within the results folder, not {folder}:"
        " leave out .., or give an absolute path" in message
    )
    assert not (tmp_path / "kept").exists()


def test_names_without_a_count_never_meet(tmp_path: Path) -> None:
    run_parent(tmp_path, control(NamingFormat="x", EveryFunctionCalls=15, KeepPast=-1))
    assert list(checkpoints(MADE)) == ["x.tar.gz", "x_001.tar.gz", "x_002.tar.gz"]
    assert [e["name"] for e in events(PARENT, "checkpoint")] == ["x", "x_001", "x_002"]


def test_the_default_names_hold_date_and_time(tmp_path: Path) -> None:
    run_parent(tmp_path, "CheckpointControl\n  AtEnd\nEnd\n")
    (name,) = checkpoints(MADE)
    words = name.removesuffix(".tar.gz").split("_")
    assert words[:2] == ["glompo", "checkpoint"]
    assert [len(word) for word in words[2:]] == [8, 6]


def test_the_count_goes_on_through_resumes(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=15, KeepPast=-1))
    done(go_on(until(75)))
    assert list(checkpoints(RESUMED / "checkpoints")) == ["c003.tar.gz", "c004.tar.gz"]


# Where one cannot be made


def with_a_file_in_the_way(tmp_path: Path, **keys: object) -> Path:
    """Return the input of a job whose CheckpointingDirectory is a file."""
    (tmp_path / "taken").write_text("a file")
    text = control(EveryFunctionCalls=10, CheckpointingDirectory=tmp_path / "taken", **keys)
    return function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + SEED + text + until(25))


def test_one_that_cannot_be_made_is_warned_of_and_the_run_goes_on(tmp_path: Path) -> None:
    output = done(paramsrun(with_a_file_in_the_way(tmp_path)))
    assert output.count("Warning: The checkpoint of evaluation ") == 2
    assert "evaluation 10 could not be made in " in output
    assert "Done. 25 evaluations" in output
    assert (tmp_path / "taken").read_text() == "a file"


def test_one_at_a_new_best_that_cannot_be_made_is_tried_again_at_the_next(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    text = control(AtNewBest="Yes", CheckpointingDirectory=tmp_path / "taken")
    output = run_parent(tmp_path, text).output
    for n in new_bests(PARENT):
        assert f"The checkpoint of evaluation {n} could not be made in " in output
    assert output.count("Warning: The checkpoint of evaluation ") == len(new_bests(PARENT))


def test_one_that_cannot_be_made_ends_the_run_under_raise_fail(tmp_path: Path) -> None:
    result = paramsrun(with_a_file_in_the_way(tmp_path, RaiseFail="Yes"))
    assert result.exit_code == 1
    told = "The checkpoint of evaluation 10 could not be made in "
    assert told in result.output.splitlines()[-1]
    exit = events(PARENT, "exit")[-1]
    assert exit["how"] == "error"
    assert told in str(exit["reason"])
    assert told in (PARENT / "job.log").read_text()
    assert told in (PARENT / "summary.txt").read_text()
    assert not (PARENT / "run.lock").exists()
    output = done(go_on("CheckpointControl\n  CheckpointingDirectory checkpoints\nEnd\n"))
    assert numbers(RESUMED) == list(range(11, 26))
    assert "Done. 25 evaluations" in output


# Ones that cannot be used


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    run_parent(tmp_path, control(EveryFunctionCalls=40))
    return MADE / "c000.tar.gz"


def test_a_checkpoint_stands_alone(checkpoint: Path, tmp_path: Path) -> None:
    told = story(PARENT)
    kept = checkpoint.rename(tmp_path / "kept.tar.gz")
    shutil.rmtree(PARENT)
    done(go_on(origin=kept))
    assert story(RESUMED) == told


def test_a_checkpoint_tells_when_it_ends_where_the_new_conditions_end(checkpoint: Path) -> None:
    message = refused(go_on(until(40), origin=checkpoint))
    assert f"met already in {checkpoint} (40 evaluations, " in message


@pytest.mark.parametrize("command", [["run"], ["check"]])
def test_a_checkpoint_that_is_missing(command: list[str]) -> None:
    Path("resume.in").write_text("ResumeCheckpoint nowhere.tar.gz\n")
    message = refused(paramsrun(*command, "resume.in"))
    assert message == "There is no checkpoint or results folder nowhere.tar.gz\n"


def test_a_checkpoint_that_is_cut_off(checkpoint: Path) -> None:
    data = checkpoint.read_bytes()
    for n in (0, 1, 10, 100, len(data) // 2, len(data) - 1):
        checkpoint.write_bytes(data[:n])
        message = refused(go_on(origin=checkpoint))
        assert message.startswith(f"{checkpoint} cannot be used: ")
        assert message.count("\n") == 1


def test_a_checkpoint_with_a_flipped_bit(checkpoint: Path) -> None:
    data = checkpoint.read_bytes()
    for at in range(0, len(data), len(data) // 25):
        checkpoint.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        message = refused(go_on(origin=checkpoint))
        assert message.startswith(f"{checkpoint} cannot be used: ")
        assert message.count("\n") == 1


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    Path("notes.txt").write_text("no checkpoint\n")
    message = refused(go_on(origin="notes.txt"))
    assert "notes.txt cannot be used: it is no checkpoint of paramsrun" in message


def test_a_checkpoint_of_a_newer_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr("paramsrun.results.manifest.FORMAT", 2)
        run_parent(tmp_path, control(AtEnd="Yes"))
    message = refused(go_on(origin=MADE / "c000.tar.gz"))
    assert "it has checkpoint format 2, made by paramsrun 0.1.0" in message


def test_conditions_are_judged_through_checkpoints(tmp_path: Path) -> None:
    run_parent(tmp_path, control(EveryFunctionCalls=30), n=31)
    assert len(events(PARENT, "end")) == 2
    done(go_on(condition("MaxOptimizersConverged", 4), origin=MADE / "c000.tar.gz"))
    assert len(events(RESUMED, "end")) == 4
