"""Reading checkpoints, which may be damaged, cut off or made to do harm."""

import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.state import RunState
from paramsrun.printable import printable
from paramsrun.regular import opened
from paramsrun.results import journal
from paramsrun.results.archive import (
    BLOCK,
    END,
    INPUTS,
    JOURNAL,
    MANIFEST,
    SEAL_BYTES,
    Member,
    header,
    padding,
    sealed,
)
from paramsrun.results.files import CHUNK
from paramsrun.results.log import seconds
from paramsrun.results.manifest import Manifest
from paramsrun.results.reader import fold
from paramsrun.results.summary import summary
from paramsrun.temporary import TemporaryFolder

MAX_MANIFEST = 32 << 20
MAX_EXTRACTED = 1 << 30
"""Bytes that any checkpoint may hold extracted, and `MAX_RATIO` for each of its own besides."""
MAX_RATIO = 100
DAMAGED = "it is damaged"
CUT_OFF = "it is cut off or damaged: its end is not there"
FOREIGN = "it is no checkpoint of paramsrun"
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.DIRTYPE: "a folder",
}


def open_checkpoint(path: Path, into: Path) -> Manifest:
    """Extract ``inputs/``, ``journal/`` and ``states/`` of a checkpoint into an empty folder.

    Nothing is written outside that folder and nothing is executed. Raises UsageError where the
    checkpoint is missing, damaged, of another format or not to be trusted, and RunError where the
    folder cannot be written; what was extracted until then is to be thrown away.
    """
    with _told(path), opened(path) as file:
        end = os.fstat(file.fileno()).st_size - SEAL_BYTES
        place, digest = _seal(file, end)
        file.seek(place)
        raw = file.read(end - place)
        manifest = Manifest.decode(_manifest_text(raw))
        _check_sizes(manifest, place)
        file.seek(0)
        body = _Hashed(file, place)
        _extract(manifest, body, into)
        body.digest.update(raw)
        if body.digest.digest() != digest:
            raise UsageError(DAMAGED)
    return manifest


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, Manifest]]:
    """Extract a checkpoint into a temporary folder for as long as it is needed.

    Raises what `open_checkpoint` raises, RunError also where no such folder can be made.
    """
    try:
        temporary = TemporaryFolder()
    except OSError as error:
        raise RunError(f"{path} cannot be extracted: {error}") from error
    with temporary as folder:
        yield folder, open_checkpoint(path, folder)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name the checkpoint in what is told of it."""
    advice = "take an earlier checkpoint, or the results folder of the run itself"
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path} cannot be used: {error}; {advice}") from None
    except FileNotFoundError:
        raise UsageError(f"There is no checkpoint {path}") from None
    except IsADirectoryError:
        raise UsageError(
            f"{path} is a folder and no checkpoint; `paramsrun status` tells of a results folder"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _seal(file: IO[bytes], end: int) -> tuple[int, bytes]:
    """Return the place of the manifest and the SHA-256 of all before the seal."""
    file.seek(max(end, 0))
    found = sealed(file.read())
    if found is None:
        file.seek(0)
        raise UsageError(_why_unsealed(file.read(BLOCK)))
    place, digest = found
    if place > end or end - place > MAX_MANIFEST:
        raise UsageError(f"{DAMAGED} in its last bytes")
    return place, digest


def _why_unsealed(begin: bytes) -> str:
    if not begin:
        return f"{FOREIGN}: it is empty"
    if begin[:2] != b"\x1f\x8b"[: len(begin)]:
        return f"{FOREIGN}: it is no gzip file"
    try:
        text = zlib.decompressobj(wbits=31).decompress(begin, BLOCK)
    except zlib.error:
        return f"{FOREIGN}, or {DAMAGED[6:]} at its beginning and its end"
    return CUT_OFF if text.startswith(f"{INPUTS}/".encode()[: len(text)]) else FOREIGN


def _manifest_text(raw: bytes) -> bytes:
    """Return manifest.json from the gzip member that holds it alone."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(raw, MAX_MANIFEST)
        head = tarfile.TarInfo.frombuf(data[:BLOCK], "utf-8", "surrogateescape")
    except (zlib.error, tarfile.HeaderError):
        raise UsageError(f"{DAMAGED} in {MANIFEST}") from None
    whole = BLOCK + head.size + len(padding(head.size)) + len(END)
    if not unpacker.eof or unpacker.unused_data or len(data) != whole or head.name != MANIFEST:
        raise UsageError(f"{DAMAGED} in {MANIFEST}")
    return data[BLOCK : BLOCK + head.size]


def _check_sizes(manifest: Manifest, n_bytes: int) -> None:
    limit = MAX_EXTRACTED + MAX_RATIO * max(n_bytes, 0)
    if manifest.n_bytes > limit:
        raise UsageError(
            f"its {n_bytes} bytes claim to hold {manifest.n_bytes}, which no checkpoint does"
        )


class _Hashed:
    """The next n bytes of a file; hashes what is read."""

    def __init__(self, file: IO[bytes], n_bytes: int) -> None:
        self._file = file
        self._left = n_bytes
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to size bytes."""
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self.digest.update(data)
        return data


def _extract(manifest: Manifest, body: _Hashed, into: Path) -> None:
    where = "its beginning"
    with GzipFile(fileobj=body, mode="rb") as tar:  # type: ignore[call-overload]
        try:
            for member in manifest.members:
                where = member.name
                _expect(header(member.name, member.size, manifest.mtime), tar, where)
                _extract_file(member, tar, into)
                _expect(padding(member.size), tar, where)
            if tar.read(1):
                raise UsageError("it holds more than its manifest.json lists")
        except (BadGzipFile, zlib.error):
            raise UsageError(f"{DAMAGED} in {where}") from None
        except EOFError:
            raise UsageError(f"it is damaged or cut off in {where}") from None


def _extract_file(member: Member, tar: GzipFile, into: Path) -> None:
    digest, left = hashlib.sha256(), member.size
    with _created(into / member.name) as file:
        while left:
            chunk = tar.read(min(CHUNK, left))
            if not chunk:
                raise UsageError(f"it is damaged or cut off in {member.name}")
            left -= len(chunk)
            digest.update(chunk)
            _write(file, chunk)
    if digest.hexdigest() != member.sha256:
        raise UsageError(f"{DAMAGED} in {member.name}: its SHA-256 is another one")


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb", buffering=0)
    except OSError as error:
        raise RunError(f"A checkpoint cannot be extracted: {error}") from error
    with file:
        yield file


def _write(file: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise RunError(f"A checkpoint cannot be extracted: {error}") from error


def _expect(bytes_: bytes, tar: GzipFile, where: str) -> None:
    """Raise UsageError unless the archive goes on with these bytes."""
    given = tar.read(len(bytes_))
    if given == bytes_:
        return
    if len(given) < len(bytes_):
        raise UsageError(f"it is damaged or cut off in {where}")
    raise UsageError(_mismatch(given, where))


def _mismatch(block: bytes, where: str) -> str:
    """Return what is wrong with a header, or with what should be one."""
    try:
        head = tarfile.TarInfo.frombuf(block[:BLOCK], "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return f"{DAMAGED} in {where}"
    kind = "the file" if head.isreg() else _KINDS.get(head.type, "an entry")
    return f"{kind} {head.name[:100]!r} stands where its manifest.json promises {where}"


def show(path: Path) -> str:
    """Return what a checkpoint holds, for people; UsageError where it cannot be used."""
    with unpacked(path) as (name, manifest):
        try:
            state = fold(name / JOURNAL, _refuse)
            if state.run is None:
                raise RunError("it holds no run")
        except RunError as error:
            detail = str(error).removeprefix(f"{name}/")
            raise UsageError(f"{path} cannot be used: its journal is damaged ({detail})") from None
    text = "\n".join([*_head(path, manifest, state), "", summary(state), *_settings(state)])
    return printable(text)


def _refuse(torn: journal.Torn) -> None:
    raise RunError(f"{torn.path.name} breaks off inside a line")


def _head(path: Path, manifest: Manifest, state: RunState) -> list[str]:
    assert state.run is not None
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    return [
        f"{path}: checkpoint of evaluation {manifest.n_evaluations}",
        f"Made {manifest.utc}, {seconds(state.t)} into the run that began {state.run.utc}",
        f"By {versions}",
        f"With {_counted(manifest)} and a journal of {state.n_events} events; it takes "
        f"{max(manifest.n_bytes / 1e6, 0.1):.1f} MB unpacked",
    ]


def _counted(manifest: Manifest) -> str:
    n = sum(member.name.startswith(f"{INPUTS}/") for member in manifest.members)
    return f"{n} input files" if n != 1 else "1 input file"


def _settings(state: RunState) -> list[str]:
    assert state.context is not None
    return ["Settings in force:", *("  " + line for line in state.context.settings.splitlines())]
