"""Tries to make the program execute, read or overwrite what it should not, by what it loads.

    python benchmarks/malice.py [--category TEXT] [--jobs 2]

It makes every attempt of tests/malice: checkpoints, journals, results folders, YAML files,
expressions, names and user code made to do harm, with all hashes as they should be. Each is made
in a process of its own with a bound on memory and time, whose every opened file, program, import
and connection is watched. A table tells by category how many attempts there were, how many led to
an execution, touched a file outside of the working folder, ended in a traceback (a hang counts as
one), or were told in a way that does not say what is wrong. The goal is 0 of each, with at least
60 attempts; the exit code is 1 where it is missed. A process takes a second to start: all of it
takes some minutes on two idle cores. Ctrl-C prints what there is so far.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.malice.attempt import Attempt
from tests.malice.base import built
from tests.malice.catalogue import CATALOGUE
from tests.malice.judge import PATIENCE_S, Verdict, judged

WANTED = 60
COLUMNS = ("executed", "touched", "traceback", "unclear")
HEADS = ("attempts", "executions", "touched outside", "tracebacks", "unclear")


def one(category: str, name: str, base: Path, root: Path) -> None:
    """Make one attempt in this process; print the verdict."""
    attempt = next(a for a in CATALOGUE[category] if a.name == name)
    verdict = judged(attempt, base, root)
    sys.__stdout__.write("\n" + json.dumps(asdict(verdict)) + "\n")  # type: ignore[union-attr]


def apart(category: str, attempt: Attempt, base: Path, root: Path) -> Verdict:
    """Make one attempt in a process of its own."""
    root.mkdir()
    command = [sys.executable, __file__, "--one", category, attempt.name, str(base), str(root)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(traceback="it hangs")
    try:
        return Verdict(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        return Verdict(traceback=f"exit code {done.returncode}\n{done.stderr[-2000:]}")


def tried(wanted: str, jobs: int) -> dict[str, list[tuple[Attempt, Verdict]]]:
    """Make the attempts of all categories whose name holds a text; show each that succeeds."""
    found: dict[str, list[tuple[Attempt, Verdict]]] = {}
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folder as name, ThreadPoolExecutor(jobs) as pool:
        base = built(Path(name) / "base")
        made = [
            (
                category,
                a,
                pool.submit(
                    apart, category, a, base, Path(name) / f"{list(CATALOGUE).index(category)}-{k}"
                ),
            )
            for category, attempts in CATALOGUE.items()
            if wanted in category
            for k, a in enumerate(attempts)
        ]
        try:
            for category, attempt, future in made:
                verdict = future.result()
                found.setdefault(category, []).append((attempt, verdict))
                if verdict.faults:
                    print(f"{category}: {attempt.name}", verdict.faults, verdict.output, sep="\n  ")
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            pool.shutdown(cancel_futures=True)
            print("Interrupted; so far:")
    return found


def table(found: dict[str, list[tuple[Attempt, Verdict]]]) -> tuple[str, list[int]]:
    """Return the table, and its last row."""
    rows = {
        category: [len(all_), *(sum(bool(getattr(v, c)) for _, v in all_) for c in COLUMNS)]
        for category, all_ in found.items()
    }
    total = [sum(column) for column in zip(*rows.values(), strict=True)] or [0] * len(HEADS)
    width = max(map(len, [*rows, "all"]))
    lines = [f"{'':{width}}  " + "  ".join(HEADS)]
    for name, row in [*rows.items(), ("all", total)]:
        cells = (f"{n:{len(head)}}" for n, head in zip(row, HEADS, strict=True))
        lines.append(f"{name:{width}}  " + "  ".join(cells))
    return "\n".join(lines), total


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        category, name, base, root = sys.argv[2:]
        one(category, name, Path(base), Path(root))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--category", default="", help="only those whose name holds this text")
    parser.add_argument("--jobs", type=int, default=2, help="attempts at once")
    given = parser.parse_args()
    found = tried(given.category, given.jobs)
    text, (n, *faults) = table(found)
    print(text)
    enough = bool(given.category) or n >= WANTED
    return 0 if enough and not any(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
