"""paramsrun's own rows: whole jobs, as users run them, with journal, logs and results tree."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peers_functions import FUNCTIONS, Function

LOSS = """
import os, signal, time
from peers_functions import {function} as loss_of
KILL_AT = int(os.environ.get("PEERS_KILL_AT", "0"))
TIMES = []
made = 0
def loss(x):
    return loss_of(x)
def watched(x):
    global made
    made += 1
    TIMES.append(time.perf_counter())
    if made == KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss_of(x)
"""
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
RANDOM = "Generator\n   Type Random\nEnd\n"


def algorithm(kind: str, key: str, value: str, more: str = "") -> str:
    """Return an Optimizer block with one key of its own."""
    return f"Optimizer\n   Type {kind}\n   {kind}\n      {key} {value}\n{more}   End\nEnd\n"


NELDER_MEAD = algorithm("Scipy", "Algorithm", "Nelder-Mead")
SETTINGS_DE = "      Settings\n         polish No\n         tol 0.0\n      End\n"
OURS = {
    "CMAES": CMAES,
    "Scipy Nelder-Mead": NELDER_MEAD,
    "Scipy L-BFGS-B": algorithm("Scipy", "Algorithm", "L-BFGS-B") + RANDOM,
    "Scipy differential_evolution": algorithm(
        "Scipy", "Algorithm", "differential_evolution", SETTINGS_DE
    ),
    "Optuna CMAES": algorithm("Optuna", "Sampler", "CMAES"),
    "Optuna TPE": algorithm("Optuna", "Sampler", "TPE"),
    "Optuna Random": algorithm("Optuna", "Sampler", "Random"),
    "Nevergrad CMA": algorithm("Nevergrad", "Algorithm", "CMA"),
    "Nevergrad OnePlusOne": algorithm("Nevergrad", "Algorithm", "OnePlusOne"),
    "Nevergrad DE": algorithm("Nevergrad", "Algorithm", "DE"),
    "RandomSampling": algorithm("RandomSampling", "NumberOfSamples", "100000"),
    "5 CMAES at once": CMAES + RANDOM + "ParallelLevels Optimizations=5 ParameterVectors=1\n",
}
"""The optimizers of the rows, as a user writes them."""


def write_job(
    folder: Path, text: str, calls: int, seed: int, function: Function, n: int, call: str = "loss"
) -> Path:
    """Write a job that minimises a function of n parameters; return its input."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers_loss.py").write_text(LOSS.format(function=function.loss.__name__))
    value = function.low + 0.7 * (function.high - function.low)
    (folder / "parameter_interface.yaml").write_text(
        "---\ndtype: Parameters\n"
        + "".join(
            f"---\nname: p{i}\nvalue: {value}\nrange: [{function.low}, {function.high}]\n"
            "is_active: true\n"
            for i in range(n)
        )
    )
    file = folder / "params.in"
    file.write_text(
        f"RandomSeed {seed}\nEngine Function\n   Call peers_loss:{call}\nEndEngine\n{text}"
        f"SkipX0 Yes\nExitCondition\n   Type MaxTotalFunctionCalls\n"
        f"   MaxTotalFunctionCalls {calls}\nEnd\n"
    )
    return file


class Ran(NamedTuple):
    """What is known of a job that ran."""

    seconds: float
    """After start-up."""
    state: Any
    times: list[float]
    """When `watched` was called."""


def run(file: Path) -> Ran:
    """Run a job in this process."""
    from paramsrun.job import Job

    file.write_text(file.read_text() + f"ResultsDirectory {file.parent}/out\n")
    with Job.load(file) as job:
        began = time.perf_counter()
        state = job.run(echo=lambda line: None)
        seconds = time.perf_counter() - began
        return Ran(seconds, state, job.problem.training.code.load().__globals__["TIMES"])


def speed(name: str, folder: Path, calls: int, seed: int) -> float:
    """Return the seconds of a whole job; a short one before it has imported everything."""
    rastrigin = FUNCTIONS["rastrigin"]
    run(write_job(folder / "warm", OURS[name], 50, seed + 1000, rastrigin, 10))
    return run(write_job(folder / "run", OURS[name], calls, seed, rastrigin, 10)).seconds


def checkpoint(name: str, folder: Path, calls: int, seed: int) -> dict[str, float]:
    """Return how many ms a job pauses for a checkpoint after so many calls, and its kB."""
    control = f"CheckpointControl\n   EveryFunctionCalls {calls}\n   NamingFormat made\nEnd\n"
    text = OURS[name] + control
    file = write_job(
        folder / "pause", text, calls + 50, seed, FUNCTIONS["rastrigin"], 10, "watched"
    )
    gaps = np.diff(run(file).times)
    made = file.parent / "out/checkpoints/made.tar.gz"
    pause = gaps[calls - 1] - statistics.median(gaps)
    return {"save_ms": float(pause) * 1e3, "kb": made.stat().st_size / 1024}


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what makes two journals equal."""
    import orjson

    for path in sorted((folder / "optimization/journal").glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n")[:-1]:
            event = orjson.loads(line)
            if event.pop("e") in ("start", "eval", "inject", "end"):
                event.pop("t")
                yield event


def command(folder: Path, arguments: list[str], kill_at: int = 0) -> int:
    """Run paramsrun in a new process; return its exit code."""
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PEERS_KILL_AT": str(kill_at), "PYTHONPATH": os.pathsep.join(paths)}
    code = "from paramsrun.cli.command import main; main()"
    with (folder / "log").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    return done.returncode


def resumed(name: str, folder: Path, calls: int, seed: int) -> tuple[list[Any], list[Any], int]:
    """Return the events of the uncut run, of one killed at half and resumed, and where that was."""
    rastrigin = FUNCTIONS["rastrigin"]
    write_job(folder, OURS[name], calls, seed, rastrigin, 10, "watched")
    if command(folder, ["params.in", "--name", "whole"]) != 0:
        raise RuntimeError((folder / "log").read_text()[-300:])
    killed = command(folder, ["params.in", "--name", "cut", "--resume", "auto"], calls // 2)
    if killed >= 0:
        raise RuntimeError("the run was not killed")
    if command(folder, ["params.in", "--name", "cut", "--resume", "auto"]) != 0:
        raise RuntimeError((folder / "log").read_text()[-300:])
    cut = list(events(folder / "cut.results"))
    return list(events(folder / "whole.results")), list(events(folder / "cut.2.results")), len(cut)


def same_evaluations(whole: list[Any], cut: list[Any]) -> int:
    """Return how many evaluations of the uncut run stand at the same place of the other."""
    places = ([e for e in run if "n" in e] for run in (whole, cut))
    return sum(a == b for a, b in zip(*places, strict=False))
