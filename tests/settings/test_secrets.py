"""Passwords in URLs, and what is written in their place."""

import dataclasses

import pytest

from paramsrun.errors import Findings
from paramsrun.input import Source, parse
from paramsrun.settings.declared import scope_of
from paramsrun.settings.keys import block, blocks, key
from paramsrun.settings.record import record
from paramsrun.settings.secrets import concealed, masked, masked_text

URL = "postgresql+psycopg://me:wo rd@h/db"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    place: str | None = key(None, secret=True, doc="Where.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner = block(Inner, doc="One.")
    many: tuple[Inner, ...] = blocks(doc="Many.")
    note: str = key("", doc="Not secret.")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:word@h/db", "postgresql+psycopg://me:***@h/db"),
        ("postgresql+psycopg://me:wo:r/d @h/db", "postgresql+psycopg://me:***@h/db"),
        ("postgresql+psycopg://me:$WORD@h/db", "postgresql+psycopg://me:$WORD@h/db"),
        ("postgresql+psycopg://me:${WORD}@h/db", "postgresql+psycopg://me:${WORD}@h/db"),
        ("postgresql+psycopg://me:a$WORD@h/db", "postgresql+psycopg://me:***@h/db"),
        ("postgresql+psycopg://me@h/db?password=word&x=1", "postgresql+psycopg://me@h/db?password=***&x=1"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)  # fmt: skip
def test_a_password_is_not_shown_but_where_it_is_the_environments(url: str, shown: str) -> None:
    assert masked(url) == shown
    assert masked(shown) == shown


def test_passwords_in_comments_are_not_shown() -> None:
    text = "# was Storage postgresql+psycopg://me:word@h/db\nCommand curl http://u:p@h/x\n"
    assert masked_text(text) == text.replace(":word@", ":***@")


def test_a_secret_key_is_concealed_wherever_it_stands() -> None:
    text = f'Inner\n  Place "{URL}"\nEnd\nMany\n  Place "{URL}"\nEnd\nNote me:other@h\n'
    tree = parse(Source(text), scope_of(Outer), Findings())
    assert concealed(text, tree, Outer) == text.replace("wo rd", "***")


def test_a_record_and_a_repr_lack_it() -> None:
    settings = Outer(inner=Inner(place=URL))
    assert record(settings)["Inner"] == {"Place": URL.replace("wo rd", "***")}
    assert "wo rd" not in repr(settings)
