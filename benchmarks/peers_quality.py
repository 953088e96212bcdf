"""The quality part of peers.py: many searches on both cores, their medians, and who wins."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from peers_functions import FUNCTIONS
from peers_ours import CMAES, NELDER_MEAD, RANDOM
from peers_tables import DRAW, LOSS, WIN, lines, middle, short, tallies, winners

WORKER = Path(__file__).parent / "peers_search.py"
FIVE = "ParallelLevels Optimizations=5 ParameterVectors=1\n"
README_STOPPERS = """\
Stopper
   Type CurrentFunctionValueUnmoving
   CurrentFunctionValueUnmoving NumberOfFunctionCalls=10 Tolerance=0.05
End
Stopper
   Type MaxInteroptimizerDistance
   MaxInteroptimizerDistance MaxRelativeDistance=0.01
End
"""
GIVEN_UP = """\
Stopper
   Type BestFunctionValueUnmoving
   BestFunctionValueUnmoving NumberOfFunctionCalls=200 Tolerance=0.01
End
ApplyStoppersToBestOptimizer Yes
"""
MANAGED = {
    "5 CMAES": CMAES + RANDOM + FIVE + README_STOPPERS,
    "5 Nelder-Mead": NELDER_MEAD + RANDOM + FIVE + README_STOPPERS,
    "5 of both": CMAES + NELDER_MEAD + RANDOM + FIVE + README_STOPPERS,
    "1 CMAES": CMAES + RANDOM,
    "1 CMAES, given up": CMAES + RANDOM + GIVEN_UP,
}
UNMANAGED = (
    "one pycma",
    "pycma again",
    "pycma BIPOP",
    "one Nelder-Mead",
    "Nelder-Mead again",
    "SciPy DE",
    "NGOpt",
)
LARGEST = {"NGOpt": 4}
"""The most dimensions of a search that is slow."""


class Task(NamedTuple):
    """One search."""

    search: str
    function: str
    n: int
    calls: int
    seed: int

    @property
    def text(self) -> str:
        """The input, where it is a job."""
        return MANAGED.get(self.search, "")


class Worker:
    """A process that searches."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is for the driver
        )

    def ask(self, task: Task) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(task._asdict() | {"text": task.text}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else {"why": "its process ended"}

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Results:
    """The errors of all searches done, and what went wrong."""

    def __init__(self) -> None:
        self.errors: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: dict[str, str] = {}
        self.done = 0

    def add(self, task: Task, told: Mapping[str, Any]) -> None:
        self.done += 1
        if "why" in told:
            self.failed[task.search] = told["why"]
            return
        self.errors[task.function, task.n][task.search].append(told["error"])
        self.seconds[task.search] += told["seconds"]

    def medians(self) -> dict[tuple[str, int], dict[str, float]]:
        return {
            case: {name: float(middle(errors) or 0.0) for name, errors in row.items()}
            for case, row in self.errors.items()
        }


def tasks_of(seeds: int, calls_each: int, largest: int, searches: Sequence[str]) -> list[Task]:
    """Return the searches, seed by seed, so that an interrupted run has medians of everything."""
    return [
        Task(search, name, n, calls_each * n, seed)
        for seed in range(1, seeds + 1)
        for name, function in FUNCTIONS.items()
        for n in function.dimensions
        for search in searches
        if n <= min(largest, LARGEST.get(search, largest))
    ]


def search_all(
    tasks: Sequence[Task], peers_python: str, results: Results, say: Callable[[str], None]
) -> None:
    """Do all tasks, as many at once as there are cores."""
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    over, workers = threading.Event(), list[Worker]()
    cores = os.cpu_count() or 1

    def serve() -> None:
        mine: dict[str, Worker] = {}
        while not over.is_set():
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            python = sys.executable if task.text else peers_python
            if python not in mine:
                mine[python] = Worker(python)
                workers.append(mine[python])
            told = mine[python].ask(task)
            if not over.is_set():
                results.add(task, told)

    threads = [threading.Thread(target=serve) for _ in range(cores)]
    try:
        for thread in threads:
            thread.start()
        watch(threads, results, len(tasks), say)
    finally:
        over.set()
        for worker in workers:
            worker.close()
        for thread in threads:
            thread.join()


def watch(
    threads: Sequence[threading.Thread], results: Results, n: int, say: Callable[[str], None]
) -> None:
    """Tell every half minute how far it is, until all threads have ended."""
    began = told = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        threads[0].join(1.0)
        threads[-1].join(1.0)
        if time.monotonic() - told > 30.0:
            told = time.monotonic()
            left = (told - began) * (n - results.done) / max(results.done, 1)
            say(f"  {results.done} of {n} searches, about {left / 60:.1f} min to go")


def report(results: Results, searches: Sequence[str], say: Callable[[str], None]) -> None:
    medians = results.medians()
    known = [name for name in searches if any(name in row for row in medians.values())]
    rows = []
    for (function, n), row in medians.items():
        best = winners(row)
        cells = [
            (short(row[name]) + ("*" if name in best else " ")) if name in row else "- "
            for name in known
        ]
        rows.append([f"{function} {n}", *cells])
    say("Median distance of the best loss from the minimum (0: below 1e-8; *: best, or alike)")
    for line in lines(["function, n", *(f"{name} " for name in known)], rows):
        say(line)
    say("Wins/draws/losses of the managed runs, function by function")
    bare = [name for name in known if name not in MANAGED]
    won = [[ours, *(_won(medians, ours, name) for name in bare)] for ours in MANAGED]
    for line in lines(["managed", *bare], won):
        say(line)
    say("Seconds in all: " + ", ".join(f"{k} {s:.0f}" for k, s in results.seconds.items()))
    for name, why in results.failed.items():
        say(f"{name}: a search failed: {why}")


def run(
    tasks: Sequence[Task],
    peers_python: str,
    searches: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Do all tasks and print what came of them; Ctrl-C ends it with what is done."""
    results = Results()
    try:
        search_all(tasks, peers_python, results, say)
    finally:
        report(results, searches, say)


def _won(medians: Mapping[tuple[str, int], Mapping[str, float]], ours: str, theirs: str) -> str:
    counted = tallies(medians, ours, theirs)
    return "/".join(str(counted[what]) for what in (WIN, DRAW, LOSS))
