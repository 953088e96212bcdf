"""URLs of databases: what is wrong with them, and what of them is shown, stored and used."""

from pathlib import Path

import pytest

from paramsrun.errors import RunError
from paramsrun.optimizers.study.address import connectable, located, mistake, unlocks

pytest.importorskip("optuna")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///study.db",
        "sqlite:////absolute/study.db?timeout=3",
        "postgresql+psycopg://me:word@host:5432/db",
        "postgresql+psycopg://$PGUSER:${PGPASSWORD}@$PGHOST/db",
        "postgresql+psycopg:///db?host=/run/postgresql",
    ],
)
def test_good_urls_have_no_mistake(url: str) -> None:
    assert mistake(url) is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:word@h/db", "driver: write postgresql+psycopg://me:***@h/db, not"),
        ("mysql://me@h/db", "must name its driver: write mysql+pymysql://me@h/db"),
        ("study.db", "must be a URL such as sqlite:///study.db, not study.db"),
        ("sqlite://study.db", "must have three slashes: write sqlite:///study.db"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://", "names no file"),
        ("mongo://h/db", "begins with mongo://, which is no database known here"),
        ("sqlit:///a.db", "did you mean sqlite?"),
        ("mysql+mysqldb://h/db", "needs the library MySQLdb, which is not installed: pip install"),
    ],
)
def test_wrong_urls_are_told_with_what_to_write(url: str, told: str) -> None:
    assert told in str(mistake(url))
    assert "word" not in str(mistake(url))


def test_a_file_is_that_beside_the_input() -> None:
    assert located("sqlite:///a.db?x=1", Path("/jobs")) == "sqlite:////jobs/a.db?x=1"
    assert located("sqlite:////data/a.db", Path("/jobs")) == "sqlite:////data/a.db"
    assert located("sqlite:///$DATA/a.db", Path("/jobs")) == "sqlite:///$DATA/a.db"
    assert located("mysql+pymysql://h/db", Path("/jobs")) == "mysql+pymysql://h/db"


def test_the_environment_is_looked_up_when_connecting() -> None:
    url = "postgresql+psycopg://$WHO:${WORD}@$HOST:$PORT/db"
    values = {"WHO": "me", "WORD": "p@ss/{x}", "HOST": "there", "PORT": "5433"}
    wanted = "postgresql+psycopg://me:p%40ss%2F%7Bx%7D@there:5433/db"
    assert connectable(url, values).url == wanted


def test_a_variable_that_is_not_set_is_told() -> None:
    with pytest.raises(RunError, match=r"Storage .*: the environment has no variable WORD; set it"):
        connectable("postgresql+psycopg://me:$WORD@h/db", {})


def test_a_password_that_was_not_stored_is_taken_from_the_environment() -> None:
    values = {"PARAMSRUN_STORAGE_PASSWORD": "p@ss"}
    assert (
        connectable("mysql+pymysql://me:***@h/db", values).url == "mysql+pymysql://me:p%40ss@h/db"
    )
    assert connectable("postgresql+psycopg://me:***@h/db", {}).url == "postgresql+psycopg://me@h/db"
    with pytest.raises(RunError, match=r"was not stored; set the variable PARAMSRUN_STORAGE_PASS"):
        connectable("mysql+pymysql://me:***@h/db", {})


def test_the_same_url_with_a_password_unlocks_one_without() -> None:
    stored = "postgresql+psycopg://me:***@h/db"
    assert unlocks("postgresql+psycopg://me:word@h/db", stored)
    assert not unlocks("postgresql+psycopg://me:word@other/db", stored)
    assert not unlocks(stored, stored)
    assert not unlocks("postgresql+psycopg://me:word@h/db", "postgresql+psycopg://me@h/db")
