"""Feeds changed inputs to all that reads them, and looks for tracebacks.

    python benchmarks/fuzz.py [inputs=200000] [seed=0] [--only SOURCE ...] [--findings FOLDER]

Whole, good inputs are changed: bytes, words, lines, blocks of random keys, values and nesting in
YAML and JSON, members of checkpoints with hashes that fit. Each goes the way of a user's: a command
such as `paramsrun check` reads it, within 8 s. What may come of it is: accepted, or refused with a
message; a finding is a traceback (a warning counts as one), a hang, or a message that is empty or
holds what no person should see. Half of the inputs are drawn by Hypothesis, half are led to new
code by libFuzzer, which needs `pip install atheris` (Python 3.11 to 3.13) in the environment that
runs this; without it Hypothesis makes all.

Each finding is told once, by the last line of paramsrun in its traceback, and saved with a
shortened input that repeats it. Exits with 1 if there is one. 200,000 inputs take 11 minutes on two
cores; Ctrl-C prints what there is until then. The same seed gives Hypothesis' inputs again.
"""

import argparse
import base64
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_sources import SOURCES

WORKER = Path(__file__).with_name("fuzz_worker.py")
CORES = 2
PER_TASK = 6000
TELL_S = 30.0
SILENT_S = 180.0
"""A process that says nothing for so long hangs where no alarm reaches."""
KINDS = ("accepted", "refused", "traceback", "hang", "unclear")


@dataclass
class Task:
    """Some inputs of a source, made by one engine in one process."""

    source: str
    engine: str
    n: int
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    process: subprocess.Popen[str] | None = None
    heard: float = 0.0
    errors: Any = None


def tasks(n: int, seed: int, names: list[str], engines: list[str]) -> list[Task]:
    """Return all that is to be done, the longest tasks first."""
    share = sum(SOURCES[name].share for name in names)
    found = []
    for name in names:
        for engine in engines:
            wanted = -(-n * SOURCES[name].share // share // len(engines))
            parts = max(1, -(-int(wanted) // PER_TASK))
            for k in range(parts):
                found.append(Task(name, engine, int(-(-wanted // parts)), seed * 100 + k))
    return sorted(found, key=lambda task: -task.n)


class Fuzzing:
    """Runs tasks, two at a time, and collects what they find."""

    def __init__(self, waiting: list[Task], findings: Path) -> None:
        self._waiting = deque(waiting)
        self._all = list(waiting)
        self._findings = findings
        self.sites: dict[tuple[str, str], str] = {}
        """Of each finding: source and site -> the file it was saved to."""
        self._lock = threading.Lock()
        self._running: list[Task] = []
        self.broken: list[str] = []
        self._is_interrupted = False
        self._told = time.monotonic()

    def run(self, folder: str) -> None:
        """Run all tasks to their ends."""
        threads = [threading.Thread(target=self._work, args=(folder,)) for _ in range(CORES)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                time.sleep(1.0)
                self._end_silent()
                self._progress()
        except KeyboardInterrupt:
            self._is_interrupted = True
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # one is enough
            self._waiting.clear()
            self._end_all()
            print("\nInterrupted; until here:", file=sys.stderr)
        for thread in threads:
            thread.join()

    def _work(self, folder: str) -> None:
        while self._waiting:
            try:
                task = self._waiting.popleft()
            except IndexError:
                return
            self._do(task, folder)

    def _do(self, task: Task, folder: str) -> None:
        command = [sys.executable, str(WORKER), task.source, task.engine, str(task.n)]
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                [*command, str(task.seed)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                env={**os.environ, "FUZZ_FOLDER": folder, "OMP_NUM_THREADS": "1"},
            )
            task.process, task.heard = process, time.monotonic()
            self._running.append(task)
            assert process.stdout is not None
            for line in process.stdout:
                task.heard = time.monotonic()
                self._hear(task, json.loads(line))
            process.wait()
            self._running.remove(task)
            if sum(task.counts.values()) < task.n and not self._is_interrupted:
                errors.seek(0)
                self.broken.append(
                    f"{task.source} ({task.engine}) ended after {sum(task.counts.values())} of "
                    f"{task.n} inputs with {process.returncode}:\n{errors.read()[-1000:]}"
                )

    def _hear(self, task: Task, told: dict[str, Any]) -> None:
        if "counts" in told:
            task.counts = Counter(told["counts"])
            return
        with self._lock:
            if (task.source, told["site"]) not in self.sites:
                self.sites[task.source, told["site"]] = str(self._saved(task, told))

    def _saved(self, task: Task, told: dict[str, Any]) -> Path:
        self._findings.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "_", f"{task.source} {told['kind']} {told['site']}")[:100]
        path = self._findings / f"{name}.bin"
        path.write_bytes(base64.b64decode(told["data"]))
        path.with_suffix(".txt").write_text(f"{told['site']}\n{told['detail']}\n")
        return path

    def _end_silent(self) -> None:
        for task in list(self._running):
            if time.monotonic() - task.heard > SILENT_S and task.process is not None:
                self.broken.append(f"{task.source} ({task.engine}) hung")
                task.process.kill()

    def _end_all(self) -> None:
        for task in list(self._running):
            if task.process is not None:
                task.process.kill()

    def _progress(self) -> None:
        begin = "\r" if sys.stderr.isatty() else ""
        if not begin and time.monotonic() - self._told < TELL_S:
            return
        self._told = time.monotonic()
        done = sum(sum(task.counts.values()) for task in self._all)
        text = f"{begin}{done} inputs, {len(self.sites)} findings "
        print(text, end="" if begin else "\n", file=sys.stderr, flush=True)

    def table(self) -> str:
        """Return what came of all inputs, a row for each source and engine."""
        rows: dict[tuple[str, str], Counter[str]] = {}
        for task in self._all:
            rows.setdefault((task.source, task.engine), Counter()).update(task.counts)
        total: Counter[str] = sum(rows.values(), Counter())
        head = f"{'source':22} {'engine':10} {'inputs':>8}" + "".join(f"{k:>11}" for k in KINDS)
        lines = [_row(*key, counts) for key, counts in rows.items()]
        return "\n".join([head, *sorted(lines), _row("all", "", total)])


def _row(source: str, engine: str, counts: Counter[str]) -> str:
    numbers = "".join(f"{counts[kind]:11}" for kind in KINDS)
    return f"{source:22} {engine:10} {sum(counts.values()):8}{numbers}"


def main() -> int:
    """Run it all; return 1 if something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("inputs", nargs="?", type=int, default=200_000)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    engines = ["hypothesis"]
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: no inputs led by coverage (pip install atheris)")
    else:
        engines.append("atheris")
    began = time.monotonic()
    fuzzing = Fuzzing(tasks(given.inputs, given.seed, given.only, engines), given.findings)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzzing.run(folder)
    print(f"\n{fuzzing.table()}")
    print(f"{time.monotonic() - began:.0f} s, seed {given.seed}")
    for (source, site), path in sorted(fuzzing.sites.items()):
        print(f"FOUND in {source}: {site}\n      {path}")
    for text in fuzzing.broken:
        print(f"BROKEN: {text}")
    return 1 if fuzzing.sites or fuzzing.broken else 0


if __name__ == "__main__":
    sys.exit(main())
