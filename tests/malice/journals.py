"""Journals with hostile values, in results folders and, all hashes right, in checkpoints."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tests.malice.archives import PICKLE
from tests.malice.attempt import JOURNAL, Attempt, Den

MEMBER = "journal/000001.jsonl"
DEEP = "[" * 20_000 + "]" * 20_000
ESCAPES = "\x1b]0;gone\x07\x1b[2J\x9b31m\rDone"
LITERAL = "__import__('os').system('touch ../outside/canary')"


def changed(text: bytes, kind: str, fields: Mapping[str, Any]) -> bytes:
    """Return a journal whose first event of a kind has other fields; a text in <> stays as is."""
    lines = text.splitlines(keepends=True)
    for k, line in enumerate(lines):
        event = orjson.loads(line)
        if event["e"] == kind and event.get("o") != 0:
            lines[k] = (json.dumps({**event, **fields}) + "\n").encode()
            for value in fields.values():
                if isinstance(value, str) and value.startswith("<"):
                    lines[k] = lines[k].replace(json.dumps(value).encode(), value[1:-1].encode())
            return b"".join(lines)
    raise ValueError(kind)


def with_line(text: bytes, event: Mapping[str, Any]) -> bytes:
    """Return a journal with one more event."""
    return text + json.dumps(event).encode() + b"\n"


def told(command: str, change: Callable[[bytes], bytes]) -> Callable[[Den], Sequence[str]]:
    """Return what makes a results folder or a checkpoint with a journal that was changed."""

    def bait(den: Den) -> Sequence[str]:
        if command in ("resume", "show"):
            den.checkpoint({MEMBER: change(den.members()[MEMBER])})
            return den.resumed() if command == "resume" else ["show", "evil.tar.gz"]
        path = den.folder() / JOURNAL
        path.write_bytes(change(path.read_bytes()))
        return [*command.split(), "evil.results"]

    return bait


def value(
    name: str, command: str, kind: str, wanted: str, fails: bool = True, /, **fields: Any
) -> Attempt:
    """Return the attempt to give the first event of a kind other values."""
    bait = told(command, lambda text: changed(text, kind, fields))
    return Attempt(f"{name} ({command})", bait, wanted, fails)


def line(name: str, command: str, wanted: str, fails: bool = True, /, **event: Any) -> Attempt:
    """Return the attempt to add an event."""
    return Attempt(
        f"{name} ({command})", told(command, lambda t: with_line(t, event)), wanted, fails
    )


def text(name: str, command: str, wanted: str, change: Callable[[bytes], bytes]) -> Attempt:
    """Return the attempt to change the bytes of a journal."""
    return Attempt(f"{name} ({command})", told(command, change), wanted)


BROKEN = r"jsonl:\d+: damaged journal"
NUMBERS = (
    value("a number of 400 digits", "status", "eval", BROKEN, n=10**400),
    value("a negative number", "status", "eval", BROKEN, n=-1),
    value("a number of text", "show", "eval", "its journal is damaged", n="1"),
    value("the number of another one", "export --csv", "eval", BROKEN, n=2),
    value("optimizer 10**9 evaluates", "status", "eval", BROKEN, o=10**9),
    value("optimizer 10**9 starts", "resume", "start", "cannot go on", o=10**9),
    value("batch 10**18", "resume", "eval", "cannot go on", b=10**18),
    value("candidate 10**18", "resume", "eval", "cannot be restored", False, i=10**18),
    value("a loss of 1e400", "status", "eval", BROKEN, fx="<1e400>"),
    value("a loss of code", "status", "eval", BROKEN, fx=LITERAL),
    value("a loss of lists", "export --csv", "eval", BROKEN, fx=[[1.0]]),
    value("a time of 1e400", "status", "eval", BROKEN, t="<1e400>"),
    value("a time of 1e308", "status", "eval", "Evaluations", False, t=1e308),
    value("a time before all others", "export --csv", "eval", "", False, t=-1e308),
    value("a point nested deeply", "status", "eval", BROKEN, x=f"<{DEEP}>"),
    value("a point of 100 axes", "status", "eval", BROKEN, x=f"<{'[' * 100}{']' * 100}>"),
    value("a point of 3 numbers", "resume", "eval", "cannot go on", x=[0.1, 0.2, 0.3]),
    value("a point of texts", "export --csv", "eval", BROKEN, x=["a", LITERAL]),
    value(
        "a point of nan", "resume", "eval", "cannot be restored|started", False, x=["nan", "nan"]
    ),
    value("a point without end", "show", "eval", "damaged", x=f"<[{'0,' * 500_000}0]>"),
    value("a start of 10**6 numbers", "status", "start", BROKEN, x0=[0.5] * 10**5),
    value("bounds upside down", "resume", "start", "", False, lower=[1.0, 1.0], upper=[0.0, 0.0]),
    value("ranges of nan", "status", "run", BROKEN, ranges=[["nan", "nan"], [0, 1]]),
    value("ranges upside down", "resume", "run", "", ranges=[[2, 1], [2, 1]]),
    value("a seed of 400 digits", "resume", "run", "cannot go on", seed=10**400),
    value("a stream of 10**18", "resume", "start", "", False, stream=[10**18] * 4),
    value("a block of 10**9", "resume", "start", "", False, block=10**9),
    value("10**12 vectors", "resume", "run", "", False, parameter_vectors=10**12),
)
KINDS = (
    line("an event named like a method", "status", BROKEN, e="__init__"),
    line("an event of no kind", "status", BROKEN, e=None),
    line("an event of a list", "show", "damaged", e=[1]),
    line("a field named like a method", "status", BROKEN, e="end", __class__="x"),
    line("a second beginning", "resume", "cannot go on", e="run", format=1),
    line("an exit of a billion optimizers", "status", BROKEN, e="exit", living=[10**9]),
    line("a format of the future", "status", "has journal format", e="run", format=LITERAL),
    value(
        "a type that is none", "resume", "start", "Optimizer has no type", False, type="__class__"
    ),
    value("a type that is none, to tell", "status --optimizer 1", "start", "", False, type="../x"),
    value("settings that are a text", "resume", "start", "cannot go on", settings=LITERAL),
    value(
        "settings of other types",
        "resume",
        "start",
        "cannot be restored",
        False,
        settings={"NumberOfSamples": DEEP},
    ),
    value("settings nested deeply", "status", "start", BROKEN, settings=f"<{DEEP}>"),
    value("a scaler that is none", "resume", "start", "cannot go on", scaler="os.system"),
    value("names that are numbers", "status", "run", BROKEN, names=[1, 2]),
    value("more names than ranges", "status", "run", BROKEN, names=["a"] * 1000),
    value("space that is code", "status", "run", BROKEN, space=[LITERAL]),
    value("space of a class", "status", "run", BROKEN, space=[{"__class__": "os.system"}]),
    value("code that is a list", "resume", "run", "cannot go on", code=[1]),
    value(
        "code elsewhere", "resume", "run", "Resumed", False, code={"evil:loss": "/../../x.py abc"}
    ),
    value("residuals that are a pickle", "resume", "eval", "", r=base64.b64encode(PICKLE).decode()),
    value(
        "residuals of 9 bytes", "status", "eval", BROKEN, r=base64.b64encode(b"123456789").decode()
    ),
    value("residuals that are no base64", "status", "eval", BROKEN, r="\u00e9*!"),
    line("a checkpoint with ..", "resume", "", False, e="checkpoint", name="../../x", n=3, t=1.0),
)
TEXTS = (
    value(
        "escape codes in a reason", "status --optimizer 1", "eval", "", False, why=ESCAPES, fx="inf"
    ),
    value("escape codes in names", "status", "run", "", False, names=[ESCAPES, "b"]),
    value("escape codes in names, shown", "show", "run", "", False, names=[ESCAPES, "b"]),
    value("escape codes in a type", "status", "start", "", False, type=ESCAPES),
    value("escape codes in a time", "status", "run", "", False, utc=ESCAPES),
    value("escape codes in settings", "show", "run", "", False, settings=ESCAPES),
    value(
        "escape codes in a record",
        "status --optimizer 1",
        "start",
        "",
        False,
        settings={"a": ESCAPES},
    ),
    line(
        "escape codes in a message",
        "resume",
        "",
        False,
        e="chosen",
        why=ESCAPES,
        t=1.0,
        evaluator="Inline",
    ),
    line(
        "escape codes in an end",
        "status",
        "",
        False,
        e="end",
        o=1,
        how="failed",
        reason=ESCAPES,
        t=1.0,
    ),
    line(
        "escape codes in an exit",
        "status",
        "",
        False,
        e="exit",
        how="signal",
        reason=ESCAPES,
        living=[1],
        t=1.0,
    ),
    value("escape codes in an error", "status", "eval", BROKEN, o=ESCAPES),
    value(
        "a name that is a formula", "export --csv", "run", "", False, names=["=cmd|'/C x'!A0", "b"]
    ),
    value(
        "names of TeX", "plot --search", "run", "", False, names=["$\\input{/etc/passwd}$", "$x^"]
    ),
    text("NUL bytes", "status", BROKEN, lambda t: t + bytes(1000) + b"\n"),
    text("a pickle", "status", BROKEN, lambda t: PICKLE + b"\n"),
    text("a pickle, to resume", "resume", "cannot go on", lambda t: PICKLE + b"\n"),
    text("nothing", "resume", "empty journal", lambda t: b""),
    text("a line that is no UTF-8", "status", BROKEN, lambda t: t + b'{"e":"\xff"}\n'),
    text("YAML with a tag", "status", BROKEN, lambda t: b"!!python/object/apply:os.system ['x']\n"),
    text(
        "lines that nest 20,000 deep", "resume", "cannot go on", lambda t: t + DEEP.encode() + b"\n"
    ),
    text("all lines twice", "resume", "cannot go on", lambda t: t + t),
    text("a line of 5 MB", "status", BROKEN, lambda t: t + b'{"e":"' + b"a" * (5 << 20) + b'"}\n'),
)
CATALOGUE = {"journal: numbers": NUMBERS, "journal: kinds": KINDS, "journal: texts": TEXTS}
