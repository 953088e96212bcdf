"""Opening checkpoints: what is damaged, foreign or made to do harm is refused in one message."""

import gzip
import io
import random
import re
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.events import Context
from paramsrun.results import opening
from paramsrun.results.archive import END, SEAL_BYTES, compressed, entry, header, sealed
from paramsrun.results.opening import open_checkpoint, show
from paramsrun.resuming.origin import opened
from tests.malice.forging import MTIME, forged, resealed
from tests.results.checkpointed import SETTINGS, Recorded

Make = Callable[..., Recorded]


@pytest.fixture
def checkpoint(recorded: Make) -> Path:
    run = recorded()
    run.start()
    run.evaluate(9)
    return run.save()


def refused(path: Path, into: Path, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_checkpoint(path, into)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_forged_one_is_opened_if_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    path = forged(tmp_path / "c", [("inputs/params.in", b"x"), ("journal/000001.jsonl", b"")])
    assert open_checkpoint(path, tmp_path / "out").n_evaluations == 0
    assert (tmp_path / "out/inputs/params.in").read_bytes() == b"x"


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "none.tar.gz", tmp_path / "out", "^There is no checkpoint .*none.tar.gz$")


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    refused(tmp_path, tmp_path / "out", "is a folder and no checkpoint")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is no checkpoint of paramsrun: it is empty"),
        (b"Task Optimization\n" * 100, "it is no checkpoint of paramsrun: it is no gzip file"),
        (gzip.compress(b"text" * 1000, mtime=0), "it is no checkpoint of paramsrun;"),
        (b"\x1f\x8b" + b"\xff" * 500, "it is no checkpoint of paramsrun, or damaged"),
    ],
)
def test_another_file_is_no_checkpoint(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "c").write_bytes(content)
    refused(tmp_path / "c", tmp_path / "out", message)


def test_another_tar_archive_is_no_checkpoint(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "c", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("manager"), io.BytesIO())
    refused(tmp_path / "c", tmp_path / "out", "it is no checkpoint of paramsrun")


def test_another_manifest_is_no_checkpoint(tmp_path: Path) -> None:
    path = forged(tmp_path / "c", [], kind="docker")
    refused(path, tmp_path / "out", "its manifest.json is another one")


@pytest.mark.parametrize("n_bytes", [1, 10, 12, 400])
def test_a_short_beginning_is_cut_off(checkpoint: Path, tmp_path: Path, n_bytes: int) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:n_bytes])
    refused(checkpoint, tmp_path / "out", "it is cut off or damaged: its end is not there")


def test_truncated(checkpoint: Path, tmp_path: Path) -> None:
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[:-1])
    refused(
        checkpoint,
        tmp_path / "out",
        "cannot be used: it is cut off or damaged: its end is not there; take an earlier "
        "checkpoint, or the results folder of the run itself",
    )


def test_bytes_behind_its_end(checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes() + b"\0")
    refused(checkpoint, tmp_path / "out", "its end is not there")


def test_a_flipped_byte_in_a_compressed_member_names_it(checkpoint: Path, tmp_path: Path) -> None:
    data = bytearray(checkpoint.read_bytes())
    data[200] ^= 0x40  # the inputs come first
    checkpoint.write_bytes(data)
    refused(checkpoint, tmp_path / "out", "it is damaged .*in inputs/")


def test_a_flipped_byte_in_the_open_segment_names_it(checkpoint: Path, tmp_path: Path) -> None:
    data = bytearray(checkpoint.read_bytes())
    data[data.index(b'"e":"eval"')] ^= 0x01
    checkpoint.write_bytes(data)
    refused(checkpoint, tmp_path / "out", "it is damaged in journal/000001.jsonl")


def test_a_flipped_byte_in_the_manifest_names_it(checkpoint: Path, tmp_path: Path) -> None:
    data = bytearray(checkpoint.read_bytes())
    found = sealed(bytes(data[-SEAL_BYTES:]))
    assert found is not None
    data[found[0] + 50] ^= 0x01
    checkpoint.write_bytes(data)
    refused(checkpoint, tmp_path / "out", "it is damaged in manifest.json")


def test_a_header_that_no_checksum_covers_is_covered_by_the_seal(
    checkpoint: Path, tmp_path: Path
) -> None:
    data = bytearray(checkpoint.read_bytes())
    data[4] ^= 0x01  # gzip's time stamp
    checkpoint.write_bytes(data)
    refused(checkpoint, tmp_path / "out", "it is damaged;")


def test_a_member_whose_sha256_is_another_one(tmp_path: Path) -> None:
    members = [{"name": "inputs/a", "size": 1, "sha256": "0" * 64}]
    path = forged(tmp_path / "c", [("inputs/a", b"x")], members=members)
    refused(path, tmp_path / "out", "it is damaged in inputs/a: its SHA-256 is another one")


def test_random_flips_and_cuts_are_always_refused(checkpoint: Path, tmp_path: Path) -> None:
    whole = checkpoint.read_bytes()
    rng = random.Random(1)
    for case in range(300):
        data = bytearray(whole)
        if case % 3:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        else:
            del data[rng.randrange(len(data)) :]
        checkpoint.write_bytes(data)
        with pytest.raises(UsageError):
            open_checkpoint(checkpoint, tmp_path / str(case))


def test_random_content_behind_a_right_seal_is_refused_too(
    checkpoint: Path, tmp_path: Path
) -> None:
    """Whoever means harm can compute a seal."""
    whole = checkpoint.read_bytes()
    found = sealed(whole[-SEAL_BYTES:])
    assert found is not None
    plain = bytearray(gzip.decompress(whole[: found[0]]))
    end = gzip.decompress(whole[found[0] : -SEAL_BYTES])
    rng = random.Random(2)
    for case in range(200):
        body, text = bytearray(plain), bytearray(end[512:].rstrip(b"\0"))
        spoilt = body if case % 2 else text
        at = rng.randrange(len(spoilt))
        spoilt[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(1, 4))
        path = resealed(tmp_path / "c", compressed(bytes(body), 1), bytes(text))
        try:
            open_checkpoint(path, tmp_path / str(case))
        except UsageError:
            continue
        # a name or number that nothing depends on, or a byte in place of an equal one
        assert spoilt is text or spoilt == plain


def test_a_newer_format_names_both_and_what_to_do(tmp_path: Path) -> None:
    path = forged(tmp_path / "c", [], format=2, versions={"paramsrun": "3.0"}, members=None)
    refused(
        path,
        tmp_path / "out",
        "it has checkpoint format 2, made by paramsrun 3.0, and this paramsrun reads format 1: "
        "resume with the paramsrun that made it, or a newer one",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("inputs/../../x", "its member inputs/../../x leads outside"),
        ("/etc/passwd", "its member /etc/passwd leads outside"),
        ("..", "leads outside"),
        ("elsewhere/x", "lies in none of inputs/, journal/ and states/"),
        ("inputs", "lies in none of inputs/, journal/ and states/"),
        ("inputs/", "lies in none of inputs/, journal/ and states/"),
        ("inputs//x", "lies in none of inputs/, journal/ and states/"),
        ("inputs/./x", "lies in none of inputs/, journal/ and states/"),
        ("inputs\\..\\x", "has a name that no file may have"),
        ("inputs/\0", "has a name that no file may have"),
        ("inputs/\x1b[2J", "has a name that no file may have"),
        ("inputs/" + "x" * 300, "has too long a name"),
        ("inputs/" + "x/" * 600 + "x", "has too long a name"),
    ],
)
def test_a_member_that_leads_outside_or_has_no_good_name(
    tmp_path: Path, name: str, message: str
) -> None:
    path = forged(tmp_path / "c", [(name, b"x")])
    refused(path, tmp_path / "out", re.escape(message))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.DIRTYPE, "a folder"),
    ],
)
def test_a_member_that_is_no_file(tmp_path: Path, kind: bytes, what: str) -> None:
    link = tarfile.TarInfo("inputs/a")
    link.type, link.linkname = kind, "/etc/passwd"
    path = forged(tmp_path / "c", [("inputs/a", b"")], held=link.tobuf() + END)
    refused(path, tmp_path / "out", f"{what} 'inputs/a' stands where its manifest.json promises")


def test_a_member_that_is_not_listed(tmp_path: Path) -> None:
    listed = entry("inputs/a", b"x", MTIME)[1]
    path = forged(
        tmp_path / "c", [("inputs/a", b"x")], held=listed + entry("inputs/b", b"y", MTIME)[1]
    )
    refused(path, tmp_path / "out", "it holds more than its manifest.json lists")


def test_a_member_in_place_of_another(tmp_path: Path) -> None:
    held = entry("inputs/b", b"x", MTIME)[1]
    path = forged(tmp_path / "c", [("inputs/a", b"x")], held=held)
    refused(path, tmp_path / "out", "the file 'inputs/b' stands where .* promises inputs/a")


def test_a_member_that_is_listed_and_not_there(tmp_path: Path) -> None:
    path = forged(tmp_path / "c", [("inputs/a", b"x")], held=b"")
    refused(path, tmp_path / "out", "it is damaged or cut off in inputs/a")


@pytest.mark.parametrize("names", [["inputs/a", "inputs/a"], ["inputs/a", "inputs/a/b"]])
def test_a_member_twice(tmp_path: Path, names: list[str]) -> None:
    path = forged(tmp_path / "c", [(name, b"x") for name in names])
    refused(path, tmp_path / "out", "it holds inputs/a twice")


def test_a_size_that_no_checkpoint_has(tmp_path: Path) -> None:
    members = [{"name": "inputs/a", "size": 2**40, "sha256": "0" * 64}]
    path = forged(tmp_path / "c", [], members=members)
    refused(path, tmp_path / "out", "claim to hold 1099511627776, which no checkpoint does")


def test_a_bomb_is_not_unpacked_beyond_what_is_listed(tmp_path: Path) -> None:
    held = header("inputs/a", 10, MTIME) + bytes(50_000_000)
    path = forged(tmp_path / "c", [("inputs/a", bytes(10))], held=held)
    refused(path, tmp_path / "out", "it holds more than its manifest.json lists")
    assert (tmp_path / "out/inputs/a").stat().st_size == 10


def test_a_manifest_that_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_MANIFEST", 10_000)
    path = resealed(tmp_path / "c", b"", b" " * 100_000)
    refused(path, tmp_path / "out", "it is damaged in manifest.json")


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"null", b"\xff", b'{"kind":1}', b"[" * 5000, b'{"a":' * 5000, b"1" * 5000],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: bytes) -> None:
    refused(
        resealed(tmp_path / "c", b"", text),
        tmp_path / "out",
        "it is no checkpoint of paramsrun: its manifest.json is another one",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"format": None},
        {"format": "1"},
        {"format": True},
        {"members": None},
        {"members": {}},
        {"members": [1]},
        {"members": [{}]},
        {"members": [{"name": 1, "size": 1, "sha256": "0" * 64}]},
        {"members": [{"name": "inputs/a", "size": -1, "sha256": "0" * 64}]},
        {"members": [{"name": "inputs/a", "size": 1.5, "sha256": "0" * 64}]},
        {"members": [{"name": "inputs/a", "size": 1, "sha256": "x"}]},
        {"counters": {}},
        {"counters": {"evaluations": "many"}},
        {"counters": {"evaluations": 1, "best": []}},
        {"versions": []},
        {"versions": {"paramsrun": 1}},
        {"mtime": -1},
        {"utc": 5},
        {"name": None},
    ],
)
def test_a_manifest_that_is_not_understood(tmp_path: Path, fields: dict[str, Any]) -> None:
    path = forged(tmp_path / "c", [], **fields)
    refused(path, tmp_path / "out", r"its manifest.json (is not understood \(|names no format)")


def test_a_time_that_no_header_can_hold(tmp_path: Path) -> None:
    path = forged(tmp_path / "c", [("inputs/a", b"x")], mtime=2**62)
    refused(path, tmp_path / "out", "stands where its manifest.json promises inputs/a")


def test_what_is_there_already_is_not_overwritten(checkpoint: Path, tmp_path: Path) -> None:
    open_checkpoint(checkpoint, tmp_path / "out")
    with pytest.raises(RunError, match=r"cannot be extracted: .*File exists"):
        open_checkpoint(checkpoint, tmp_path / "out")


def test_where_no_temporary_folder_can_be_made_that_is_told(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    told = re.escape(f"{checkpoint} cannot be extracted: ") + ".*No such file"
    with pytest.raises(RunError, match=told):
        show(checkpoint)
    with pytest.raises(RunError, match=told), opened(checkpoint):
        pass


def test_show_tells_what_it_holds(recorded: Make) -> None:
    run = recorded()
    run.start()
    run.evaluate(9)
    run.end()
    run.start(2)
    run.evaluate(3, o=2)
    path = run.save()
    text = show(path)
    best = run.state.best
    assert text.startswith(f"{path}: checkpoint of evaluation 12\nMade 20")
    assert "1.2 s into the run that began 2026-01-01T00:00:00+00:00" in text
    assert "By paramsrun 0.1.0, numpy 2.0.0" in text
    assert f"Best loss        {best.fx!r}\n  evaluation {best.n} of optimizer {best.o}\n" in text
    assert re.search(r"^001 +CMAES +9 .* converged: tolfun$", text, re.MULTILINE)
    assert re.search(r"^002 +CMAES +3 .* alive$", text, re.MULTILINE)
    assert text.rstrip().endswith("\n".join("  " + line for line in SETTINGS.splitlines()))


@pytest.mark.parametrize(
    "journal",
    [
        b"",
        b"{}\n",
        b'{"e":"eval","n":1,"o":9,"b":0,"i":0,"x":[1],"fx":1.0,"t":0.0}\n',
        b'{"e":"end","o":1,"how":"x","reason":"","t":0}',
    ],
)
def test_show_refuses_a_journal_that_makes_no_sense(tmp_path: Path, journal: bytes) -> None:
    path = forged(tmp_path / "c", [("journal/000001.jsonl", journal)])
    with pytest.raises(UsageError, match="cannot be used: its journal is damaged"):
        show(path)


def test_show_sends_no_control_characters_to_the_terminal(tmp_path: Path, recorded: Make) -> None:
    run = recorded()
    run.add(Context("Title \x1b[2J\x07\n", 7, "objective", {}, (), True, 0.0, "2026"))
    assert r"Title \x1b[2J\x07" in show(run.save())
