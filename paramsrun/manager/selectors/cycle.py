"""Optimizers take turns."""

from dataclasses import dataclass

from paramsrun.settings.families import selectors


@selectors.member("Cycle")
@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Take the Optimizer blocks in input order, again and again."""
