"""Checkpoints for fuzz.py: whole ones, and ones in which a member is another, sealed anew."""

import hashlib
import io
import tarfile
from functools import cache
from pathlib import Path
from random import Random

import fuzz_changes as changes
import orjson
from fuzz_changes import Change, one_or_several
from fuzz_jobs import WHOLE

from paramsrun.results.archive import END, MANIFEST, compressed, entry, seal


def checkpoint() -> bytes:
    """Return the last checkpoint of the recorded run."""
    return max(Path(WHOLE, "checkpoints").glob("*.tar.gz")).read_bytes()


def members() -> list[bytes]:
    """Return each member of the checkpoint, behind a line with its name."""
    listed = by_name()
    return [name.encode() + b"\n" + data for name, data in listed.items()]


@cache
def by_name() -> dict[str, bytes]:
    held: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(checkpoint())) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            held[member.name] = file.read()
    return held


def forge(data: bytes) -> None:
    """Write a checkpoint in which one member is another, with hashes and seal that are right."""
    name, _, content = data.partition(b"\n")
    held = dict(by_name())
    manifest = orjson.loads(held.pop(MANIFEST))
    given = name.decode("utf-8", "replace")
    if given != MANIFEST:
        held[given] = content
    mtime = manifest["mtime"]
    made = [entry(key, value, mtime) for key, value in held.items()]
    manifest["members"] = [member._asdict() for member, _ in made]
    text = content if given == MANIFEST else orjson.dumps(manifest)
    body = compressed(b"".join(part for _, part in made), 1)
    head = compressed(entry(MANIFEST, text, mtime)[1] + END, 1)
    digest = hashlib.sha256(body + head).digest()
    Path("c.tar.gz").write_bytes(body + head + seal(len(body), digest))


def changed_member(r: Random, data: bytes) -> bytes:
    """Change the content of a member after its kind, and sometimes its name."""
    name, _, content = data.partition(b"\n")
    kinds: dict[bytes, list[Change]] = {
        b"jsonl": [changes.of_json_lines, changes.of_lines],
        b"json": [changes.of_json],
        b"yaml": [changes.of_yaml, changes.of_words([]), changes.of_lines],
        b"in": [changes.of_words([]), changes.of_lines, changes.of_blocks],
    }
    made = kinds.get(name.rpartition(b".")[2], [changes.of_words([])])
    content = one_or_several([*made * 3, changes.of_bytes])(r, content)
    if r.random() < 0.03:
        name = changes.of_words([])(r, name).replace(b"\n", b"")
    return name + b"\n" + content
