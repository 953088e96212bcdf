"""A run without a loop: events written to a journal and folded, checkpoints made of them."""

from pathlib import Path
from typing import Any

import numpy as np

from paramsrun.manager.events import Checkpoint, End, Eval, Event, Run, Start
from paramsrun.manager.state import RunState
from paramsrun.results.checkpoint import Checkpoints
from paramsrun.results.folder import INPUTS, JOURNAL
from paramsrun.results.journal import Journal
from paramsrun.settings.running import CheckpointControl

SETTINGS = "Task Optimization\nOptimizer\n  Type CMAES\nEnd\n"
VERSIONS = {"paramsrun": "0.1.0", "numpy": "2.0.0"}


class Recorded:
    """A run in a results folder of its own."""

    def __init__(self, folder: Path, n_params: int = 2, **control: Any) -> None:
        self.folder = folder
        inputs = folder / INPUTS
        (inputs / "external").mkdir(parents=True)
        (inputs / "params.in").write_text(SETTINGS)
        (inputs / "external/01_data.yaml").write_text("- 1.0\n" * 50)
        self.state = RunState()
        self.rng = np.random.default_rng(1)
        self.n_params = n_params
        control = {"every_seconds": -1.0, "keep_past": -1, **control}
        control.setdefault("naming_format", "c%(count)")
        self.checkpoints = Checkpoints(folder, CheckpointControl(**control), VERSIONS)
        self.journal = Journal(folder / JOURNAL, on_full=self.checkpoints.segment_full)
        ranges = np.array([[0.0, 10.0]] * n_params)
        names = tuple(f"p{i}" for i in range(n_params))
        begun = "2026-01-01T00:00:00+00:00"
        self.add(Run(1, VERSIONS, 7, SETTINGS, names, ranges, "objective", {}, 0.0, begun))

    def add(self, event: Event) -> None:
        self.journal.append(event)
        self.state.apply(event)

    def start(self, o: int = 1) -> None:
        x = np.full(self.n_params, 0.5)
        self.add(Start(o, 1, "CMAES", {"Popsize": 4}, (7, 1, o, 0), x, x * 0, x * 2, self.state.t))

    def end(self, o: int = 1) -> None:
        self.add(End(o, "converged", "tolfun", self.state.t))

    def evaluate(self, n: int, o: int = 1) -> None:
        for _ in range(n):
            i = self.state.n_evaluations + 1
            x = self.rng.random(self.n_params)
            self.add(Eval(i, o, i // 4, i % 4, x, float(x @ x), round(i * 0.1, 4)))

    def save(self) -> Path:
        event = self.checkpoints.write(self.state)
        self.add(event)
        return self.path(event)

    def path(self, event: Checkpoint) -> Path:
        return self.folder / "checkpoints" / f"{event.name}.tar.gz"

    def files(self) -> list[str]:
        return sorted(p.name for p in (self.folder / "checkpoints").iterdir())

    def close(self) -> None:
        self.journal.close()
        self.checkpoints.close()
