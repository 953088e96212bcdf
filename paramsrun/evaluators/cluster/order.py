"""What the driver of a run and the workers of a cluster tell each other."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import NamedTuple

from paramsrun.evaluators.contract import Task
from paramsrun.problem.contract import Evaluation


class Order(NamedTuple):
    """Sent to each worker once: what it is to compute, and how."""

    problem: bytes
    """Pickled, as `worker.serve` wants it."""
    versions: Mapping[str, str]
    """Of the driver; see `versions_here`."""
    sources: Mapping[str, bytes]
    """The user's modules, by their paths from the folder in which they are looked for."""
    timeout_s: float | None
    memory_mb: float | None
    retries: int
    threads: int


class Chunk(NamedTuple):
    """Points that one worker computes one after the other."""

    tasks: tuple[Task, ...]


class Computed(NamedTuple):
    """The losses of a chunk, in the order of its tasks."""

    evaluations: tuple[Evaluation, ...]
    seconds: tuple[float, ...]
    """How long each was computed."""


class Unfit(NamedTuple):
    """A worker that cannot compute anything."""

    address: str
    reason: str


def versions_here() -> dict[str, str]:
    """Return the versions in this process of what losses depend on."""
    return {
        "paramsrun": version("paramsrun"),
        "numpy": version("numpy"),
        "Python": platform.python_version(),
    }


def objection(driver: Mapping[str, str], worker: Mapping[str, str]) -> str | None:
    """Return why a worker with these versions cannot compute for the driver, if it cannot.

    paramsrun has to be the same; of numpy and Python, the last number may differ.
    """
    differing = [
        f"{name} {worker.get(name)}, and the driver {driver[name]}"
        for name in driver
        if _that_matters(name, driver[name]) != _that_matters(name, worker.get(name, ""))
    ]
    return f"it has {'; '.join(differing)}" if differing else None


def _that_matters(name: str, version: str) -> str:
    return version if name == "paramsrun" else ".".join(version.split(".")[:2])
