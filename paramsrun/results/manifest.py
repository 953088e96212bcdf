"""manifest.json of a checkpoint: what it holds, and when and by what it was made."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from unicodedata import category

import orjson

from paramsrun.errors import UsageError
from paramsrun.manager.state import RunState
from paramsrun.results.archive import INPUTS, JOURNAL, STATES, Member

KIND = "paramsrun checkpoint"
FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_PATH_BYTES = 1024
_MAX_PART_BYTES = 255


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint says of itself."""

    name: str
    """The file name it was made under, without .tar.gz."""
    utc: str
    versions: Mapping[str, str]
    counters: Mapping[str, float]
    """Evaluations, optimizers started, living, converged, stopped and failed, best loss, its
    evaluation, seconds of the run."""
    mtime: int
    """Of every member, seconds since 1970."""
    members: Sequence[Member]

    @property
    def n_evaluations(self) -> int:
        """Evaluations in it."""
        return int(self.counters["evaluations"])

    @property
    def n_bytes(self) -> int:
        """Size of all members, extracted."""
        return sum(member.size for member in self.members)

    def encode(self) -> bytes:
        """Return the text of manifest.json."""
        counters = {k: v if math.isfinite(v) else repr(v) for k, v in self.counters.items()}
        fields = {
            "kind": KIND,
            "format": FORMAT,
            "name": self.name,
            "utc": self.utc,
            "versions": dict(self.versions),
            "counters": counters,
            "mtime": self.mtime,
            "members": [member._asdict() for member in self.members],
        }
        return orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def decode(cls, text: bytes) -> "Manifest":
        """Read manifest.json; UsageError without a file's name where it will not do."""
        fields = _fields(text)
        versions = fields.get("versions")
        format_ = fields.get("format")
        if not _whole(format_):
            raise UsageError("its manifest.json names no format")
        if format_ != FORMAT:
            maker = versions.get("paramsrun") if isinstance(versions, dict) else None
            known = isinstance(maker, str) and maker.isprintable() and len(maker) < 40
            raise UsageError(
                f"it has checkpoint format {format_}, made by paramsrun "
                f"{maker if known else '?'}, and this paramsrun reads format {FORMAT}: resume with "
                "the paramsrun that made it, or a newer one"
            )
        try:
            return cls(
                _text(fields["name"]),
                _text(fields["utc"]),
                {_text(k): _text(v) for k, v in fields["versions"].items()},
                {_text(k): _number(v) for k, v in fields["counters"].items()}
                | {"evaluations": _whole_number(fields["counters"]["evaluations"])},
                _whole_number(fields["mtime"]),
                _members(fields["members"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"{type(error).__name__}: {error}"
            raise UsageError(f"its manifest.json is not understood ({detail})") from None


def utc_now() -> str:
    """Return the time of day for people, such as ``2026-11-21T09:40:49+00:00``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def counters(state: RunState) -> dict[str, float]:
    """Return how far a run is."""
    return {
        "evaluations": state.n_evaluations,
        "started": state.n_started,
        "living": len(state.living),
        "converged": state.n_converged,
        "stopped": state.n_stopped,
        "failed": state.n_failed,
        "best": float(state.best.fx),
        "best_evaluation": state.best.n,
        "t": float(state.t),
    }


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or fields.get("kind") != KIND:
        raise UsageError("it is no checkpoint of paramsrun: its manifest.json is another one")
    return fields


def _members(listed: Any) -> tuple[Member, ...]:
    if not isinstance(listed, list):
        raise TypeError("members must be a list")
    members = tuple(
        Member(_text(m["name"]), _whole_number(m["size"]), _digest(m["sha256"])) for m in listed
    )
    check_names([member.name for member in members])
    return members


def check_names(names: Sequence[str]) -> None:
    """Raise UsageError unless every name leads to a file of its own in a folder that is known."""
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    seen: set[str] = set()
    for name in names:
        parts = name.split("/")
        if "\\" in name or any(category(c) in ("Cc", "Cs") for c in name):
            raise UsageError(f"its member {name[:60]!r} has a name that no file may have")
        if max(map(_n_bytes, parts)) > _MAX_PART_BYTES or _n_bytes(name) > _MAX_PATH_BYTES:
            raise UsageError(f"its member {name[:60]}... has too long a name")
        if name.startswith("/") or ".." in parts:
            raise UsageError(f"its member {name} leads outside")
        if parts[0] not in (INPUTS, JOURNAL, STATES) or len(parts) < 2 or {"", "."} & set(parts):
            raise UsageError(
                f"its member {name} lies in none of {INPUTS}/, {JOURNAL}/ and {STATES}/"
            )
        if name in seen or name in folders:
            raise UsageError(f"it holds {name} twice")
        seen.add(name)


def _n_bytes(name: str) -> int:
    return len(name.encode())


def _digest(value: Any) -> str:
    if not _SHA256.fullmatch(_text(value)):
        raise ValueError("a sha256 has 64 hexadecimal digits")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    if value in ("inf", "-inf", "nan"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a number was expected, not {type(value).__name__}")
    return value


def _whole_number(value: Any) -> int:
    if not _whole(value):
        raise ValueError("a whole number of 0 or more was expected")
    return int(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
