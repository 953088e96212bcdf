"""Passwords in the URLs of databases: what is written down shows ``***`` in their place."""

import re
from collections.abc import Iterator

from paramsrun.input.tree import Block, Entry
from paramsrun.settings.declared import Declared, Kind, keys_of

MASK = "***"
_DATABASES = "postgres(?:ql)?|mysql|mariadb|sqlite|oracle|mssql|redis"
_IN_TEXT = re.compile(rf"((?:{_DATABASES})(?:\+\w+)?://[^\s:/@]*:)([^\s@]*)(@)", re.IGNORECASE)
_IN_URL = re.compile(r"^(\s*[\w+]+://[^:/]*:)([^@]*)(@)")
_IN_QUERY = re.compile(r"([?&](?:password|passwd|passphrase|sslpassword)=)([^&\s\"']*)()", re.I)
_VARIABLES = re.compile(r"(?:\$\w+|\$\{\w+\})*")


def masked(url: str) -> str:
    """Return a URL without the password in it; one from the environment stays as it is written."""
    return _IN_QUERY.sub(_mask, _IN_URL.sub(_mask, url))


def masked_text(text: str) -> str:
    """Return a text without the passwords in the URLs of databases, comments among it."""
    lines = (_IN_TEXT.sub(_mask, line) for line in text.splitlines(keepends=True))
    return "".join(_IN_QUERY.sub(_mask, line) if "://" in line else line for line in lines)


def concealed(text: str, tree: Block, cls: type) -> str:
    """Return an input text without passwords; tree is what it reads as, of a settings class."""
    for secret in sorted(set(_secrets(tree, cls)), key=len, reverse=True):
        text = text.replace(secret, masked(secret))
    return masked_text(text)


def _mask(found: "re.Match[str]") -> str:
    before, password, after = found.groups()
    return before + (password if _VARIABLES.fullmatch(password) else MASK) + after


def _secrets(block: Block, cls: type) -> Iterator[str]:
    """Yield the values of keys that may hold a password."""
    keys = {key.name.casefold(): key for key in keys_of(cls)}
    for entry in block.entries:
        key = keys.get(entry.name.casefold())
        if key is not None:
            yield from _secrets_in(entry, key)


def _secrets_in(entry: Entry, key: Declared) -> Iterator[str]:
    if not isinstance(entry, Block):
        if key.declaration.secret and entry.value is not None:
            yield entry.value.text
    elif key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS):
        family = key.declaration.family
        for below in entry.entries:
            if isinstance(below, Block) and below.name in family:
                yield from _secrets(below, family[below.name])
    elif key.cls is not None:
        yield from _secrets(entry, key.cls)
