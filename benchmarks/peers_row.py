"""One row in a process of its own: python peers_row.py WHAT NAME CALLS SEED FOLDER.

WHAT is speed (how long, how much memory, how long a checkpoint takes) or a part of a resume:
whole, half (run until there and save), rest (load, and go on). Prints one line of JSON. Runs in the
peers' environment, or in paramsrun's own for the names that begin so.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import peers_frameworks as frameworks
import peers_members as members
from peers_functions import FUNCTIONS

OURS = "paramsrun "
MEMBERS: dict[str, Callable[..., members.Member]] = {
    "pycma": members.Pycma,
    "cmaes": members.Cmaes,
    "SciPy Nelder-Mead": members.NelderMead,
    "SciPy L-BFGS-B": members.LBFGSB,
    "SciPy differential_evolution": members.DifferentialEvolution,
    "Optuna CmaEs, memory": frameworks.Optuna,
    "Optuna CmaEs, SQLite": frameworks.OptunaSQLite,
    "Optuna CmaEs, SQLite, sampler kept": frameworks.OptunaSQLitePickled,
    "Optuna Random, memory": frameworks.OptunaRandom,
    "Optuna TPE, memory": frameworks.OptunaTPE,
    "Nevergrad CMA": frameworks.Nevergrad,
    "Nevergrad OnePlusOne": frameworks.NevergradOnePlusOne,
    "Nevergrad DE": frameworks.NevergradDE,
    "pymoo CMAES": frameworks.Pymoo,
    "pymoo DE": frameworks.PymooDE,
}


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB; nan where /proc does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def made_in(folder: Path, name: str, seed: int, calls: int) -> members.Member:
    folder.mkdir(parents=True, exist_ok=True)
    return MEMBERS[name](seed, folder, calls)


def speed(name: str, calls: int, seed: int, folder: Path) -> dict[str, Any]:
    """Measure a peer; what it imports is imported by a short run before."""
    loss = FUNCTIONS["rastrigin"].loss
    warm = made_in(folder / "warm", name, seed + 1000, 50)
    warm.begin()
    warm.run(loss, 50)
    began = time.perf_counter()
    member = made_in(folder / "run", name, seed, calls)
    member.begin()
    member.run(loss, calls)
    us = (time.perf_counter() - began) / member.made * 1e6
    measured = {"us": us, "mb": peak_mb(), "made": member.made}
    began = time.perf_counter()
    try:
        member.save()
    except members.Unsaved:
        return measured
    measured["save_ms"] = (time.perf_counter() - began) * 1e3
    files = [path for path in (folder / "run").iterdir() if path.is_file()]
    return measured | {"kb": sum(path.stat().st_size for path in files) / 1024}


def our_speed(name: str, calls: int, seed: int, folder: Path) -> dict[str, Any]:
    """Measure a job of ours."""
    import peers_ours as ours

    name = name.removeprefix(OURS)
    us = ours.speed(name, folder, calls, seed) / calls * 1e6
    measured = {"us": us, "mb": peak_mb(), "made": calls}
    return measured | ours.checkpoint(name, folder, calls, seed)


def part(what: str, name: str, calls: int, seed: int, folder: Path) -> dict[str, Any]:
    """Run a whole run of a peer, or one of its halves; keep its evaluations in a file."""
    made: list[list[float]] = []

    def loss(x: np.ndarray) -> float:
        fx = FUNCTIONS["rastrigin"].loss(x)
        made.append([*x, fx])
        return fx

    # both halves are of one run, so they have its folder, its seed and its budget
    at = folder / ("whole" if what == "whole" else "cut")
    member = made_in(at, name, seed, calls)
    if what != "rest":
        member.begin()
    else:
        member.load()
        member.made = int((at / "made").read_text())
    member.run(loss, calls // 2 if what == "half" else calls)
    if what == "half":
        member.save()
        (at / "made").write_text(str(member.made))
    np.save(folder / what, np.array(made))
    return {"made": len(made)}


def main() -> None:
    what, name, calls, seed, folder = sys.argv[1:]
    if what != "speed":
        measured = part(what, name, int(calls), int(seed), Path(folder))
    else:
        measure = our_speed if name.startswith(OURS) else speed
        measured = measure(name, int(calls), int(seed), Path(folder))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
