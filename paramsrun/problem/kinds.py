"""What a YAML file holds, by the keys of its first entry: another file than was wanted is told."""

from paramsrun.errors import Findings, most_like
from paramsrun.problem.documents import Stream
from paramsrun.problem.nodes import Fields
from paramsrun.settings.data_files import DATA_SET, JOB_COLLECTION, PARAMETER_INTERFACE

_KINDS = {
    "a parameter interface": PARAMETER_INTERFACE,
    "a job collection": JOB_COLLECTION,
    "a data set": DATA_SET,
}


def entries_of(stream: Stream, what: str, dtype: str, findings: Findings) -> tuple[Fields, ...]:
    """Return the entries of a file that is wanted to be ``what``; of another kind there are none.

    A first entry without any key of that kind is a header without dtype, which is noted.
    """
    if not stream.entries:
        return ()
    first = stream.entries[0]
    known = [key.name for key in _KINDS[what].keys]
    if any(key in known for key in first.entries):
        return stream.entries
    other = _kind_of(first)
    if other is not None:
        if stream.header is None:
            findings.mistake(first.place, f"this is {other}, by its keys; {what} is wanted here")
        return ()
    if stream.header is not None or any(most_like(key, known) for key in first.entries):
        return stream.entries
    text = f"this has no key of {what}; if it is the header of the file, it needs dtype: {dtype}"
    findings.mistake(first.place, text)
    return stream.entries[1:]


def _kind_of(entry: Fields) -> str | None:
    """Return the kind of file two of whose keys an entry has."""
    for what, file in _KINDS.items():
        if sum(key.name in entry.entries for key in file.keys) >= 2:
            return what
    return None
