"""An event as one line of JSON, and back."""

import base64
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np
import orjson

from paramsrun.errors import RunError
from paramsrun.manager.events import KINDS, End, Eval, Event, Exit, Run, Start
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Dimension

FORMAT = 1
_NAMES = {cls: name for name, cls in KINDS.items()}
_Check: TypeAlias = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_positive(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _are(check: _Check) -> _Check:
    return lambda value: type(value) is list and all(map(check, value))


def _is_map_of_texts(value: Any) -> bool:
    return type(value) is dict and all(map(_is_text, value.values()))


_MAY_BE: dict[str, _Check] = {
    "t": _is_time,
    **dict.fromkeys(("n", "o", "b", "i", "in_flight", "seed"), _is_count),
    **dict.fromkeys(("block", "parameter_vectors"), _is_positive),
    **dict.fromkeys(("type", "reason", "evaluator", "why", "name", "settings", "utc"), _is_text),
    **dict.fromkeys(("objective", "validation"), _is_text),
    **dict.fromkeys(("names", "changes"), _are(_is_text)),
    "living": _are(_is_positive),
    "r": _is_text,
    "versions": lambda value: type(value) is dict,
    "code": _is_map_of_texts,
    **dict.fromkeys(
        ("comparable", "validation_comparable", "pruned"), lambda value: type(value) is bool
    ),
    "scaler": get_args(Kind).__contains__,
    "stream": lambda value: _are(_is_count)(value) and len(value) == 4,
}
_MAY_BE_OF: dict[type[Event], dict[str, _Check]] = {
    Start: {"settings": lambda value: type(value) is dict},
    End: {"how": ("converged", "stopped", "failed").__contains__},
    Exit: {"how": ("conditions", "exhausted", "signal", "request", "error").__contains__},
}
_CHECKS: dict[type[Event], tuple[tuple[str, _Check], ...]] = {
    cls: tuple((k, v) for k, v in (_MAY_BE | _MAY_BE_OF.get(cls, {})).items() if k in cls._fields)
    for cls in _NAMES
}
_LEFT_OUT = {"space": (), "validation": "", "validation_comparable": True}
"""What a line does not say where it is so."""
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("x", "x0", "lower", "upper", "ranges"), lambda v: np.asarray(v, dtype=np.float64)
    ),
    **dict.fromkeys(("stream", "living", "names", "changes"), tuple),
    **dict.fromkeys(("fx", "val"), float),
    "space": lambda dimensions: tuple(map(Dimension.from_record, dimensions)),
    "r": lambda text: np.frombuffer(base64.b64decode(text, validate=True), "<f8"),
}


def encode(event: Event) -> bytes:
    """Return an event as one JSON line; floats are exact, inf and nan become strings."""
    if type(event) is Eval:
        return encode_eval(event)
    given = event._asdict().items()
    fields = {k: _plain(v) for k, v in given if k not in _LEFT_OUT or v != _LEFT_OUT[k]}
    return orjson.dumps({"e": _NAMES[type(event)], **fields}, option=_OPTIONS)


def encode_eval(event: Eval) -> bytes:
    """Return an evaluation as `encode` does."""
    n, o, b, i, x, fx, t, why, val, pruned, r = event
    line = {"e": "eval", "n": n, "o": o, "b": b, "i": i, "x": x, "fx": fx, "t": t}
    if not math.isfinite(fx):
        line["fx"] = repr(float(fx))
    if why is not None:
        line["why"] = _text(why)
    if val is not None:
        line["val"] = _plain(val)
    if pruned:
        line["pruned"] = True
    if r is not None:
        line["r"] = base64.b64encode(r.astype("<f8").tobytes()).decode()
    return orjson.dumps(line, option=_OPTIONS)


def decode(line: bytes) -> Event:
    """Return the event of a journal line; ValueError, KeyError or TypeError if it is none."""
    fields = orjson.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("it is no event")
    cls = KINDS[fields.pop("e")]
    if cls is Run and fields["format"] != FORMAT:
        raise RunError(_foreign(fields))
    for name, may_be in _CHECKS[cls]:
        if name in fields and not may_be(fields[name]):
            raise ValueError(f"{name} cannot be {fields[name]!r:.40}")
    return cls(**{k: _FROM_JSON[k](v) if k in _FROM_JSON else v for k, v in fields.items()})


def decoded(line: bytes, path: Path, number: int) -> Event:
    """Return the event of a line of a file; RunError, with file and line, if it is none."""
    try:
        return decode(line)
    except RunError as error:
        raise RunError(f"{path}:{number}: {error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}:{number}: damaged journal line ({error!s:.200})") from None


def _foreign(run: dict[str, Any]) -> str:
    versions = run.get("versions")
    maker = versions.get("paramsrun", "?") if isinstance(versions, dict) else "?"
    return (
        f"it has journal format {run['format']!s:.40}, written by paramsrun {maker!s:.40}, and "
        f"this paramsrun reads format {FORMAT}: use the paramsrun that wrote it, or a newer one"
    )


def _text(text: str) -> str:
    """Return a text without what UTF-8 cannot hold, such as the bytes of a file name."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Dimension):
        return _plain(value.record)
    if isinstance(value, Mapping):
        return {_text(key): _plain(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value
