"""Checkpoints as an attacker makes them: any members and manifest, every hash and seal right."""

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import orjson

from paramsrun.results.archive import END, SEAL_BYTES, compressed, entry, seal

MTIME = 1_700_000_000


def members(path: Path) -> dict[str, bytes]:
    """Return the files of a checkpoint but its manifest."""
    found = {}
    with tarfile.open(path) as tar:
        for one in tar:
            file = tar.extractfile(one)
            assert file is not None
            found[one.name] = file.read()
    del found["manifest.json"]
    return found


def forged(
    path: Path,
    listed: list[tuple[str, bytes]],
    held: bytes | None = None,
    **fields: Any,
) -> Path:
    """Make a checkpoint whose seal is right, of any members and any manifest.

    held replaces what the tar archive holds; fields those of the manifest.
    """
    made = [entry(name, data, MTIME) for name, data in listed]
    body = compressed(b"".join(data for _, data in made) if held is None else held, 1)
    manifest = {
        "kind": "paramsrun checkpoint",
        "format": 1,
        "name": "c000",
        "utc": "2026-01-01",
        "versions": {"paramsrun": "0.1.0"},
        "counters": {"evaluations": 0},
        "mtime": MTIME,
        "members": [member._asdict() for member, _ in made],
        **fields,
    }
    text = orjson.dumps({k: v for k, v in manifest.items() if v is not None})
    return resealed(path, body, text)


def resealed(path: Path, body: bytes, manifest: bytes, place: int | None = None) -> Path:
    """Write a checkpoint of a body and the text of a manifest."""
    head = compressed(entry("manifest.json", manifest, MTIME)[1] + END, 1)
    digest = hashlib.sha256(body + head).digest()
    path.write_bytes(body + head + seal(len(body) if place is None else place, digest))
    return path


def header_of(name: str, kind: bytes, target: str = "", size: int = 0) -> bytes:
    """Return the tar header of anything but a plain file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mtime = kind, target, size, MTIME
    return info.tobuf(tarfile.GNU_FORMAT)


__all__ = ["END", "MTIME", "SEAL_BYTES", "entry", "forged", "header_of", "members", "resealed"]
