"""What to do where a text was to be a number and is none."""

import re

from paramsrun.settings.look_alikes import look_alike

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_COMMA = re.compile(r"[+-]?\d*,\d+([eEdD][+-]?\d+)?")


def number_advice(text: str, whole: bool = False) -> str:
    """Return ``"; write the decimal point as ."`` or other advice, or nothing."""
    if _THOUSANDS.fullmatch(text):
        may_be_point = text.count(",") == 1 and not whole
        point = f", or {text.replace(',', '.')} if that is meant" if may_be_point else ""
        return f"; write {text.replace(',', '')}{point}"
    if _COMMA.fullmatch(text) and not whole:
        return "; write the decimal point as ."
    if len(text.split()) > 1 and all(map(_is_number, text.split())):
        return "; give one number"
    return look_alike(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
