"""The checkpoint file: a tar archive cut into gzip members, so that parts are copied compressed.

It holds ``inputs/``, ``journal/``, ``states/`` where optimizers wrote of themselves, and, in a gzip
member of its own, ``manifest.json``, which lists the others in their order. Every byte of the tar
archive outside the files follows from the manifest, so reading compares headers and obeys none. The
last gzip member, the seal, is empty; its extra field holds the place of the manifest's member and
the SHA-256 of all before the seal.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from paramsrun.results.files import chunks

BLOCK = 512
END = bytes(2 * BLOCK)
LARGE = 16 << 20
"""So many bytes has a segment of a journal only where its lines are long."""
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


def stored(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one gzip member that holds all parts, one after the other, without compressing them.

    This takes 1 ms for a full segment of a journal, where zlib's level 1 takes 11.
    """
    yield b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    checksum = n_bytes = 0
    for part in parts:
        checksum, n_bytes = zlib.crc32(part, checksum), n_bytes + len(part)
        yield b"".join(_blocks(part))
    yield struct.pack("<BHHII", 1, 0, _STORED, checksum, n_bytes % 2**32)


def _blocks(data: bytes) -> Iterator[bytes]:
    """Yield data in blocks of RFC 1951, none of which is the last."""
    for at in range(0, len(data), _STORED):
        block = data[at : at + _STORED]
        yield struct.pack("<BHH", 0, len(block), len(block) ^ _STORED)
        yield block


def file_entry(
    name: str, path: Path, mtime: int, members: list[Member], last: bytes = b""
) -> Iterator[bytes]:
    """Yield a file as tar holds it, with some last bytes behind its own, and then list it.

    A file that is not there yet counts as empty. OSError where it changes meanwhile.
    """
    size = len(last) + (path.stat().st_size if path.exists() else 0)
    yield header(name, size, mtime)
    digest, n_bytes = hashlib.sha256(), 0
    for chunk in chain(chunks(path) if path.exists() else (), (last,)):
        digest.update(chunk)
        n_bytes += len(chunk)
        yield chunk
    if n_bytes != size:
        raise OSError(f"{path} changed while it was read")
    yield padding(size)
    members.append(Member(name, size, digest.hexdigest()))


def compressed_file(name: str, path: Path, mtime: int, level: int) -> tuple[Member, bytes]:
    """Return a file, as tar holds it, as one gzip member."""
    packer = zlib.compressobj(level, wbits=31, strategy=_strategy(name, path))
    members: list[Member] = []
    parts = [packer.compress(part) for part in file_entry(name, path, mtime, members)]
    return members[0], b"".join([*parts, packer.flush()])


def _strategy(name: str, path: Path) -> int:
    """Return how zlib is to compress a file.

    Numbers of a journal, base64 above all, hardly repeat: without a search for repetitions, a
    segment full of residuals takes a third of the time and becomes 10 % larger.
    """
    is_large = name.startswith(f"{JOURNAL}/") and path.stat().st_size >= LARGE
    return zlib.Z_HUFFMAN_ONLY if is_large else zlib.Z_DEFAULT_STRATEGY


def seal(place: int, digest: bytes) -> bytes:
    """Return the last gzip member: where the manifest's begins, and the SHA-256 of all before."""
    return _SEAL.pack(_SEAL_HEAD, 44, b"PR", 40, place, digest, _SEAL_TAIL)


def sealed(member: bytes) -> tuple[int, bytes] | None:
    """Return what a seal says, or None if this is no seal."""
    if len(member) != SEAL_BYTES:
        return None
    *_, place, digest, _ = _SEAL.unpack(member)
    return (place, digest) if member == seal(place, digest) else None
