from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.optimizers.study.server import Server, programs, server

NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    with server() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/study.db"
    one: Server = request.getfixturevalue("postgresql")
    return one.create(f"study{next(NUMBERS)}")
