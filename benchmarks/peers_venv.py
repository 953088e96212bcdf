"""The peers' own environment: made once, with what can be installed."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

WORDS = {
    "cma": ("pycma", "Nevergrad CMA"),
    "cmaes": ("cmaes", "CmaEs"),
    "scipy": ("SciPy", "Nelder-Mead"),
    "optuna": ("Optuna",),
    "nevergrad": ("Nevergrad", "NGOpt"),
    "pymoo": ("pymoo",),
    "dill": ("pymoo",),  # its checkpoints
}
"""What is installed, and words in the names of the rows that need it."""

ALSO = {"nevergrad": ("numpy<2.4",)}
"""Nevergrad's metamodels, which NGOpt chooses, fail with later ones."""


def python_in(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(command: Sequence[str | Path]) -> str | None:
    """Run a command; return the last line that it said if it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = (done.stderr + done.stdout).strip().splitlines()
    return next((line for line in reversed(said) if "ERROR" in line), said[-1] if said else "")


def made(venv: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Make the environment where it is not there; return why each missing peer is missing."""
    python = python_in(venv)
    if not python.exists():
        say(f"making the peers' environment in {venv}, once")
        why = run([sys.executable, "-m", "venv", venv])
        if why is not None:
            return dict.fromkeys(WORDS, f"there is no environment: {why}")
    missing = {}
    for package in WORDS:
        if run([python, "-c", f"import {package}"]) is None:
            continue
        wanted = [package, *ALSO.get(package, ())]
        why = run([python, "-m", "pip", "install", "-q", *wanted])
        why = why if why is not None else run([python, "-c", f"import {package}"])
        if why is not None:
            missing[package] = why
    return missing


def versions(venv: Path, missing: Mapping[str, str]) -> str:
    """Return the peers and their versions."""
    code = (
        "import sys, importlib.metadata as m\n"
        "print(*(f'{name} {m.version(name)}' for name in sys.argv[1:]), sep=', ')"
    )
    there = [package for package in (*WORDS, "numpy") if package not in missing]
    done = subprocess.run([python_in(venv), "-c", code, *there], capture_output=True, text=True)
    return done.stdout.strip()


def why_skipped(row: str, missing: Mapping[str, str]) -> str | None:
    """Return why a row cannot be measured; None if it can."""
    for package, why in missing.items():
        if any(word in row for word in WORDS[package]):
            return f"{package} cannot be used: {why}"
    return None
