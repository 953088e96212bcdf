"""The checkpoint file: a tar archive cut into gzip members, so that parts are copied compressed.

It holds ``inputs/``, ``journal/`` and, in a gzip member of its own, ``manifest.json``, which lists
the others in their order. Every byte of the tar archive outside the files follows from the
manifest, so reading compares headers and obeys none. The last gzip member, the seal, is empty; its
extra field holds the place of the manifest's member and the SHA-256 of all before the seal.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BLOCK = 512
END = bytes(2 * BLOCK)
CHUNK = 1 << 20
MANIFEST = "manifest.json"
INPUTS = "inputs"
JOURNAL = "journal"
STATES = "states"
"""What optimizers of the user's wrote of themselves."""
_SEAL = struct.Struct("<10s H2sH Q32s 10s")  # RFC 1952: flag FEXTRA, one subfield
_SEAL_HEAD = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff"
_SEAL_TAIL = b"\x03" + bytes(9)
SEAL_BYTES = _SEAL.size
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s167s")
_MAX_SIZE = 8**11
_STORED = 0xFFFF
_LONG_NAME = b"././@LongLink"


class Member(NamedTuple):
    """A file in the archive, as the manifest lists it."""

    name: str
    size: int
    sha256: str


def header(name: str, size: int, mtime: int) -> bytes:
    """Return the tar header of a file in GNU format; the bytes depend on the arguments only."""
    path = name.encode("utf-8", "surrogateescape")
    if len(path) <= 100:
        return _block(path, size, mtime, b"0")
    text = path + b"\0"
    long = _block(_LONG_NAME, len(text), 0, b"L") + text + padding(len(text))
    return long + _block(path[:100], size, mtime, b"0")


def padding(size: int) -> bytes:
    """Return the zeros between the end of a file and the next header."""
    return bytes(-size % BLOCK)


def _block(path: bytes, size: int, mtime: int, kind: bytes) -> bytes:
    if not 0 <= size < _MAX_SIZE:
        raise OSError(f"{path.decode(errors='replace')} is larger than 8 GiB")
    mode, owner, empty = b"0000644\0", b"0000000\0", b""
    numbers = (mode, owner, owner, b"%011o\0" % size, b"%011o\0" % mtime)
    magic = b"ustar  \0"
    rest = (kind, empty, magic, empty, empty, empty, empty, empty)
    block = _HEADER.pack(path, *numbers, b" " * 8, *rest)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def entry(name: str, data: bytes, mtime: int) -> tuple[Member, bytes]:
    """Return a file as tar holds it."""
    member = Member(name, len(data), hashlib.sha256(data).hexdigest())
    return member, header(name, len(data), mtime) + data + padding(len(data))


def compressed(data: bytes, level: int) -> bytes:
    """Return data as one gzip member."""
    return zlib.compress(data, level, wbits=31)


def stored(data: bytes) -> bytes:
    """Return data as one gzip member that does not compress it.

    This takes 1 ms for a full segment of a journal, where zlib's level 1 takes 11.
    """
    blocks = []
    for at in range(0, len(data), _STORED) or (0,):
        block = data[at : at + _STORED]
        is_last = at + _STORED >= len(data)
        blocks += [struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block]
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return b"".join([head, *blocks, struct.pack("<II", zlib.crc32(data), len(data) % 2**32)])


def compressed_file(name: str, path: Path, mtime: int, level: int) -> tuple[Member, bytes]:
    """Return a file, as tar holds it, as one gzip member."""
    size = path.stat().st_size
    packer = zlib.compressobj(level, wbits=31)
    parts = [packer.compress(header(name, size, mtime))]
    digest, n_bytes = hashlib.sha256(), 0
    for chunk in _chunks(path):
        digest.update(chunk)
        n_bytes += len(chunk)
        parts.append(packer.compress(chunk))
    if n_bytes != size:
        raise OSError(f"{path} changed while it was read")
    parts += [packer.compress(padding(size)), packer.flush()]
    return Member(name, size, digest.hexdigest()), b"".join(parts)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def seal(place: int, digest: bytes) -> bytes:
    """Return the last gzip member: where the manifest's begins, and the SHA-256 of all before."""
    return _SEAL.pack(_SEAL_HEAD, 44, b"PR", 40, place, digest, _SEAL_TAIL)


def sealed(member: bytes) -> tuple[int, bytes] | None:
    """Return what a seal says, or None if this is no seal."""
    if len(member) != SEAL_BYTES:
        return None
    *_, place, digest, _ = _SEAL.unpack(member)
    return (place, digest) if member == seal(place, digest) else None
