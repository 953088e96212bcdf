"""Checkpoints whose archive is to do harm: names, kinds, sizes, bombs, manifests."""

import gzip
import hashlib
import os
import pickle
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from paramsrun.results.archive import compressed, seal
from tests.malice.attempt import Attempt, Den
from tests.malice.forging import MTIME, entry, forged, header_of, resealed

SHOW = ["show", "evil.tar.gz"]
DIGEST = hashlib.sha256(b"").hexdigest()


def named(name: str) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint with a member of that name."""

    def bait(den: Den) -> Sequence[str]:
        den.checkpoint({name: b"x"})
        return den.resumed()

    return bait


def kind(of: bytes, target: str = "", size: int = 0) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint that holds something else where a file is promised."""

    def bait(den: Den) -> Sequence[str]:
        members = den.members()
        members.pop("inputs/params.in")
        listed = [("inputs/params.in", b""), *members.items()]
        where = target.replace("OUTSIDE", str(den.outside))
        begin = header_of("inputs/params.in", of, where, size)
        rest = b"".join(entry(name, data, MTIME)[1] for name, data in listed[1:])
        den.forged(listed, held=begin + rest)
        return den.resumed()

    return bait


def manifest(**fields: Any) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint whose manifest says something else."""

    def bait(den: Den) -> Sequence[str]:
        den.checkpoint(**fields)
        return SHOW

    return bait


def raw_manifest(text: bytes) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint whose manifest is any text."""

    def bait(den: Den) -> Sequence[str]:
        resealed(den.work / "evil.tar.gz", compressed(b"", 1), text)
        return SHOW

    return bait


def file(content: bytes) -> Callable[[Den], Sequence[str]]:
    """Return what makes a file that only has the name of a checkpoint."""

    def bait(den: Den) -> Sequence[str]:
        den.write("evil.tar.gz", content)
        return SHOW

    return bait


def lists(name: str, size: int, sha256: str = DIGEST) -> dict[str, Any]:
    """Return a member as a manifest lists it."""
    return {"name": name, "size": size, "sha256": sha256}


def _overwrites_by_longlink(den: Den) -> Sequence[str]:
    hidden = b"../outside/secret.txt\0"
    long = header_of("././@LongLink", b"L", size=len(hidden)) + hidden + bytes(512 - len(hidden))
    held = long + entry("inputs/params.in", b"x", MTIME)[1]
    den.forged([("inputs/params.in", b"x")], held=held)
    return SHOW


def _pax_path(den: Den) -> Sequence[str]:
    record = b"35 path=../outside/secret.txt\n"
    pax = header_of("x", b"x", size=len(record)) + record + bytes(512 - len(record))
    den.forged([("inputs/params.in", b"x")], held=pax + entry("inputs/params.in", b"x", MTIME)[1])
    return SHOW


def _hidden_members(den: Den) -> Sequence[str]:
    listed = [("inputs/params.in", b"x")]
    extra = entry("../outside/canary", b"x", MTIME)[1]
    den.forged(listed, held=entry("inputs/params.in", b"x", MTIME)[1] + extra)
    return SHOW


def _bomb_of_members(den: Den) -> Sequence[str]:
    members = [lists(f"inputs/{k}", 0) for k in range(5000)]
    den.forged([], members=members, held=b"")
    return SHOW


def _many_members(den: Den) -> Sequence[str]:
    den.checkpoint({f"inputs/extra/{k}": b"" for k in range(200)})
    return SHOW


def _journal_bomb(den: Den) -> Sequence[str]:
    n = 1 << 33
    den.forged([], members=[lists("journal/000001.jsonl", n)], held=bytes(1 << 20))
    return SHOW


def _endless_gzip(den: Den) -> Sequence[str]:
    """20 MB of zeros behind the one member that is listed."""
    head = entry("inputs/params.in", b"x", MTIME)[1]
    den.forged([("inputs/params.in", b"x")], held=head + bytes(20 << 20))
    return SHOW


def _manifest_bomb(den: Den) -> Sequence[str]:
    head = gzip.compress(bytes(64 << 20), 1)
    digest = hashlib.sha256(head).digest()
    den.write("evil.tar.gz", head + seal(0, digest))
    return SHOW


def _line_bomb(den: Den) -> Sequence[str]:
    """A journal that is one line of 600 MB, and 600 kB as it is packed."""
    data = b'{"e":"run","settings":"' + b"a" * (600 << 20)
    den.forged([("inputs/params.in", b""), ("journal/000001.jsonl", data)])
    return den.resumed()


def _far_seal(den: Den) -> Sequence[str]:
    path = forged(den.work / "evil.tar.gz", list(den.members().items()))
    whole = path.read_bytes()[: -len(seal(0, bytes(32)))]
    path.write_bytes(whole + seal(2**63, hashlib.sha256(whole).digest()))
    return SHOW


def _ordinary_tar(den: Den) -> Sequence[str]:
    with tarfile.open(den.work / "evil.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("inputs/params.in")
        info.type, info.linkname = tarfile.SYMTYPE, str(den.secret)
        tar.addfile(info)
    return den.resumed()


def _pipe(den: Den) -> Sequence[str]:
    os.mkfifo(den.work / "evil.tar.gz")
    return SHOW


def _endless_file(den: Den) -> Sequence[str]:
    (den.work / "evil.tar.gz").symlink_to("/dev/zero")
    return SHOW


def _resumes_endless_file(den: Den) -> Sequence[str]:
    (den.work / "evil.tar.gz").symlink_to("/dev/zero")
    return den.resumed()


def _resumes_pipe(den: Den) -> Sequence[str]:
    os.mkfifo(den.work / "evil.tar.gz")
    return den.resumed()


def _linked(den: Den) -> Sequence[str]:
    den.checkpoint()
    Path("linked.tar.gz").symlink_to("evil.tar.gz")
    return ["show", "linked.tar.gz"]


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ../outside/canary",)


PICKLE = pickle.dumps(_Evil())
NO_FILE = "has a name that no file may have"
OUTSIDE = r"its member .* leads outside"
NOWHERE = "lies in none of inputs/, journal/ and states/"
ODD = r"stands where its manifest\.json promises inputs/params\.in"
UNKNOWN = r"manifest\.json is not understood"

NAMES = (
    Attempt("a name with ..", named("inputs/../../outside/canary"), OUTSIDE),
    Attempt("a name that begins with ..", named("../outside/canary"), OUTSIDE),
    Attempt("an absolute name", named("/tmp/paramsrun-canary"), OUTSIDE),
    Attempt("an absolute name with two slashes", named("//tmp/paramsrun-canary"), OUTSIDE),
    Attempt("a name with backslashes", named(r"inputs\..\..\canary"), NO_FILE),
    Attempt("a name with a line break", named("inputs/a\nb"), NO_FILE),
    Attempt("a name with a NUL byte", named("inputs/a\0b"), NO_FILE),
    Attempt("a name with escape codes", named("inputs/\x1b[2J"), NO_FILE),
    Attempt("a name with a C1 control", named("inputs/\x9b2J"), NO_FILE),
    Attempt(
        "a name that turns the line around", named("inputs/\u202enl.tar"), "Resumed", fails=False
    ),
    Attempt("a part of 256 bytes", named("inputs/" + "a" * 256), "too long a name"),
    Attempt("a path of 4,000 bytes", named("inputs/" + "a/" * 2000 + "a"), "too long a name"),
    Attempt("a long name of many bytes a letter", named("inputs/" + "\u4e2d" * 86), "too long"),
    Attempt("no name behind the room", named("inputs/"), NOWHERE),
    Attempt("a name with an empty part", named("inputs//a"), NOWHERE),
    Attempt("a name with a dot as part", named("inputs/./a"), NOWHERE),
    Attempt("another room", named("home/.bashrc"), NOWHERE),
    Attempt("the manifest again, as a member", named("manifest.json"), NOWHERE),
    Attempt("a room itself as a file", named("journal"), NOWHERE),
    Attempt("a file below a file", named("inputs/params.in/a"), "holds inputs/params.in twice"),
    Attempt("wide dots that are none", named("inputs/\uff0e\uff0e/x"), "Resumed", fails=False),
    Attempt("names that differ in case", named("inputs/PARAMS.IN"), "Resumed", fails=False),
    Attempt(
        "a member twice",
        manifest(members=[lists("inputs/params.in", 0)] * 2),
        "holds inputs/params.in twice",
    ),
)
KINDS = (
    Attempt("a symbolic link", kind(tarfile.SYMTYPE, "OUTSIDE/secret.txt"), f"a symbolic.*{ODD}"),
    Attempt("a symbolic link upwards", kind(tarfile.SYMTYPE, "../.."), f"a symbolic.*{ODD}"),
    Attempt("a hard link", kind(tarfile.LNKTYPE, "OUTSIDE/secret.txt"), f"a hard link.*{ODD}"),
    Attempt("a character device", kind(tarfile.CHRTYPE), f"a device.*{ODD}"),
    Attempt("a block device", kind(tarfile.BLKTYPE), f"a device.*{ODD}"),
    Attempt("a pipe", kind(tarfile.FIFOTYPE), f"a pipe.*{ODD}"),
    Attempt("a folder", kind(tarfile.DIRTYPE), f"a folder.*{ODD}"),
    Attempt("a sparse file of 8 GB", kind(tarfile.GNUTYPE_SPARSE, size=8**11 - 1), ODD),
    Attempt("a contiguous file", kind(tarfile.CONTTYPE), ODD),
    Attempt("a part of a volume", kind(b"M"), ODD),
    Attempt("a kind nobody knows", kind(b"\xff"), ODD),
    Attempt("a file larger than listed", kind(tarfile.REGTYPE, size=1 << 30), ODD),
    Attempt("a long name in front of the file", _overwrites_by_longlink, ODD),
    Attempt("a pax header with another path", _pax_path, ODD),
    Attempt("a member that is not listed", _hidden_members, "holds more than its manifest"),
    Attempt("an ordinary tar with a link", _ordinary_tar, "no checkpoint of paramsrun|cut off"),
)
BOMBS = (
    Attempt("a journal of 8 GB", _journal_bomb, "claim to hold 8589934592"),
    Attempt("zeros without end", _endless_gzip, "holds more than its manifest"),
    Attempt("a manifest of 64 MB", _manifest_bomb, r"damaged in manifest\.json"),
    Attempt("5,000 members, none there", _bomb_of_members, "damaged or cut off in inputs/0"),
    Attempt("200 empty members", _many_members, "204 input files", fails=False),
    Attempt("a line of 600 MB", _line_bomb, r"000001\.jsonl:1: .*longer than", apart=True),
    Attempt("a pipe in its place", _pipe, "evil.tar.gz.*no file"),
    Attempt("a file without end in its place", _endless_file, "evil.tar.gz.*no file"),
    Attempt("a pipe to resume from", _resumes_pipe, "neither a checkpoint nor a results folder"),
    Attempt("an endless file to resume from", _resumes_endless_file, "neither a checkpoint"),
    Attempt("a link to a checkpoint", _linked, "checkpoint of evaluation", fails=False),
)
MANIFESTS = (
    Attempt("a pickle in its place", file(PICKLE), "no gzip file"),
    Attempt("a packed pickle in its place", file(gzip.compress(PICKLE)), "no checkpoint"),
    Attempt("a pickle as manifest", raw_manifest(PICKLE), "its manifest.json is another one"),
    Attempt("a manifest nested deeply", raw_manifest(b"[" * 100_000), "is another one"),
    Attempt("a manifest of a list", raw_manifest(b"[1]"), "is another one"),
    Attempt("a place beyond the file", _far_seal, "damaged in its last bytes"),
    Attempt("a format of the future", manifest(format=2**62), "has checkpoint format"),
    Attempt("a format that is true", manifest(format=True), "names no format"),
    Attempt("members that are none", manifest(members={"a": 1}), UNKNOWN),
    Attempt("a negative size", manifest(members=[lists("inputs/a", -1)]), UNKNOWN),
    Attempt("a size of true", manifest(members=[{**lists("inputs/a", 0), "size": True}]), UNKNOWN),
    Attempt("a hash with a path", manifest(members=[lists("inputs/a", 0, "../" * 30)]), UNKNOWN),
    Attempt("a name that is a number", manifest(members=[lists(7, 0)]), UNKNOWN),  # type: ignore[arg-type]
    Attempt("counters of texts", manifest(counters={"evaluations": "__import__('os')"}), UNKNOWN),
    Attempt("counters that are infinite", manifest(counters={"evaluations": "inf"}), UNKNOWN),
    Attempt("a time beyond tar's", manifest(mtime=8**12), "damaged|other|stands where"),
    Attempt(
        "versions with escape codes",
        manifest(versions={"\x1b]0;x\x07": "\x1b[2J\x9b"}),
        "checkpoint of evaluation",
        fails=False,
    ),
    Attempt("a time with escape codes", manifest(utc="\x1b[2J"), "checkpoint of", fails=False),
    Attempt("a name with ..", manifest(name="../../evil"), "checkpoint of", fails=False),
    Attempt(
        "a maker with escape codes",
        manifest(format=9, versions={"paramsrun": "\x1b[31m"}),
        r"made by paramsrun \?",
    ),
)
CATALOGUE = {
    "checkpoint: names": NAMES,
    "checkpoint: kinds": KINDS,
    "checkpoint: bombs": BOMBS,
    "checkpoint: manifest": MANIFESTS,
}
