"""The jobs that torture.py tortures: several optimizers, serial and with workers."""

import importlib.util
import sys
from pathlib import Path
from typing import NamedTuple

from jobs_to_kill import CHAIN, CMAES, FIVE, INTERFACE, NELDER_MEAD, QUICK_CMAES, RANDOM, STOPPERS

CODE = """\
import os, posix, time
import numpy as np

calls = os.open(os.environ["CALLS"], os.O_WRONLY)

def parts(x):
    posix.write(calls, x.tobytes())  # what fails the job's own files does not fail this
    time.sleep(0.001)
    a, b, c = x - 0.3
    return np.array([a + 0.5 * b, 2.0 * (b - a * a), c * c + 0.1 * a, 0.05])

def loss(x):
    return float((parts(x) ** 2).sum())
"""
PLUGINS = """\
import numpy as np
from paramsrun import BaseOptimizer, MinimizeResult

class Walk(BaseOptimizer):
    def minimize(self, function, x0, bounds):
        x, fx, step, self.stopped = x0, function(x0), 0.2, False
        while step > 1e-4 and not self.stopped:
            trial = np.clip(x + step * self.rng.normal(size=len(x)), *bounds.T)
            f_trial = function(trial)
            step *= 1.5 if f_trial < fx else 0.95
            if f_trial < fx:
                x, fx = trial, f_trial
            self.check_messages()
            self._pause_signal.wait()
        return MinimizeResult(success=True, x=x, fx=fx)

    def callstop(self, reason):
        self.stopped = True

class Keeper(Walk):
    x = None

    def minimize(self, function, x0, bounds):
        self.stopped = False
        if not self.is_restart:
            self.x = x0
        while not self.stopped:
            function(self.x)
            move = 0.1 * self.rng.normal(size=len(x0))
            self.x = np.clip(self.incumbent["x"] + move, *bounds.T)
            self.check_messages()
            self._pause_signal.wait()
        return MinimizeResult(success=True, x=self.x)

    def checkpoint_save(self, path, force=None, block=None):
        super().checkpoint_save(path, force={"x", "rng"}, block=block)
"""
PROGRAM = """\
#!{python} -SI
import os, struct
x = [float(os.environ[f"PARAMSRUN_P{{i}}"]) for i in range(3)]
calls = os.open(os.environ["CALLS"], os.O_WRONLY)
os.write(calls, struct.pack("3d", *x))
with open("work", "w") as file:
    file.write("x" * 5000)
print(sum((a - 0.3) ** 2 for a in x) + (x[0] - x[1]) ** 2)
"""
INLINE = "Evaluator\n   Type Inline\nEnd\n"
WORKERS = "Evaluator\n   Type Processes\n   Workers 2\n   Ordered Yes\nEnd\n"
FOUR = "ParallelLevels ParameterVectors=4\n"
SOME = "CheckpointControl\n   EveryFunctionCalls 10\n   KeepPast 1\n   AtEnd Yes\nEnd\n"
LAST = (
    "CheckpointControl\n   EveryFunctionCalls 5\n   KeepPast 0\n   AtInitialisation Yes\n"
    "   NamingFormat c%(count)\nEnd\n"
)
BEST = (
    "CheckpointControl\n   AtNewBest Yes\n   EveryFunctionCalls 15\n   KeepPast 2\n"
    "   AtEnd Yes\n   RaiseFail Yes\nEnd\n"
)
SHARED = (
    "CheckpointControl\n   EveryFunctionCalls 8\n   KeepPast 1\n"
    "   CheckpointingDirectory {folder}/checkpoints of all\nEnd\n"
)
MANY = FIVE + RANDOM + NELDER_MEAD + CMAES + STOPPERS + CHAIN


def scipy(algorithm: str) -> str:
    return f"Optimizer\n   Type Scipy\n   Scipy\n      Algorithm {algorithm}\n   End\nEnd\n"


def plugin(name: str) -> str:
    return f"Optimizer\n   Type Plugin\n   Plugin\n      Class own:{name}\n   End\nEnd\n"


LEAST_SQUARES = "Optimizer\n   Type LeastSquares\nEnd\n"
OPTUNA = (
    "Optimizer\n   Type Optuna\n   Optuna\n      Sampler {}\n      NumberOfTrials 100\n"
    "      BatchSize 4\n   End\nEnd\n"
)


class Kind(NamedTuple):
    """A job to be tortured; its journal is always the same."""

    text: str
    calls: int
    in_flight: int = 1
    """So many evaluations may be computed and not written."""
    call: str = "loss"
    """The function, or nothing for a program."""

    @property
    def engine(self) -> str:
        """The block of the input."""
        if self.call:
            return f"Engine Function\n   Call model:{self.call}\nEndEngine\n"
        return "Engine Command\n   Command ./program\nEndEngine\n"

    @property
    def has_workers(self) -> bool:
        return WORKERS in self.text

    @property
    def startup_s(self) -> float:
        return 1.0 if self.has_workers else 0.1


def kinds() -> dict[str, Kind]:
    """Return the jobs by name; those with Optuna where it is installed."""
    found = {
        "CMAES": Kind(CMAES + SOME + INLINE, 120),
        "Nelder-Mead": Kind(NELDER_MEAD + LAST + INLINE, 120),
        "CMAES, workers": Kind(CMAES + SOME + FOUR + WORKERS, 120, 4),
        "Powell": Kind(scipy("Powell") + SHARED + INLINE, 120),
        "L-BFGS-B, workers": Kind(scipy("L-BFGS-B") + LAST + FOUR + WORKERS, 60, 4),
        "Plugin": Kind(plugin("Walk") + BEST + INLINE, 120),
        "Plugin with a state": Kind(plugin("Keeper") + SOME + INLINE, 120),
        "LeastSquares": Kind(LEAST_SQUARES + LAST + INLINE, 90, call="parts"),
        "LeastSquares, workers": Kind(LEAST_SQUARES + SOME + FOUR + WORKERS, 90, 4, "parts"),
        "two blocks": Kind(QUICK_CMAES + NELDER_MEAD + BEST + INLINE, 150),
        "program": Kind(CMAES + LAST + INLINE, 40, call=""),
        "program, workers": Kind(CMAES + SOME + FOUR + WORKERS, 40, 4, ""),
        "many": Kind(MANY + SOME + INLINE, 200),
        "many, workers": Kind(MANY + SHARED + WORKERS, 200, 15),
    }
    if importlib.util.find_spec("optuna") is not None:
        found["Optuna TPE"] = Kind(OPTUNA.format("TPE") + SOME + INLINE, 100, 1)
        found["Optuna CMAES, workers"] = Kind(
            OPTUNA.format("CMAES") + BEST + FOUR + WORKERS, 100, 4
        )
    return found


def write_job(folder: Path, kind: Kind) -> None:
    """Write a job into a folder that is yet to be made."""
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(CODE)
    (folder / "own.py").write_text(PLUGINS)
    (folder / "program").write_text(PROGRAM.format(python=sys.executable))
    (folder / "program").chmod(0o755)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    text = kind.text.replace("{folder}", str(folder.absolute()))
    (folder / "params.in").write_text(
        f"RandomSeed 1\n{kind.engine}{text}"
        "ExitCondition\n   Type MaxTotalFunctionCalls\n"
        f"   MaxTotalFunctionCalls {kind.calls}\nEnd\n"
    )
