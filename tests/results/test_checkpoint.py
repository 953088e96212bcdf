"""Making checkpoints: when, under which name, whole or not at all, and which are deleted."""

import resource
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from paramsrun.errors import CheckpointFailed
from paramsrun.manager.events import Checkpoint, Eval, Event
from paramsrun.results import archive, checkpoint, draft, journal
from paramsrun.results.event_lines import encode
from paramsrun.results.folder import JOURNAL
from paramsrun.results.opening import open_checkpoint
from tests.results.checkpointed import SETTINGS, Recorded

Make = Callable[..., Recorded]


def lines(folder: Path) -> list[bytes]:
    """Return a journal as its lines, in whatever segments they are."""
    return b"".join(p.read_bytes() for p in journal.segments(folder)).splitlines()


@contextmanager
def limited(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT_EVENTS", 10)


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 18, 40])
def test_a_checkpoint_holds_inputs_and_journal_and_ends_with_itself(
    recorded: Make, tmp_path: Path, n: int
) -> None:
    run = recorded()
    run.start()
    run.evaluate(n)
    manifest = open_checkpoint(run.save(), tmp_path / "out")
    assert (tmp_path / "out/inputs/params.in").read_text() == SETTINGS
    assert (tmp_path / "out/inputs/external/01_data.yaml").read_text() == "- 1.0\n" * 50
    assert lines(tmp_path / "out/journal") == lines(run.folder / JOURNAL)
    assert manifest.n_evaluations == n
    assert manifest.counters["best"] == run.state.best.fx
    assert manifest.counters["living"] == 1


@pytest.mark.usefixtures("short_segments")
def test_segments_in_a_checkpoint_are_those_of_the_journal(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    run.start()
    for step in (3, 5, 11, 20):
        run.evaluate(step)
        open_checkpoint(run.save(), tmp_path / str(step))
        ours = {p.name: p.read_bytes() for p in journal.segments(run.folder / JOURNAL)}
        theirs = journal.segments(tmp_path / str(step) / "journal")
        assert {p.name: p.read_bytes() for p in theirs} == ours


def test_segments_that_ended_by_their_bytes_are_those_of_the_journal(
    recorded: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(archive, "LARGE", 1000)
    run = recorded()
    run.start()
    for step in range(1, 20):
        run.evaluate(step)
        open_checkpoint(run.save(), tmp_path / str(step))
        ours = {p.name: p.read_bytes() for p in journal.segments(run.folder / JOURNAL)}
        theirs = journal.segments(tmp_path / str(step) / "journal")
        assert {p.name: p.read_bytes() for p in theirs} == ours
    assert len(ours) > 10
    run.close()
    again = checkpoint.Checkpoints(run.folder, run.checkpoints._control, {})
    open_checkpoint(run.path(again.write(run.state)), tmp_path / "again")
    again.close()
    assert lines(tmp_path / "again/journal")[:-1] == lines(run.folder / JOURNAL)


def test_no_journal_is_held_in_memory_for_a_checkpoint(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    run.start()
    run.evaluate(1)
    residuals = np.zeros(100_000)
    for n in range(2, 14):
        run.add(Eval(n, 1, n, 0, np.zeros(2), 0.5, 0.1, r=residuals))
    tail = run.folder / JOURNAL / "000001.jsonl"
    tracemalloc.start()
    try:
        path = run.save()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tail.stat().st_size > 12_000_000
    assert peak < 6_000_000
    open_checkpoint(path, tmp_path / "out")
    assert lines(tmp_path / "out/journal") == lines(run.folder / JOURNAL)


@pytest.mark.usefixtures("short_segments")
def test_a_run_that_goes_on_packs_the_segments_it_finds(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    run.start()
    run.evaluate(33)
    first = run.save()
    run.close()
    again = checkpoint.Checkpoints(run.folder, run.checkpoints._control, {})
    second = run.path(again.write(run.state))
    again.close()
    open_checkpoint(first, tmp_path / "1")
    open_checkpoint(second, tmp_path / "2")
    assert lines(tmp_path / "2/journal")[:-2] == lines(tmp_path / "1/journal")[:-1]


@pytest.mark.usefixtures("short_segments")
def test_python_and_gnu_tar_read_it(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    long = run.folder / "settings_and_initial_data" / ("d" * 90) / ("ä" * 60 + ".yaml")
    long.parent.mkdir()
    long.write_text("x")
    run.close()
    run.checkpoints = checkpoint.Checkpoints(run.folder, run.checkpoints._control, {})
    run.start()
    run.evaluate(25)
    path = run.save()
    run.checkpoints.close()
    with tarfile.open(path) as tar:
        names = tar.getnames()
    listed = subprocess.run(
        ["tar", "--quoting-style=literal", "-tzf", str(path)],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert listed.stderr == b""
    assert listed.stdout.decode().splitlines() == names
    assert names[-1] == "manifest.json"
    assert names[:3] == [
        f"inputs/{'d' * 90}/{'ä' * 60}.yaml",
        "inputs/external/01_data.yaml",
        "inputs/params.in",
    ]
    assert names[3:-1] == ["journal/000001.jsonl", "journal/000002.jsonl", "journal/000003.jsonl"]
    open_checkpoint(path, tmp_path / "out")
    (tmp_path / "gnu").mkdir()
    subprocess.run(["tar", "-xzf", str(path), "-C", str(tmp_path / "gnu")], check=True)
    assert lines(tmp_path / "gnu/journal") == lines(tmp_path / "out/journal")


@pytest.mark.usefixtures("short_segments")
def test_the_journal_tells_of_each_segment_that_is_full(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    run.start()
    run.evaluate(1)
    full: list[Path] = []
    again = journal.Journal(run.folder / JOURNAL, full.append)
    for event in list(journal.read(run.folder / JOURNAL)) * 7:
        assert not isinstance(event, journal.Torn)
        again.append(event)
    again.close()
    assert [path.name for path in full] == ["000001.jsonl", "000002.jsonl"]
    assert all(path.read_bytes().count(b"\n") == 10 for path in full)


def test_the_name_counts_through_restarts(recorded: Make) -> None:
    run = recorded("a.results")
    for _ in range(3):
        run.save()
    run.close()
    resumed = recorded("b.results")
    resumed.state = run.state
    assert resumed.save().name == "c003.tar.gz"


def test_by_count_it_is_due_at_every_nth_evaluation_once(recorded: Make) -> None:
    run = recorded(every_function_calls=10)
    run.start()
    due = []
    for n in range(35):
        if run.checkpoints.due(run.state):
            due.append(n)
            run.save()
            assert not run.checkpoints.due(run.state)
        run.evaluate(1)
    assert due == [10, 20, 30]


def test_it_is_not_due_again_where_a_run_goes_on_from_it(recorded: Make, tmp_path: Path) -> None:
    run = recorded(every_function_calls=10)
    run.start()
    run.evaluate(10)
    open_checkpoint(run.save(), tmp_path / "out")
    state = type(run.state)()
    for event in journal.read(tmp_path / "out/journal"):
        assert not isinstance(event, journal.Torn)
        state.apply(event)
    assert state.n_evaluations == 10
    assert not run.checkpoints.due(state)


def test_by_time_it_is_due_when_more_than_the_seconds_have_passed(recorded: Make) -> None:
    run = recorded(every_seconds=2.0)
    run.start()
    due = []
    for n in range(50):
        if run.checkpoints.due(run.state):
            due.append(n)  # an evaluation takes 0.1 s
            run.save()
        run.evaluate(1)
    assert due == [21, 42]


def test_minus_one_makes_none(recorded: Make) -> None:
    run = recorded(every_seconds=-1.0, every_function_calls=-1)
    run.start()
    run.evaluate(50)
    assert not run.checkpoints.due(run.state)
    assert not run.checkpoints.due_at_start(run.state)
    assert not run.checkpoints.due_at_end(run.state)


def test_at_initialisation_is_before_the_first_optimizer(recorded: Make) -> None:
    run = recorded(at_initialisation=True)
    assert run.checkpoints.due_at_start(run.state)
    run.save()
    assert not run.checkpoints.due_at_start(run.state)


def test_at_initialisation_does_not_hold_once_an_optimizer_started(recorded: Make) -> None:
    run = recorded(at_initialisation=True)
    run.start()
    assert not run.checkpoints.due_at_start(run.state)


def test_at_end_makes_none_where_the_last_holds_all(recorded: Make) -> None:
    run = recorded(at_end=True)
    run.start()
    run.evaluate(10)
    assert run.checkpoints.due_at_end(run.state)
    run.save()
    assert not run.checkpoints.due_at_end(run.state)


@pytest.mark.parametrize(("keep", "left"), [(0, [4]), (1, [3, 4]), (3, [1, 2, 3, 4])])
def test_older_ones_are_deleted_but_keep_past(recorded: Make, keep: int, left: list[int]) -> None:
    run = recorded(keep_past=keep)
    run.start()
    for _ in range(5):
        run.evaluate(2)
        run.save()
    assert run.files() == [*(f"c{k:03d}.tar.gz" for k in left), "checkpoints.txt"]
    rows = [f"{2 * k + 2:06d} c{k:03d}.tar.gz" for k in left]
    text = "\n".join(["#evaluation checkpoint", *rows, ""])
    assert (run.folder / "checkpoints/checkpoints.txt").read_text() == text


def test_no_name_is_given_again_though_its_checkpoint_was_deleted(recorded: Make) -> None:
    run = recorded(keep_past=0, naming_format="same")
    run.start()
    names = []
    for _ in range(4):
        run.evaluate(2)
        run.save()
        names += [name for name in run.files() if name != "checkpoints.txt"]
    assert len(set(names)) == 4


def test_keep_past_minus_one_keeps_all(recorded: Make) -> None:
    run = recorded(keep_past=-1)
    for _ in range(4):
        run.save()
    assert len(run.files()) == 5


def test_two_within_a_second_never_overwrite_each_other(recorded: Make) -> None:
    run = recorded(naming_format="%(year)")
    paths = {run.save() for _ in range(3)}
    assert len(paths) == 3
    assert len(run.files()) == 4
    assert sorted(p.name[4:] for p in paths) == [".tar.gz", "_001.tar.gz", "_002.tar.gz"]


def test_only_what_this_run_made_is_deleted(recorded: Make, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    a = recorded("a.results", keep_past=0, checkpointing_directory=str(shared))
    b = recorded("b.results", keep_past=0, checkpointing_directory=str(shared))
    (shared / "c001.tar.gz").write_bytes(b"something else")
    for run in (a, b, b, a, b):
        run.checkpoints.write(run.state)
    assert (shared / "c001.tar.gz").read_bytes() == b"something else"
    text = (shared / "checkpoints.txt").read_text()
    assert text.count("\n") == 3
    listed = {line.split()[1] for line in text.splitlines()[1:]}
    assert {p.name for p in shared.iterdir()} == {*listed, "c001.tar.gz", "checkpoints.txt"}


def test_one_that_someone_deleted_is_no_failure(recorded: Make) -> None:
    run = recorded(keep_past=0)
    run.save().unlink()
    assert run.save().exists()


def test_a_failure_leaves_older_ones_whole_and_nothing_else(recorded: Make, tmp_path: Path) -> None:
    run = recorded(keep_past=0)
    run.start()
    run.evaluate(5)
    path = run.save()
    before, files = path.read_bytes(), run.files()
    segment = run.folder / JOURNAL / "000001.jsonl"
    segment.rename(tmp_path / "aside")
    segment.mkdir()
    with pytest.raises(CheckpointFailed, match="The checkpoint of evaluation 5 could not be made"):
        run.checkpoints.write(run.state)
    assert run.files() == files
    assert path.read_bytes() == before
    segment.rmdir()
    (tmp_path / "aside").rename(segment)
    assert run.save().exists()


def test_a_full_disk_fails_and_leaves_nothing(recorded: Make, tmp_path: Path) -> None:
    """The file may not grow beyond a limit, which is what a full disk comes to."""
    run = recorded(keep_past=0)
    run.start()
    run.evaluate(5)
    path = run.save()
    files = run.files()
    run.evaluate(400)
    with limited(20_000), pytest.raises(CheckpointFailed, match=r"could not be made in .*large"):
        run.checkpoints.write(run.state)
    assert run.files() == files
    open_checkpoint(path, tmp_path / "old")
    open_checkpoint(run.save(), tmp_path / "new")


@pytest.mark.usefixtures("short_segments")
def test_what_could_not_be_packed_is_packed_once_it_can_be(recorded: Make, tmp_path: Path) -> None:
    run = recorded()
    run.start()
    with limited(3_000):
        run.evaluate(100)
        with pytest.raises(CheckpointFailed, match="large"):
            run.checkpoints.write(run.state)
    open_checkpoint(run.save(), tmp_path / "out")
    assert lines(tmp_path / "out/journal") == lines(run.folder / JOURNAL)


def test_a_directory_that_cannot_be_made_is_a_failure(recorded: Make) -> None:
    run = recorded(checkpointing_directory="settings_and_initial_data/params.in/x")
    with pytest.raises(CheckpointFailed, match="Not a directory"):
        run.checkpoints.write(run.state)


def test_the_event_to_record_names_it(recorded: Make) -> None:
    run = recorded()
    run.start()
    run.evaluate(3)
    event: Event = run.checkpoints.write(run.state)
    assert event == Checkpoint("c000", 3, 0.3)
    assert b'"e":"checkpoint"' in encode(event)


def test_nothing_but_checkpoints_lies_in_their_folder(recorded: Make) -> None:
    run = recorded()
    run.save()
    assert run.files() == ["c000.tar.gz", "checkpoints.txt"]
    run.close()
    assert run.files() == ["c000.tar.gz", "checkpoints.txt"]


def test_without_nameless_files_a_hidden_one_is_used_and_removed(
    recorded: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "_OPEN_FILES", str(tmp_path / "none"))
    run = recorded(keep_past=1)
    run.start()
    for _ in range(4):
        run.evaluate(10)
        path = run.save()
    open_checkpoint(path, tmp_path / "out")
    assert lines(tmp_path / "out/journal") == lines(run.folder / JOURNAL)
    run.close()
    assert run.files() == ["c002.tar.gz", "c003.tar.gz", "checkpoints.txt"]
