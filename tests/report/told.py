"""Events as runs tell them, and their journals."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit, Run, Start
from paramsrun.report.curves import Losses, losses
from paramsrun.results.journal import Journal

X = np.zeros(1)
RUN = Run(1, {}, 1, "", ("a",), np.array([[0.0, 1.0]]), "", {}, 0.0, "")
CONTEXT = Context("", 1, "", {}, (), True, 0.0, "")
INF = math.inf


def started(o: int) -> Start:
    return Start(o, 1, "CMAES", {}, (1, 2, 3, 4), X, X, X + 1, 0.0)


def evaluated(n: int, o: int, fx: float) -> Eval:
    return Eval(n, o, n, 0, X, fx, 0.0, None if math.isfinite(fx) else "it failed")


def ended(o: int, how: str) -> End:
    return End(o, how, "", 0.0)


def checkpoint(n: int) -> Checkpoint:
    return Checkpoint("c", n, 0.0)


def exited(*living: int) -> Exit:
    return Exit("conditions", "", living, 0.0)


def in_turn(n: int, optimizers: Sequence[int], fx: Iterable[float]) -> list[Event]:
    """Return n evaluations of optimizers that take turns."""
    of = zip(range(1, n + 1), fx, strict=False)
    return [evaluated(k, optimizers[k % len(optimizers)], value) for k, value in of]


def told(*events: Event, name: str = "job.results") -> Losses:
    return losses(name, [RUN, *events])


def signs(drawn: Figure) -> list[str]:
    """Return the words of the legends."""
    return [text.get_text() for legend in drawn.legends for text in legend.get_texts()]


def write_journal(folder: Path, *events: Event) -> Path:
    journal = Journal(folder / "optimization" / "journal")
    for event in (RUN, *events):
        journal.append(event)
    journal.close()
    return folder
