"""Jobs that share a study, each in a process of its own."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

INTERFACE = """\
---
dtype: Parameters
---
name: lr
value: 0.01
range: [1.0e-5, 0.1]
scale: log
is_active: true
---
name: width
value: 16
type: integer
range: [4, 64]
is_active: true
---
name: act
value: tanh
type: categorical
choices: [relu, tanh, gelu]
is_active: true
...
"""
LOSS = """\
import math
def loss(p):
    last = {"relu": 0.0, "tanh": 0.3, "gelu": 0.1}[p["act"]]
    return (math.log10(p["lr"]) + 3.0) ** 2 + abs(p["width"] - 40) / 40 + last
"""
CODE = (
    "from paramsrun.optimizers.study import heartbeat, shared\n"
    "heartbeat.BEAT_S, heartbeat.STALE_S, shared.LOOK_S = 0.5, 5, 0.2\n"
    "from paramsrun.cli.command import main; main()"
)
"""The command, with a shorter time after which a trial is taken over."""


def shared_job(folder: Path, storage: str, n: int = 20, code: str = LOSS, more: str = "") -> Path:
    """Write a job whose study has n trials; return its input file."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(code)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    file = folder / "params.in"
    file.write_text(
        "Engine Function\n  Call train:loss\n  Arguments Named\nEndEngine\nSkipX0 Yes\n"
        "ParallelLevels\n  ParameterVectors 1\nEnd\n"
        "ExitCondition\n  Type MaxOptimizersConverged\n  MaxOptimizersConverged 1\nEnd\n"
        f"Optimizer\n  Type Optuna\n  Optuna\n    NumberOfTrials {n}\n"
        f"    Storage {storage}\n    StudyName search\n{more}  End\nEnd\n"
    )
    return file


def begin(folder: Path, name: str, *arguments: str, code: str = CODE) -> "subprocess.Popen[str]":
    """Start the job of a folder under a name."""
    return subprocess.Popen(
        [sys.executable, "-c", code, "params.in", "--name", name, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Found(NamedTuple):
    """What Optuna finds in a database."""

    trials: list[Any]
    user_attrs: dict[str, Any]
    best_params: dict[str, Any]


def study_in(storage: str) -> Found:
    """Return the study as Optuna opens it."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    at = optuna.storages.RDBStorage(storage)
    study = optuna.load_study(study_name="search", storage=at)
    done = any(trial.state.name == "COMPLETE" for trial in study.trials)
    found = Found(study.trials, study.user_attrs, study.best_params if done else {})
    at.remove_session()
    at.engine.dispose()
    optuna.logging.set_verbosity(verbosity)
    return found


def states(study: Found) -> Counter[str]:
    """Return how many trials there are in each state."""
    return Counter(trial.state.name for trial in study.trials)


def points(study: Found, state: str = "COMPLETE") -> list[tuple[Any, ...]]:
    """Return the parameters of the trials in a state."""
    found = [trial for trial in study.trials if trial.state.name == state]
    return [tuple(trial.params.values()) for trial in found]
