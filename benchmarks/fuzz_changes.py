"""Changes to inputs: of bytes, of words, and of what YAML, JSON and an archive mean.

Every change takes a random generator with the methods of `random.Random`, so that it serves a plain
one, Hypothesis' and libFuzzer's seeds alike, and returns the changed bytes.
"""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

import yaml

from paramsrun.input import Scope
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings

Change: TypeAlias = Callable[[Random, bytes], bytes]
MOST_BYTES = 20_000
LARGE = 10**300
"""Whole numbers from here on cannot be changed by way of floats."""

ODD_WORDS = [
    *("0", "1", "-1", "2", "7", "1e999", "-1e999", "nan", "inf", "-inf", ".inf", "1e-400", "-0.0"),
    *("9" * 20, "9" * 400, "9" * 5000, "0x10", "1_000", "１２", "٣", "²", "1e5", "1.5e+3", "1d3"),
    *("", "~", "Yes", "No", "yes", "null", "None", "True", "2026-01-01", "12:30:45", "=", "<<"),
    *("'", '"', "''", '""', "\\", "\\d(", "(", ")", "((", "[", "]", "{", "}", "[h]", "[furlong]"),
    *("%", "%(count)", "%(x)s", "{0}", "{}", "$(x)", "`x`", "${HOME}", "#", "!", "::", ";", "|"),
    *("1:3", "3:1", "1&(2", "1 & 2", "1 | (2 & 3)", "1 and", "@include", "@include x", "a:b"),
    *("*a", "&a", "&a [*a]", "!!python/none", "!x", "---", "...", "- ", "? ", ": ", ">", "|-"),
    *("\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe", "\u0130", "ß", "🙂", "\r"),
    *("End", "EndEngine", "SubEnd", "EndInput", "Engine", "Engine X", "System", "DataSet End"),
    *("energy('a')", "energy('a')/0", "forces('a')[0]", "1/0", "9**9**9", "-" * 3000 + "1"),
    *("a <= b", "a + b >= 1", "a <", "a*a <= 1", "linear", "log", "../x", "/dev/null", "x" * 5000),
    *("(" * 500, "[" * 500, "{" * 500, "[" * 50_00, "- " * 500, "1+" * 2000 + "1", "'" * 99),
]
ODD_BYTES = [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xfe\xff", b"\x00\x00", b"\x1f\x8b", b"\r\n"]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 10**9, 2**31, 2**63, 2**64, 10**400, -(10**30), 0.5, -0.0),
    *(1e308, 1e-320, 5e-324, float("inf"), float("nan"), "", " ", "x", "1", "1e400", "inf", "nan"),
    *("\0", "\x1b[2J", "\n", "a\nb", "../x", "é", "🙂", "x" * 3000, "energy('dimer')", "0.5 meV"),
    *([], [None], [0.5], [1, 2], [2, 1], [0, 0], [[0.5, 0.5]], ["x", "x"], [1] * 300, {}, {"x": 1}),
    *({"Algorithm": [1]}, {"": {}}, [[[[[[]]]]]], [float("nan"), 1], [-1e308, 1e308], ["a", 1]),
]


def of_bytes(r: Random, data: bytes) -> bytes:
    """Flip, drop, repeat, move or cut off some bytes."""
    if not data:
        return r.choice(ODD_BYTES)
    kind, at = r.randrange(7), r.randrange(len(data))
    end = min(len(data), at + r.choice([1, 2, 4, 16, 100, 1000]))
    if kind == 0:
        return data[:at] + bytes([data[at] ^ (1 << r.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + bytes([r.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        return data[:at]
    if kind == 3:
        return data[:at] + data[end:]
    if kind == 4:
        return data[:end] + data[at:end] + data[end:]
    if kind == 5:
        return data[:at] + r.choice(ODD_BYTES) + data[at:]
    to = r.randrange(len(data))
    return data[:to] + data[at:end] + data[to:]


def of_words(words: list[str]) -> Change:
    """Return a change that puts words, of these or odd ones, in place of words of a text."""

    def change(r: Random, data: bytes) -> bytes:
        parts = re.split(rb"(\s+|[%:=,()\[\]'\"|&])", data)
        at = r.randrange(len(parts))
        kind = r.randrange(6)
        if kind == 0:
            parts[at] = b""
        elif kind == 1:
            parts[at] = r.choice(parts)
        elif kind == 2:
            parts.insert(at, _encoded(_word(r, words)) + r.choice([b" ", b"", b"\n"]))
        else:
            parts[at] = _encoded(_word(r, words))
        return b"".join(parts)

    return change


def _word(r: Random, words: list[str]) -> str:
    if words and r.random() < 0.5:
        return r.choice(words)
    if r.random() < 0.85:
        return r.choice(ODD_WORDS)
    return "".join(chr(r.randrange(1, 0x250)) for _ in range(r.randrange(1, 6)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def of_lines(r: Random, data: bytes) -> bytes:
    """Drop, repeat, swap, move or join lines."""
    lines = data.splitlines(keepends=True) or [b"\n"]
    a, b = r.randrange(len(lines)), r.randrange(len(lines))
    kind = r.randrange(6)
    if kind == 0:
        del lines[min(a, b) : max(a, b)]
    elif kind == 1:
        del lines[a]
    elif kind == 2:
        lines[a], lines[b] = lines[b], lines[a]
    elif kind == 3:
        lines.insert(b, lines[a])
    elif kind == 4:
        lines[a:a] = lines[min(a, b) : max(a, b)]
    else:
        lines[a] = lines[a].rstrip() + r.choice([b" ", b"", b"\r", b"   "])
    return b"".join(lines)


def of_blocks(r: Random, data: bytes) -> bytes:
    """Put random blocks and keys of the input's scope somewhere into it, or in place of it."""
    lines = data.splitlines(keepends=True) if r.random() < 0.6 else []
    at = r.randrange(len(lines) + 1)
    values = data.split() or [b"1"]
    made = _block_lines(r, scope_of(JobSettings), values, 0)
    return b"".join([*lines[:at], *made, *lines[at:]])


def _block_lines(r: Random, scope: Scope, values: list[bytes], depth: int) -> list[bytes]:
    lines: list[bytes] = []
    keys, blocks, free = _names_in(scope)
    for _ in range(r.randrange(1, 4)):
        kind = r.random()
        if blocks and depth < 5 and kind < 0.55:
            name = r.choice(blocks)
            header, inner = _entered(r, scope, name)
            lines += [_encoded(f"{name}{header}\n"), *_block_lines(r, inner, values, depth + 1)]
            lines.append(r.choice([b"End\n"] * 8 + [b"EndEngine\n", b"\n"]))
        elif free and kind < 0.65:
            text = r.choice(values) + b" " + _encoded(r.choice(ODD_WORDS))
            lines += [_encoded(f"{r.choice(free)}\n"), text + b"\n", b"End\n"]
        elif keys:
            value = r.choice(values) if r.random() < 0.5 else _encoded(_word(r, []))
            lines.append(_encoded(f"{r.choice(keys)} ") + value + r.choice([b"", b" [h]"]) + b"\n")
    return lines


def _names_in(scope: Scope) -> tuple[list[str], list[str], list[str]]:
    return sorted(scope.keys), sorted({*scope.blocks, *scope.by_header}), sorted(scope.free)


def _entered(r: Random, scope: Scope, name: str) -> tuple[str, Scope]:
    """Return the header of a block, and what it may hold."""
    if scope.by_header.get(name):
        header = r.choice(sorted(scope.by_header[name]))
        return f" {header}", scope.by_header[name][header]
    return "", scope.blocks[name]


def of_yaml(r: Random, data: bytes) -> bytes:
    """Change a value, a key or the nesting somewhere in a stream of YAML documents."""
    try:
        documents = list(yaml.load_all(data.decode(), yaml.CSafeLoader))
    except (ValueError, yaml.YAMLError, RecursionError):
        return of_lines(r, data)
    if not documents:
        return _encoded(yaml.safe_dump(r.choice(ODD_VALUES)))
    at = r.randrange(len(documents))
    documents[at] = changed_value(r, documents[at])
    if r.random() < 0.1:
        documents.insert(r.randrange(len(documents)), r.choice(documents))
    try:
        style = r.choice([None, False, True])
        return yaml.dump_all(
            documents,
            Dumper=_NoAliases,
            default_flow_style=style,
            allow_unicode=True,
            explicit_start=True,
            sort_keys=False,
        ).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, RecursionError):
        return of_lines(r, data)


class _NoAliases(yaml.CSafeDumper):
    """Writes the same value twice rather than an alias, which is always refused."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True."""
        return True


def changed_value(r: Random, value: Any) -> Any:
    """Return a value of JSON or YAML in which something is another."""
    here = r.random()
    if isinstance(value, dict) and value and here < 0.85:
        name = r.choice(list(value))
        if here < 0.08:
            return {k: v for k, v in value.items() if k != name}
        if here < 0.16:
            new = r.choice([str(name).lower(), f"{name}s", "", 1, None, r.choice(list(value))])
            return {(new if k == name else k): v for k, v in value.items()}
        if here < 0.2:
            return {**value, r.choice(["x", "Sigma", "range", "t", "e"]): r.choice(ODD_VALUES)}
        return {**value, name: changed_value(r, value[name])}
    if isinstance(value, list) and value and here < 0.75:
        at = r.randrange(len(value))
        kind = r.randrange(5)
        if kind == 0:
            return value[:at] + value[at + 1 :]
        if kind == 1:
            return [*value, value[at]]
        return [*value[:at], changed_value(r, value[at]), *value[at + 1 :]]
    return _other(r, value)


def _other(r: Random, value: Any) -> Any:
    kind = r.randrange(8)
    if kind == 0 and isinstance(value, str):
        return of_bytes(r, value.encode()).decode("utf-8", "replace")
    if kind == 1 and isinstance(value, int | float):
        if isinstance(value, int) and abs(value) >= LARGE:
            return 0
        return r.choice([-value, value + 1, value * 1e3, float(value), str(value), [value]])
    if kind == 2 and isinstance(value, str):
        return of_words([])(r, value.encode()).decode("utf-8", "replace")
    if kind == 3:
        return r.choice(ODD_WORDS)
    if kind == 4:
        for _ in range(r.choice([1, 2, 40, 900])):
            value = [value]
        return value
    return r.choice(ODD_VALUES)


def of_json_lines(r: Random, data: bytes) -> bytes:
    """Change a field of a line that holds JSON; what is not finite stays as it was spelt."""
    lines = data.splitlines(keepends=True) or [b"{}\n"]
    at = r.randrange(len(lines)) if r.random() < 0.7 else r.randrange(min(len(lines), 4))
    try:
        value = changed_value(r, json.loads(lines[at]))
        lines[at] = _encoded(json.dumps(value, ensure_ascii=r.random() < 0.5)) + b"\n"
    except (ValueError, RecursionError, OverflowError):
        return of_words([])(r, data)
    return b"".join(lines)


def of_json(r: Random, data: bytes) -> bytes:
    """Change a field of a JSON text."""
    try:
        return _encoded(json.dumps(changed_value(r, json.loads(data)), ensure_ascii=False))
    except (ValueError, RecursionError, OverflowError):
        return of_words([])(r, data)


def of_gzip_members(r: Random, data: bytes) -> bytes:
    """Drop, repeat or swap the gzip members of a file."""
    parts = [b"\x1f\x8b\x08" + part for part in data.split(b"\x1f\x8b\x08")[1:]] or [data]
    a, b = r.randrange(len(parts)), r.randrange(len(parts))
    kind = r.randrange(3)
    if kind == 0:
        del parts[a]
    elif kind == 1:
        parts.insert(b, parts[a])
    else:
        parts[a], parts[b] = parts[b], parts[a]
    return b"".join(parts)


def one_or_several(changes: list[Change], most: int = MOST_BYTES) -> Change:
    """Return a change that makes one to four of these, and keeps what comes out short."""

    def change(r: Random, data: bytes) -> bytes:
        for _ in range(r.choice([1, 1, 1, 1, 2, 3])):
            data = r.choice(changes)(r, data)
        return data[:most]

    return change
