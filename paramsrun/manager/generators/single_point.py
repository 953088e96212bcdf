"""Every optimizer starts at the same point."""

from dataclasses import dataclass

from paramsrun.settings.families import generators


@generators.member("SinglePoint")
@dataclass(frozen=True, kw_only=True)
class SinglePoint:
    """Start at the values of the parameter interface."""
