"""Keys of a parameter that are written otherwise than they are meant."""

from collections.abc import Iterable, Iterator

from paramsrun.errors import Findings
from paramsrun.problem.nodes import Fields

OPTIONAL = ("range", "type", "scale", "choices")
"""A parameter may lack these. One that is misspelt would stay there as a comment, silently."""


def check_spelling(entry: Fields, needed: Iterable[str], findings: Findings) -> None:
    """Note each key that looks like one of those that are known and not there.

    One that is known but for its case is a mistake, one that is a letter off a warning. Names that
    are longer or shorter by more, such as ``atom_type``, are comments. Where a key is needed, it is
    told elsewhere that it is missing.
    """
    absent = [key for key in OPTIONAL if key not in entry.entries and key not in needed]
    for given, place in entry.places.items():
        for known in absent:
            if given.casefold() == known:
                findings.mistake(place, f"{given} must be written {known}, in lower case")
            elif known in _one_off(given.casefold()):
                findings.warn(place, f"{given} is kept as a comment; did you mean {known}?")


def _one_off(word: str) -> Iterator[str]:
    """Yield the known keys that a word is one letter off, its first letter being right.

    That is a letter too many, too few or wrong, or two neighbours that changed places.
    """
    for known in OPTIONAL:
        if word[:1] == known[:1] and word.isalpha() and _is_one_off(word, known):
            yield known


def _is_one_off(word: str, known: str) -> bool:
    same = next((i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), None)
    i = min(len(word), len(known)) if same is None else same
    w, k = word[i:], known[i:]
    swapped = w[:2] == k[:2][::-1] and w[2:] == k[2:]
    return word != known and (w[1:] == k or w == k[1:] or w[1:] == k[1:] or swapped)
