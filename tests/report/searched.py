"""Searches as journals have them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paramsrun.manager.events import Eval, Event, Run, Start
from paramsrun.problem.space import Dimension, Space
from paramsrun.report.search import Search
from paramsrun.results.journal import Journal

SPACE: Space = (
    Dimension("rate", 1e-4, 1.0, "float", "log"),
    Dimension("layers", 1.0, 6.0, "integer"),
    Dimension("activation", 0.0, 2.0, "categorical", choices=("relu", "tanh", "leaky relu")),
)
UTC = "2026-01-01T12:00:00+00:00"


def begun(space: Space = SPACE, utc: str = UTC, seed: int = 1) -> Run:
    ranges = np.array([[d.lower, d.upper] for d in space])
    names = tuple(d.name for d in space)
    return Run(1, {}, seed, "", names, ranges, "", {}, 0.0, utc, space=space)


def started(o: int = 1, type: str = "RandomSampling", space: Space = SPACE) -> Start:
    x = np.array([d.lower for d in space])
    return Start(o, 1, type, {}, (1, 2, o, 0), x, x, x + 1.0, 0.0, "none")


def tried(n: int, x: Sequence[float], fx: float, t: float = 0.0, o: int = 1, b: int = 0) -> Eval:
    return Eval(n, o, b, n, np.array(x), fx, t, None if np.isfinite(fx) else "it failed")


def journal(folder: Path, *events: Event) -> Path:
    """Write a journal of these events; return its results folder."""
    written = Journal(folder / "optimization" / "journal")
    for event in events:
        written.append(event)
    written.close()
    return folder


def sampled(n: int, space: Space = SPACE, seed: int = 1) -> np.ndarray:
    """Return n points (n, n_params) drawn uniformly, in real units."""
    u = np.random.default_rng(seed).random((n, len(space)))
    return np.array([[d.at(v) for d, v in zip(space, row, strict=True)] for row in u])


def search(
    x: np.ndarray, fx: np.ndarray, space: Space = SPACE, by_array: bool = False, n_runs: int = 1
) -> Search:
    run = np.arange(len(fx)) % n_runs
    names = tuple(f"p{k}.results" for k in range(1, n_runs + 1))
    none = np.zeros(len(fx), dtype=np.bool_)
    return Search(space, names, run, x, fx, none, np.full(len(fx), by_array), by_array)
