"""Text that a terminal only shows: what is read from files could move its cursor, or worse."""


def printable(text: str) -> str:
    r"""Return a text with codes such as ``\x1b`` in place of characters that cannot be shown."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _code(c) for c in text)


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
