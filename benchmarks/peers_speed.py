"""The speed part of peers.py, and its question whether a saved run goes on as if nothing was."""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peers_tables import lines, middle, told
from peers_venv import why_skipped

ROW = Path(__file__).parent / "peers_row.py"
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
PATIENCE_S = 120.0
OURS = "paramsrun "
MANY, SOME, FEW, FEWEST = 2500, 1000, 300, 60

Say = Callable[[str], None]


class Row(NamedTuple):
    """A peer, or an optimizer of ours, and how many evaluations it makes."""

    name: str
    calls: int = MANY
    resume_calls: int = SOME
    """In the test of a resume; 0: there is no such test."""
    save: str = "pickle"

    @property
    def is_ours(self) -> bool:
        return self.name.startswith(OURS)


JOURNAL = "SIGKILL, --resume auto"
ROWS = (
    Row("pycma", save="es.pickle_dumps()"),
    Row("cmaes"),
    Row("Optuna CmaEs, memory", save="study pickled"),
    Row("Optuna CmaEs, SQLite", FEWEST, FEWEST, "database, sampler with its seed"),
    Row("Optuna CmaEs, SQLite, sampler kept", FEWEST, FEWEST, "database, sampler pickled"),
    Row("Nevergrad CMA", SOME, save="optimizer.dump()"),
    Row("pymoo CMAES", save="dill.dump()"),
    Row("paramsrun CMAES", save=JOURNAL),
    Row("paramsrun 5 CMAES at once", save=JOURNAL),
    Row("paramsrun Optuna CMAES", SOME, FEW, save=JOURNAL),
    Row("paramsrun Nevergrad CMA", SOME, FEW, save=JOURNAL),
    Row("SciPy Nelder-Mead", resume_calls=0),
    Row("paramsrun Scipy Nelder-Mead", save=JOURNAL),
    Row("SciPy L-BFGS-B", resume_calls=0),
    Row("paramsrun Scipy L-BFGS-B", save=JOURNAL),
    Row("SciPy differential_evolution", resume_calls=0),
    Row("Nevergrad DE", save="optimizer.dump()"),
    Row("pymoo DE", save="dill.dump()"),
    Row("paramsrun Scipy differential_evolution", save=JOURNAL),
    Row("paramsrun Nevergrad DE", save=JOURNAL),
    Row("Nevergrad OnePlusOne", save="optimizer.dump()"),
    Row("paramsrun Nevergrad OnePlusOne", save=JOURNAL),
    Row("Optuna TPE, memory", FEW, FEW, "study pickled"),
    Row("paramsrun Optuna TPE", FEW, FEW, JOURNAL),
    Row("Optuna Random, memory", SOME, SOME, "study pickled"),
    Row("paramsrun RandomSampling", save=JOURNAL),
)


class Failed(Exception):
    """A row's process failed."""


def python_of(row: Row, peers_python: str) -> str:
    return sys.executable if row.is_ours else peers_python


def in_process(python: str, what: str, row: Row, calls: int, seed: int, at: Path) -> dict[str, Any]:
    """Do one thing in a process of its own; return what it measured."""
    command = [python, str(ROW), what, row.name, str(calls), str(seed), str(at)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, cwd=at)
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {PATIENCE_S:.0f} s") from None
    if done.returncode != 0:
        raise Failed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


class Measured:
    """What the rows came to, as far as they were measured."""

    def __init__(self, peers_python: str, skipped: dict[str, str]) -> None:
        self.found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.skipped = skipped
        self._peers_python = peers_python

    def measure(self, row: Row, repeat: int) -> None:
        """Measure a row once more, unless it failed before."""
        if row.name in self.skipped:
            return
        try:
            with tempfile.TemporaryDirectory(dir=MEMORY) as at:
                python = python_of(row, self._peers_python)
                one = in_process(python, "speed", row, row.calls, repeat + 1, Path(at))
            self.found[row.name].append(one)
        except Failed as why:
            self.skipped[row.name] = str(why)

    def measure_all(self, repeats: int, say: Say) -> None:
        """Measure every row, then every row again, and so on."""
        began = time.monotonic()
        for repeat in range(repeats):
            for row in ROWS:
                self.measure(row, repeat)
            say(f"  {repeat + 1} of {repeats} repetitions, {time.monotonic() - began:.0f} s")


def speed_table(rows: Sequence[Row], found: Mapping[str, Sequence[dict[str, Any]]]) -> list[str]:
    cells = []
    for row in rows:
        if one := found.get(row.name):
            us, mb, save, kb = (
                middle([m.get(k) for m in one]) for k in ("us", "mb", "save_ms", "kb")
            )
            saved = "-" if "SQLite" in row.name else told(save)
            calls = f"{one[0]['made']}"
            cells.append([row.name, calls, told(us, 0), told(mb, 0), saved, told(kb, 0)])
    return lines(["", "calls", "us a call", "peak MB", "save ms", "kB"], cells)


def peer_parts(row: Row, peers_python: str, at: Path) -> str:
    """Return how a run of a peer, saved at half and loaded in a new process, goes on."""
    for what in ("whole", "half", "rest"):
        try:
            in_process(peers_python, what, row, row.resume_calls, 1, at)
        except Failed as why:
            if what != "rest":
                raise
            return f"cannot be restored: {why}"
    whole, half, rest = (np.load(at / f"{what}.npy") for what in ("whole", "half", "rest"))
    if not np.array_equal(whole[: len(half)], half):
        return "its runs do not repeat themselves"
    expected = whole[len(half) :]
    n = min(len(rest), len(expected))
    same = int((rest[:n] == expected[:n]).all(axis=1).sum())
    return verdict(same, len(expected), same == len(expected) == len(rest))


def verdict(same: int, of: int, exact: bool) -> str:
    return f"{'exact' if exact else 'DIFFERS'}: {same} of {of} evaluations after it the same"


def our_parts(row: Row, at: Path) -> str:
    """Return how a job of ours, killed at half and resumed, goes on."""
    import peers_ours as ours

    name = row.name.removeprefix(OURS)
    try:
        whole, resumed, kept = ours.resumed(name, at / "job", row.resume_calls, 1)
    except RuntimeError as why:
        raise Failed(str(why)) from None
    same = ours.same_evaluations(whole[kept:], resumed[kept:])
    of = sum("n" in event for event in whole[kept:])
    return verdict(same, of, whole == resumed)


def resumes(
    rows: Sequence[Row], peers_python: str, skipped: Mapping[str, str]
) -> Iterator[tuple[Row, str]]:
    """Yield what comes of each row's resume."""
    for row in rows:
        if row.name in skipped:
            continue
        if not row.resume_calls:
            yield row, "cannot be saved"
            continue
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            at = Path(name)
            try:
                yield row, our_parts(row, at) if row.is_ours else peer_parts(row, peers_python, at)
            except Failed as why:
                yield row, f"failed: {why}"


def report(repeats: int, peers_python: str, missing: Mapping[str, str], say: Say) -> None:
    """Measure and print all rows; Ctrl-C ends it with what was measured."""
    reasons = ((row.name, why_skipped(row.name, missing)) for row in ROWS if not row.is_ours)
    rows = Measured(peers_python, {name: why for name, why in reasons if why is not None})
    say(f"Speed: 10-D Rastrigin, medians of {repeats}; each run in a process of its own")
    try:
        rows.measure_all(repeats, say)
    finally:
        for line in speed_table(ROWS, rows.found):
            say(line)
        for name, why in rows.skipped.items():
            say(f"{name}: skipped: {why}")
    say("Saved (ours: killed) at half, and resumed in a new process")
    for row, what in resumes(ROWS, peers_python, rows.skipped):
        say(f"{row.name:40}{row.save if row.resume_calls else '-':34}{what}")
