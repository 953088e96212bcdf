"""A lock that processes of one database share, and that ends with the process that holds it."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import IO, Any, Protocol

from paramsrun.optimizers.study.address import Address

TRIES = 100
PAUSE_S = 0.01
HELD_S = 60
"""A holder that was suspended loses the lock after this time, where the database can see to it."""


class Lock(Protocol):
    """Held by one process at a time."""

    def take(self) -> bool:
        """Try to take it; return whether it is held now."""

    def is_held(self) -> bool:
        """Return whether it is held still: a process that was suspended may have lost it."""

    def release(self) -> None:
        """Let others take it."""

    def close(self) -> None:
        """Release what it needs to be taken."""


@contextmanager
def held(lock: Lock) -> Iterator[bool]:
    """Hold a lock meanwhile; give whether it was to be had within a second."""
    for _ in range(TRIES):
        if lock.take():
            break
        sleep(PAUSE_S)
    else:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def lock_of(address: Address, name: str) -> Lock:
    """Return the lock of that name in a database."""
    if address.database == "sqlite":
        return FileLock(address.file.with_name(f"{address.file.name}.lock"))
    if address.database == "postgresql":
        return PostgreSQLLock(engine_of(address), name)
    return MySQLLock(engine_of(address), name)


def engine_of(address: Address) -> Any:
    """Return what makes connections to a database; each is closed after its use."""
    import sqlalchemy

    return sqlalchemy.create_engine(address.url, poolclass=sqlalchemy.pool.NullPool)


class FileLock:
    """A lock of the operating system on a file beside the database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Try to take it."""
        if self._file is None:
            self._file = self._path.open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_held(self) -> bool:
        """Return True: only its holder can end it."""
        return True

    def release(self) -> None:
        """Let others take it."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; it stays, for others may be about to lock it."""
        if self._file is not None:
            self._file.close()
            self._file = None


class _Connected:
    """What needs a connection of its own, which is made anew after it was lost."""

    def __init__(self, engine: Any, name: str) -> None:
        import sqlalchemy

        self._text = sqlalchemy.text
        self._engine = engine
        self._connection: Any = None
        self._name = name

    def _ask(self, statement: str, **values: object) -> Any:
        """Return the first value of a statement's result; what fails loses the connection."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            result = self._connection.execute(self._text(statement), values)
            return result.scalar() if result.returns_rows else None
        except Exception:
            self.close()
            raise

    def is_held(self) -> bool:
        """Return whether the connection that holds it is still there."""
        with suppress(Exception):
            return bool(self._ask("SELECT 1") == 1)
        return False

    def close(self) -> None:
        """End the connection, and with it the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


class PostgreSQLLock(_Connected):
    """An advisory lock of a transaction (works through connection pools, too)."""

    def __init__(self, engine: Any, name: str) -> None:
        super().__init__(engine, name)
        digest = hashlib.sha256(name.encode()).digest()
        self._key = int.from_bytes(digest[:8], signed=True)

    def take(self) -> bool:
        """Try to take it."""
        self._ask(f"SET LOCAL idle_in_transaction_session_timeout = '{HELD_S}s'")
        if self._ask("SELECT pg_try_advisory_xact_lock(:key)", key=self._key):
            return True
        self.release()
        return False

    def release(self) -> None:
        """End the transaction; one whose connection was lost is over already."""
        if self._connection is not None:
            try:
                self._connection.rollback()
            except Exception:
                self.close()


class MySQLLock(_Connected):
    """A named lock of the server."""

    def take(self) -> bool:
        """Try to take it."""
        self._ask(f"SET SESSION wait_timeout = {HELD_S}")
        return bool(self._ask("SELECT GET_LOCK(:name, 0)", name=self._short) == 1)

    @property
    def _short(self) -> str:
        return hashlib.sha256(self._name.encode()).hexdigest()  # names have 64 characters

    def release(self) -> None:
        """Let others take it; the connection, which would end for idling, is made anew."""
        self.close()
