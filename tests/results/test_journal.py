"""The journal keeps every event exactly, whatever cuts it short."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from paramsrun.errors import RunError
from paramsrun.manager.events import Eval
from paramsrun.results import journal
from paramsrun.results.event_lines import encode
from paramsrun.results.files import CHUNK
from paramsrun.results.journal import Journal, Torn
from tests.results.journaled import EVENTS, X, same


def test_segments_hold_a_fixed_number_of_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SEGMENT_EVENTS", 3)
    written = Journal(tmp_path)
    for event in EVENTS:
        written.append(event)
    written.close()
    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        "000001.jsonl",
        "000002.jsonl",
        "000003.jsonl",
    ]
    assert all(same(a, b) for a, b in zip(journal.read(tmp_path), EVENTS, strict=True))


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 400)


@pytest.mark.usefixtures("small_segments")
def test_segments_end_when_they_hold_enough_bytes(tmp_path: Path) -> None:
    written = Journal(tmp_path)
    for event in EVENTS * 3:
        written.append(event)
    written.close()
    *full, last = (path.read_bytes() for path in journal.segments(tmp_path))
    assert len(full) > 3
    for segment in full:
        *before, line, _ = segment.split(b"\n")
        assert len(segment) >= 400
        assert len(segment) - len(line) - 1 < 400 or not before
    assert len(last) < 400
    assert all(same(a, b) for a, b in zip(journal.read(tmp_path), EVENTS * 3, strict=True))


@pytest.mark.usefixtures("small_segments")
def test_a_journal_that_is_gone_on_with_has_the_segments_of_one_in_one_go(tmp_path: Path) -> None:
    whole, folder = Journal(tmp_path / "whole"), tmp_path / "parts"
    for event in EVENTS * 2:
        whole.append(event)
        part = Journal(folder)
        part.append(event)
        part.close()
    whole.close()
    assert [p.read_bytes() for p in journal.segments(folder)] == [
        p.read_bytes() for p in journal.segments(tmp_path / "whole")
    ]


def test_a_journal_whose_segment_is_larger_than_they_are_now_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = Journal(tmp_path)
    for event in EVENTS:
        earlier.append(event)
    earlier.close()
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 400)
    later = Journal(tmp_path)
    later.append(EVENTS[2])
    later.close()
    assert (tmp_path / "000002.jsonl").read_bytes() == encode(EVENTS[2])
    assert len(list(journal.read(tmp_path))) == len(EVENTS) + 1


@pytest.mark.usefixtures("small_segments")
def test_the_place_of_an_event_is_told_by_the_segments_as_they_are(tmp_path: Path) -> None:
    written = Journal(tmp_path)
    for event in EVENTS * 2:
        written.append(event)
    written.close()
    places = [
        f"{path}:{number}"
        for path in journal.segments(tmp_path)
        for number in range(1, path.read_bytes().count(b"\n") + 1)
    ]
    assert len({place.split(":")[0] for place in places}) > 2
    assert [journal.place(tmp_path, k) for k in range(len(EVENTS) * 2)] == places


@pytest.mark.parametrize("torn", [b"", b"{", b"x" * (CHUNK + 5)])
def test_a_copy_leaves_out_a_torn_line_of_any_length(tmp_path: Path, torn: bytes) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    line = encode(EVENTS[2])
    (tmp_path / "a/000001.jsonl").write_bytes(line * 2 + torn)
    journal.copy(tmp_path / "a", tmp_path / "b")
    assert journal.n_torn(tmp_path / "a/000001.jsonl") == len(torn)
    assert (tmp_path / "b/000001.jsonl").read_bytes() == line * 2
    assert (tmp_path / "a/000001.jsonl").read_bytes() == line * 2 + torn


def test_long_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    long = encode(Eval(1, 1, 0, 0, X, 0.5, 0.0, r=np.zeros(10_000)))
    (tmp_path / "000001.jsonl").write_bytes(long * 150)
    tracemalloc.start()
    try:
        assert sum(1 for _ in journal.read(tmp_path)) == 150
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * len(long)


def test_appending_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.append(EVENTS[0])
    first.close()
    second = Journal(tmp_path)
    second.append(EVENTS[2])
    second.close()
    assert len(list(journal.read(tmp_path))) == 2


def test_a_torn_last_line_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "000001.jsonl").write_bytes(encode(EVENTS[2]) + encode(EVENTS[2])[:-5])
    event, torn = journal.read(tmp_path)
    assert same(event, EVENTS[2])
    assert isinstance(torn, Torn)
    assert torn.n_bytes == len(encode(EVENTS[2])) - 5


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"e":"eval"}', b'{"e":"what"}', b"\xff", b"{}"])
def test_a_damaged_line_in_the_middle_is_refused_with_its_place(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "000001.jsonl").write_bytes(encode(EVENTS[2]) + bad + b"\n" + encode(EVENTS[2]))
    with pytest.raises(RunError, match=r"000001\.jsonl:2: damaged journal line"):
        list(journal.read(tmp_path))


def test_a_full_disk_is_a_run_error(tmp_path: Path) -> None:
    log = Journal(tmp_path)
    (tmp_path / "000001.jsonl").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"The journal .*\.jsonl cannot be written: No space left"):
        log.append(EVENTS[2])


def test_a_folder_that_is_gone_when_a_segment_turns_is_what_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SEGMENT_EVENTS", 1)
    folder = tmp_path / "journal"
    folder.mkdir()
    written = Journal(folder)
    written.append(EVENTS[2])
    folder.rename(tmp_path / "moved")
    with pytest.raises(RunError, match="No such file or directory"):
        written.append(EVENTS[2])
    written.close()


def test_a_line_that_no_reader_would_take_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_LINE", 10)
    written = Journal(tmp_path)
    with pytest.raises(RunError, match="takes no line of"):
        written.append(EVENTS[2])
    written.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", [b"1", b"null", b'"abc"', b'{"e":"end","o":"x","t":0.0}'])
def test_a_line_that_is_no_event_is_damaged(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "000001.jsonl").write_bytes(line + b"\n" + encode(EVENTS[2]))
    with pytest.raises(RunError, match=r"000001\.jsonl:1: damaged journal line"):
        list(journal.read(tmp_path))


def test_nothing_is_written_behind_a_line_that_the_disk_cut(tmp_path: Path) -> None:
    log = Journal(tmp_path)
    (tmp_path / "000001.jsonl").symlink_to("/dev/full")
    for _ in range(2):
        with pytest.raises(RunError, match="cannot be written"):
            log.append(EVENTS[2])
        (tmp_path / "000001.jsonl").unlink()
        (tmp_path / "000001.jsonl").touch()
    assert (tmp_path / "000001.jsonl").read_bytes() == b""


def test_a_journal_that_is_deleted_takes_nothing_more(tmp_path: Path) -> None:
    written = Journal(tmp_path)
    written.append(EVENTS[2])
    (tmp_path / "000001.jsonl").unlink()
    for act in (written.sync, lambda: written.append(EVENTS[2]), written.sync):
        with pytest.raises(RunError, match="was deleted while the job ran"):
            act()
