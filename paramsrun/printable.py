"""Text that a terminal only shows: what is read from files could move its cursor, or worse."""

_HARMLESS = "\n\t\u00a0\u00ad\u200c\u200d\u202f\u3000"
"""Blanks, and what joins or parts letters, as in Persian, Hindi and French."""


def printable(text: str) -> str:
    r"""Return a text with codes such as ``\x1b`` in place of characters that cannot be shown."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _HARMLESS else _code(c) for c in text)


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
