"""The next checkpoint as far as it is known, written while the run goes on."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from paramsrun.results.archive import Member, compressed_file
from paramsrun.results.draft import Draft

LEVEL = 1
"""zlib's level 6 takes five times as long, and journals become 6 % smaller."""
MAX_WAITING = 1
"""So many files may be left for the end of a checkpoint, so that the run need not wait for them."""


class Waiting(NamedTuple):
    """A file to be packed, and its name in the archive."""

    name: str
    path: Path


class Packed(NamedTuple):
    """What was packed so far."""

    members: tuple[Member, ...]
    n_bytes: int
    digest: "hashlib._Hash"
    """SHA-256 of the compressed bytes."""


Finish = Callable[[Packed, Sequence[Waiting]], Iterator[bytes]]
"""Yields how a checkpoint ends, from what is packed and what is not."""


class Packing:
    """Compresses files in the order given, in a thread, into a draft of the next checkpoint.

    A published checkpoint is copied into the next draft, in the thread as well. A failure there is
    met again, and told, by `publish`. The thread lets files wait for patience_s seconds: a run that
    is over before its first checkpoint need not pack anything.
    """

    def __init__(self, folder: Path, mtime: int, patience_s: float = 0.0) -> None:
        self._folder = folder
        self._mtime = mtime
        self._files: list[Waiting] = []
        self._patience_s = patience_s
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._turn = threading.Lock()
        """Held by who compresses."""
        self._busy = threading.Lock()
        """Held by who writes; never while compressing."""
        self._packed = Packed((), 0, hashlib.sha256())
        self._draft: Draft | None = None
        self._published: Draft | None = None
        self._thread = threading.Thread(target=self._work, name="packing", daemon=True)
        self._thread.start()

    def add(self, name: str, path: Path) -> None:
        """Let a file be packed that changes no more."""
        self._files.append(Waiting(name, path))
        self._wake.set()

    def publish(self, path: Path, finish: Finish) -> None:
        """Make the draft, with its end, a file on disk; OSError where that cannot be done."""
        while len(self._files) - len(self._packed.members) > MAX_WAITING:
            self._pack_next()
        with self._busy:
            draft, packed = self._ready(), self._packed
            at = packed.n_bytes
            try:
                for part in finish(packed, self._files[len(packed.members) :]):
                    at = draft.write(part, at)
                draft.sync()
                draft.publish(path)
            except BaseException:
                draft.cut(packed.n_bytes)
                raise
            self._published, self._draft = draft, None

    def prepare(self) -> None:
        """Let the next draft be made, when nothing waits for the disk."""
        self._wake.set()

    def close(self) -> None:
        """End the thread and let go of the files."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        for draft in (self._draft, self._published):
            if draft is not None:
                draft.close()
        self._draft = self._published = None

    def _work(self) -> None:
        while not self._closing.wait(self._patience_s):
            self._wake.wait()
            self._wake.clear()
            with suppress(OSError):  # `publish` meets it again and tells it
                while not self._closing.is_set() and self._pack_next():
                    pass
                if not self._closing.is_set():
                    with self._busy:
                        self._ready()

    def _pack_next(self) -> bool:
        """Pack the file whose turn it is; return whether there was one."""
        with self._turn:
            members, at, digest = self._packed
            if len(members) == len(self._files):
                return False
            name, path = self._files[len(members)]
            member, data = compressed_file(name, path, self._mtime, LEVEL)
            with self._busy:
                draft = self._ready()
                end = draft.write(data, at)
                draft.sync()
                digest = digest.copy()
                digest.update(data)
                self._packed = Packed((*members, member), end, digest)
            return True

    def _ready(self) -> Draft:
        """Return the draft; make it of the last checkpoint where there is none."""
        if self._draft is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = Draft(self._folder)
            try:
                if self._published is not None:
                    draft.copy_from(self._published, self._packed.n_bytes)
                    draft.sync()
            except OSError:
                draft.close()
                raise
            if self._published is not None:
                self._published.close()
            self._published, self._draft = None, draft
        return self._draft
