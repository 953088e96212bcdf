"""A PostgreSQL server of the tests' own, on a loopback port and in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom

PASSWORD = "s3cret-Wort"
"""Of the user `runner`."""


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or None where it is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _user() -> str | None:
    """Return whom it is run as: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def free_port() -> int:
    """Return a port below those that systems give to connections of their own accord.

    So nobody takes it while the server is down; another server of the tests may, just now.
    """
    while True:
        port = SystemRandom().randrange(10_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def started(folder: Path) -> "Server":
    """Return a server that runs, on the first port that it gets."""
    for _ in range(5):
        one = Server(folder, free_port())
        with suppress(AssertionError):
            one.go_on()
            return one
    raise AssertionError((folder / "log").read_text())


class Server:
    """A server; `stop` and `go_on` are like a breakdown and its end."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.port = port

    def url(self, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql+psycopg://runner:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database; return its URL."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=runner password={PASSWORD} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')  # type: ignore[call-overload]
        return self.url(database=database)

    def go_on(self) -> None:
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1"
        self._control("-o", options, "-l", str(self._folder / "log"), "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def _control(self, *arguments: str) -> None:
        _run("pg_ctl", "-D", str(self._folder / "data"), "-w", *arguments)


def _run(program: str, *arguments: str) -> None:
    folder = programs()
    assert folder is not None
    command = [str(folder / program), *arguments]
    done = subprocess.run(
        command, user=_user(), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def server() -> Iterator[Server]:
    """Run a server meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="paramsrun-postgresql-"))
    try:
        word = folder / "password"
        word.write_text(PASSWORD)
        if (user := _user()) is not None:
            for path in (folder, word):
                shutil.chown(path, user)
        data = ("-D", str(folder / "data"))
        _run("initdb", *data, "-U", "runner", "-A", "scram-sha-256", f"--pwfile={word}", "-N")
        one = started(folder)
        try:
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
