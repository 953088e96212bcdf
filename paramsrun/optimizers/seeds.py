"""The seed that a free Settings block may hold."""

from collections.abc import Iterable, Mapping
from typing import Any


def seed_in(settings: Mapping[str, object]) -> int | None:
    """Return the seed among the settings, if there is a proper one."""
    seed = _given(settings)
    return seed if isinstance(seed, int) else None


def seed_mistakes(settings: Mapping[str, object]) -> Iterable[str]:
    """Yield what is wrong with the seed."""
    seed = _given(settings)
    if seed is not None and (type(seed) is not int or seed < 0):
        yield f"Settings seed must be a whole number, 0 or more, not {seed!r}"


def without_seed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings but the seed."""
    return {k: v for k, v in settings.items() if not _is_seed(k)}


def _given(settings: Mapping[str, object]) -> object:
    return next((v for k, v in settings.items() if _is_seed(k)), None)


def _is_seed(name: str) -> bool:
    return name.casefold() == "seed"
