"""What a run tells an optimizer's settings beside their keys, which is not recorded."""

import copy
from typing import TypeVar

Settings = TypeVar("Settings")


def knowing(settings: Settings, name: str, value: object) -> Settings:
    """Return the same frozen settings, of which one attribute has another value."""
    known = copy.copy(settings)
    object.__setattr__(known, name, value)
    return known
