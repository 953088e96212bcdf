"""One event of each kind."""

import math

import numpy as np

from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit, Inject, Run, Start

X = np.array([0.1, 1.0 / 3.0, 5e-324])
EVENTS: list[Event] = [
    Run(
        1,
        {"paramsrun": "0"},
        7,
        "Task Optimization\n",
        ("p",),
        np.array([[0.0, 0.1]]),
        "00",
        {"a:b": "/a.py 01"},
        0.0,
        "2026-01-01T00:00:00Z",
        validation="02",
    ),
    Start(1, 1, "CMAES", {"Popsize": 4}, (7, 1, 1, 0), X, X, X, 0.1),
    Eval(1, 1, 0, 0, X, 0.1, 0.2),
    Eval(2, 1, 0, 1, X, math.inf, 0.3, "job a: diverged", math.nan),
    Inject(1, 1, X, 0.5, 0.4),
    End(1, "converged", "tolfun", 0.5),
    Context(
        "Task Optimization\n",
        8,
        "01",
        {"a:b": "/a.py 00"},
        ("one",),
        False,
        0.5,
        "2026",
        validation="03",
        validation_comparable=False,
    ),
    Checkpoint("c.tar.gz", 2, 0.5),
    Exit("conditions", "MaxOptimizersConverged(nconv=1) = True", (2, 3), 0.6),
]


def same(a: Event, b: Event) -> bool:
    return type(a) is type(b) and all(_same(p, q) for p, q in zip(a, b, strict=True))


def _same(p: object, q: object) -> bool:
    if isinstance(p, np.ndarray):
        return p.tobytes() == np.asarray(q).tobytes()
    if isinstance(p, float) and math.isnan(p):
        return isinstance(q, float) and math.isnan(q)
    return list(p) == list(q) if isinstance(p, tuple) else p == q  # type: ignore[call-overload]
