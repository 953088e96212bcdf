"""What a worker tells its driver, and how messages are framed."""

import struct
from typing import NamedTuple

from paramsrun.errors import EvaluatorLost
from paramsrun.problem.contract import Evaluation

LENGTH = struct.Struct("<Q")
"""What stands before each message of a worker: the length of the pickle behind it."""


class Pickled(NamedTuple):
    """A problem on its way to workers."""

    data: bytes


class Ready(NamedTuple):
    """The problem has arrived."""

    resident_mb: float


class Broken(NamedTuple):
    """The worker can never compute anything."""

    reason: str


class Over(NamedTuple):
    """No worker may compute anything any more."""

    error: EvaluatorLost


class Computed(NamedTuple):
    """The oldest task that the worker was given is done."""

    evaluation: Evaluation
    elapsed_s: float
    peak_mb: float
    """The most memory it ever needed, or 0 where nobody wants to know."""
