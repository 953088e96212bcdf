"""A journal is followed while it grows: each event once, none that is half written."""

from pathlib import Path

import pytest

from paramsrun.results import journal
from paramsrun.results.event_lines import encode
from paramsrun.results.growing import Growing
from paramsrun.results.journal import Journal
from tests.results.test_journal import EVENTS, same


@pytest.mark.parametrize("n", range(7))
def test_a_growing_journal_is_followed_from_any_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 400)
    written = Journal(tmp_path)
    for event in EVENTS[:6]:
        written.append(event)
    followed = Growing(tmp_path, n)
    seen = list(followed.events())
    for event in (*EVENTS, *EVENTS):
        written.append(event)
        seen += followed.events()
    written.close()
    assert all(same(a, b) for a, b in zip(seen, [*EVENTS[n:6], *EVENTS * 2], strict=True))


def test_a_growing_journal_yields_no_half_written_event(tmp_path: Path) -> None:
    line = encode(EVENTS[2])
    (tmp_path / "000001.jsonl").write_bytes(line + line[:9])
    followed = Growing(tmp_path, 0)
    assert len(list(followed.events())) == 1
    (tmp_path / "000001.jsonl").write_bytes(line + line + line[:3])
    (event,) = followed.events()
    assert same(event, EVENTS[2])
