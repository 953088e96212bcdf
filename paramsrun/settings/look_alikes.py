"""Characters that editors and web pages put in the place of those that are meant."""

import unicodedata

_MEANT = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d",
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb",
    "'": "\u2018\u2019\u201a\u201b\u00b4",
    "a blank": "\u00a0\u2007\u2009\u202f\u3000",
    "nothing": "\u200b\u200c\u200d\u2060\ufeff",
}
_BY_CHARACTER = {character: meant for meant, all_ in _MEANT.items() for character in all_}


def look_alike(text: str) -> str:
    """Return ``"; U+2212 (minus sign) stands there; type -"`` for the first one, or nothing."""
    for character in text:
        if character in _BY_CHARACTER:
            name = unicodedata.name(character, "").lower()
            code = f"U+{ord(character):04X} ({name})"
            return f"; {code} stands there: type {_BY_CHARACTER[character]} in its place"
    return ""
