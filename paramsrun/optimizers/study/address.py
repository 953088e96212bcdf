"""The URL of a database: what is wrong with it, and how it is connected to."""

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from paramsrun.errors import RunError, nearest
from paramsrun.optimizers.study.library import INSTALL
from paramsrun.settings.secrets import MASK, masked

PASSWORD = "PARAMSRUN_STORAGE_PASSWORD"
"""The variable from which a password that was not stored is taken."""
_URL = re.compile(
    r"(?P<scheme>[\w+]+)://(?:(?P<user>[^:/]*)(?P<password>:[^@]*)?@)?(?P<rest>.*)", re.DOTALL
)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
SCHEMES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "postgresql+psycopg": ("postgresql", ("psycopg", INSTALL)),
    "postgresql+psycopg2": ("postgresql", ("psycopg2", "pip install psycopg2-binary")),
    "mysql+pymysql": ("mysql", ("pymysql", "pip install pymysql")),
    "mysql+mysqldb": ("mysql", ("MySQLdb", "pip install mysqlclient")),
    "sqlite": ("sqlite", ("sqlite3", "")),
    "sqlite+pysqlite": ("sqlite", ("sqlite3", "")),
}
"""A database with its driver -> the database, and how the driver is had."""
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}


class Address(NamedTuple):
    """The parts of a URL, as they are written."""

    scheme: str
    user: str
    password: str | None
    rest: str

    @property
    def url(self) -> str:
        """The whole of it."""
        password = "" if self.password is None else f":{self.password}"
        who = f"{self.user}{password}@" if self.user or password else ""
        return f"{self.scheme}://{who}{self.rest}"

    @property
    def database(self) -> str:
        """Which kind of database it is: postgresql, mysql or sqlite."""
        return SCHEMES[self.scheme][0]

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.rest.partition("?")[0].removeprefix("/"))


def parsed(url: str) -> Address | None:
    """Return the parts of a URL, or None if it is none."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    password = found["password"]
    own = None if password is None else password[1:]
    return Address(found["scheme"].casefold(), found["user"] or "", own, found["rest"])


def mistake(url: str) -> str | None:
    """Return what is wrong with a URL, without its password."""
    address, shown = parsed(url), masked(url)
    if address is None:
        return f"must be a URL such as sqlite:///study.db, not {shown}"
    if address.scheme in _DRIVERS:
        better = _DRIVERS[address.scheme] + shown[len(address.scheme) :]
        return f"must name its driver: write {better}, not {shown}"
    if address.scheme not in SCHEMES:
        near = nearest(address.scheme, SCHEMES)
        return f"begins with {address.scheme}://, which is no database known here{near}"
    module, install = SCHEMES[address.scheme][1]
    if find_spec(module) is None:
        return f"{shown} needs the library {module}, which is not installed: {install}"
    if address.database == "sqlite":
        return _file_mistake(address, shown)
    return None


def _file_mistake(address: Address, shown: str) -> str | None:
    if str(address.file) in (".", ":memory:") or "uri=true" in address.rest.casefold():
        return (
            f"{shown} names no file, so that no other process could see it; "
            "write sqlite:///study.db"
        )
    if not address.rest.startswith("/"):
        return f"must have three slashes: write sqlite:///{address.rest}, not {shown}"
    return None


def located(url: str, folder: Path) -> str:
    """Return a URL whose file, if it has one, is that in a folder."""
    address = parsed(url)
    if address is None or address.scheme not in SCHEMES or address.database != "sqlite":
        return url
    file, mark, query = address.rest.removeprefix("/").partition("?")
    if file.startswith("$"):
        return url
    return address._replace(rest=f"/{folder.absolute() / file}{mark}{query}").url


def unlocks(other: str | None, url: str | None) -> bool:
    """Return whether another URL is the same but for a password, which this one lacks."""
    if url is None or other is None or other == url:
        return False
    address = parsed(url)
    return address is not None and address.password == MASK and masked(other) == masked(url)


def connectable(url: str, environment: Mapping[str, str] | None = None) -> Address:
    """Return an address with what the environment gives; RunError where something is missing."""
    values = os.environ if environment is None else environment
    address = parsed(url)
    if address is None or address.scheme not in SCHEMES:
        raise RunError(f"Optimizer%Optuna%Storage {mistake(url)}")
    user, rest = (_expanded(part, values, url) for part in (address.user, address.rest))
    password = address.password
    if password == MASK:
        password = _remembered(address, values)
    elif password is not None:
        password = _expanded(password, values, url, quoted=True)
    return Address(address.scheme, user, password, rest)


def _remembered(address: Address, values: Mapping[str, str]) -> str | None:
    """Return the password that was not stored; None where PostgreSQL's own library finds it."""
    if PASSWORD in values:
        return quote(values[PASSWORD], safe="")
    if address.database == "postgresql":
        return None
    raise RunError(
        f"Optimizer%Optuna%Storage {masked(address.url)}: its password was not stored; {ADVICE}"
    )


ADVICE = (
    f"set the variable {PASSWORD}, or give the Optimizer block again with the password in Storage"
)


def _expanded(text: str, values: Mapping[str, str], url: str, quoted: bool = False) -> str:
    def value(found: "re.Match[str]") -> str:
        name = found[1] or found[2]
        if name not in values:
            raise RunError(
                f"Optimizer%Optuna%Storage {masked(url)}: the environment has no variable {name}; "
                "set it, or write %24 for a $ that is meant as one"
            )
        return quote(values[name], safe="") if quoted else values[name]

    return _VARIABLE.sub(value, text)
