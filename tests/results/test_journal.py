"""The journal keeps every event exactly, whatever cuts it short."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.errors import RunError
from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit, Inject, Run, Start
from paramsrun.results import journal
from paramsrun.results.journal import Journal, Torn, decode, encode

X = np.array([0.1, 1.0 / 3.0, 5e-324])
EVENTS: list[Event] = [
    Run(
        1,
        {"paramsrun": "0"},
        7,
        "Task Optimization\n",
        ("p",),
        np.array([[0.0, 0.1]]),
        "00",
        {"a:b": "/a.py 01"},
        0.0,
        "2026-01-01T00:00:00Z",
    ),
    Start(1, 1, "CMAES", {"Popsize": 4}, (7, 1, 1, 0), X, X, X, 0.1),
    Eval(1, 1, 0, 0, X, 0.1, 0.2),
    Eval(2, 1, 0, 1, X, math.inf, 0.3, "job a: diverged", math.nan),
    Inject(1, 1, X, 0.5, 0.4),
    End(1, "converged", "tolfun", 0.5),
    Context("Task Optimization\n", 8, "01", {"a:b": "/a.py 00"}, ("one",), False, 0.5, "2026"),
    Checkpoint("c.tar.gz", 2, 0.5),
    Exit("conditions", "MaxOptimizersConverged(nconv=1) = True", (2, 3), 0.6),
]


def same(a: Event, b: Event) -> bool:
    return type(a) is type(b) and all(_same(p, q) for p, q in zip(a, b, strict=True))


def _same(p: object, q: object) -> bool:
    if isinstance(p, np.ndarray):
        return p.tobytes() == np.asarray(q).tobytes()
    if isinstance(p, float) and math.isnan(p):
        return isinstance(q, float) and math.isnan(q)
    return list(p) == list(q) if isinstance(p, tuple) else p == q  # type: ignore[call-overload]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_every_event_survives_its_line(event: Event) -> None:
    assert same(decode(encode(event)), event)


@given(st.floats(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_kept_bit_for_bit(fx: float, x: list[float]) -> None:
    event = Eval(1, 1, 0, 0, np.array(x), fx, 0.0)
    assert same(decode(encode(event)), event)


@given(st.lists(st.floats()))
def test_residuals_are_kept_bit_for_bit(residuals: list[float]) -> None:
    event = Eval(1, 1, 0, 0, X, 0.5, 0.0, r=np.array(residuals))
    assert same(decode(encode(event)), event)


@pytest.mark.parametrize("damage", [b"AAAAAAAA8D", b"*AAAAAAA8D8=", b"AAAA"])
def test_damaged_residuals_are_refused(damage: bytes) -> None:
    line = encode(Eval(1, 1, 0, 0, X, 0.5, 0.0, r=np.array([1.0])))
    with pytest.raises(ValueError, match=r"base64|padding|buffer size|data"):
        decode(line.replace(b"AAAAAAAA8D8=", damage))


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


def test_appending_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.append(EVENTS[0])
    first.close()
    second = Journal(tmp_path, n_events=1)
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
    with pytest.raises(RunError, match=r"The journal cannot be written: .*No space left"):
        log.append(EVENTS[2])


def test_text_that_utf8_cannot_hold_is_kept_readable() -> None:
    event = Eval(1, 1, 0, 0, X, math.inf, 0.0, "bad \udcff name")
    assert decode(encode(event)).why == "bad \\udcff name"  # type: ignore[union-attr]


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
