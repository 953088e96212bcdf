"""Job collections, and the collections of reference engines that they name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paramsrun.errors import Findings, Place, nearest
from paramsrun.problem.ams_system import read_job
from paramsrun.problem.contract import Job
from paramsrun.problem.documents import Stream
from paramsrun.problem.kinds import entries_of
from paramsrun.problem.nodes import Fields, Node, Scalar, plain_value

ENGINE_KEYS = ("ReferenceEngineID", "ExtraEngineID")
JOB_KEYS = ("ID", "AMSInput", *ENGINE_KEYS)


@dataclass(frozen=True)
class JobCollection:
    """The calculations that data sets refer to."""

    jobs: Mapping[str, Job]
    ids: frozenset[str]
    """Those of jobs that could not be read as well."""
    engines: tuple[tuple[Place, str], ...]
    """The reference engines that jobs name, and where."""
    metadata: Mapping[str, Mapping[str, Any]]
    """By job, every key besides those that are read."""

    def check_engines(self, known: Mapping[str, str], findings: Findings) -> None:
        """Note the reference engines that the engine collection does not hold."""
        for place, name in self.engines:
            if name not in known:
                text = f"no engine collection holds the engine {name}{nearest(name, list(known))}"
                findings.mistake(place, text)


def read_jobs(stream: Stream, findings: Findings) -> JobCollection:
    """Return the jobs of a stream; those with mistakes are left out of it."""
    check_dtype(stream, "JobCollection", findings)
    jobs: dict[str, Job] = {}
    metadata: dict[str, dict[str, Any]] = {}
    engines: list[tuple[Place, str]] = []
    entries = entries_of(stream, "a job collection", "JobCollection", findings)
    for name, entry in _by_id(entries, "job", findings).items():
        engines += _engines(entry, findings)
        metadata[name] = {k: plain_value(v) for k, v in entry.entries.items() if k not in JOB_KEYS}
        text = _text(entry, "AMSInput", "job", findings)
        if text is None:
            continue
        job = read_job(name, text.source, text.place, findings)
        if job is not None:
            jobs[name] = job
    if not stream.entries and stream.dtype in (None, "JobCollection"):
        findings.mistake(Place(stream.source.at.file), "there are no jobs in this file")
    return JobCollection(jobs, frozenset(metadata), tuple(engines), metadata)


def read_engines(stream: Stream, findings: Findings) -> dict[str, str]:
    """Return the AMS text of each engine of a collection, by its ID."""
    check_dtype(stream, "EngineCollection", findings)
    engines: dict[str, str] = {}
    for name, entry in _by_id(stream.entries, "engine", findings).items():
        text = _text(entry, "AMSInput", "engine", findings)
        if text is None:
            continue
        words = text.text.casefold().split()
        if words[:1] != ["engine"] or words[-1:] != ["endengine"]:
            wanted = "AMSInput of an engine is one block, Engine X ... EndEngine"
            findings.mistake(text.content, wanted)
        engines[name] = text.text
    return engines


def check_dtype(stream: Stream, wanted: str, findings: Findings) -> None:
    """Note a header that belongs to another kind of file."""
    if stream.header is not None and stream.dtype != wanted:
        place = stream.header.place_of("dtype")
        findings.mistake(place, f"dtype must be {wanted} in this file, not {stream.dtype}")


def _by_id(given: Iterable[Fields], what: str, findings: Findings) -> dict[str, Fields]:
    entries: dict[str, Fields] = {}
    for entry in given:
        name = _text(entry, "ID", what, findings)
        if name is None:
            continue
        if name.text in entries:
            first = entries[name.text].place_of("ID").line
            text = f"the ID {name.text} is given twice, first on line {first}"
            findings.mistake(name.place, text)
            continue
        entries[name.text] = entry
    return entries


def _text(entry: Fields, key: str, what: str, findings: Findings) -> Scalar | None:
    node = entry.get(key)
    if isinstance(node, Scalar):
        return node
    if node is not None:
        findings.mistake(node.place, f"{key} must be a text")
        return None
    findings.mistake(*entry.missing(key, JOB_KEYS, f"each {what} needs one"))
    return None


def _engines(entry: Fields, findings: Findings) -> list[tuple[Place, str]]:
    named: list[tuple[Place, str]] = []
    for key in ENGINE_KEYS:
        node: Node | None = entry.get(key)
        if isinstance(node, Scalar):
            named.append((node.place, node.text))
        elif node is not None:
            findings.mistake(node.place, f"{key} must be the ID of an engine")
    return named
