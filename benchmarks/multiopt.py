"""Many runs of the four jobs of examples/LJ_Ar_multiopt: none hangs, crashes or miscounts.

    python benchmarks/multiopt.py [repeats]

Each of multiopt1.in ... multiopt4.in runs `repeats` times (10 by default), each time with another
RandomSeed and in a process of its own, and all of that twice: as the inputs stand, and with
`Evaluator%Type Processes`, not ordered, on two workers. Of every run it is checked that it ends
within a generous time and with exit code 0, that its journal numbers the evaluations 1 ... n
without gap, and that no more than MaxTotalFunctionCalls evaluations were handed out (they are
counted where they are, so those in flight at the end are among them). Prints a line for each job,
then PASS or FAIL.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import orjson

EXAMPLE = Path(__file__).parents[1] / "examples/LJ_Ar_multiopt"
JOBS = ("multiopt1", "multiopt2", "multiopt3", "multiopt4")
MOST = 2500
AT_ONCE = 2
LIMIT_S = 120.0
"""Some fifty times what a run takes."""
EVALUATORS = {
    "as it stands": "   Ordered Yes",
    "Processes": "   Type Processes\n   Workers 2",
}


class Outcome(NamedTuple):
    """What came of a run."""

    started: int
    finished: int
    ends: Counter[str]
    best: float
    seconds: float
    problems: list[str]


def job(file: str) -> None:
    """Run a job in this process; write how many evaluations were handed out."""
    from paramsrun import session
    from paramsrun.cli.command import main

    made, submitted = session.evaluator_of, 0

    def counting(*args: Any) -> Any:
        evaluator = made(*args)
        submit = evaluator.submit

        def counted(task: Any) -> None:
            nonlocal submitted
            submitted += task.key.optimizer > 0
            submit(task)

        evaluator.submit = counted
        return evaluator

    session.evaluator_of = counting
    try:
        main([file])
    finally:
        Path("started").write_text(str(submitted))


def write_job(folder: Path, name: str, seed: int, evaluator: str) -> str:
    """Write a job's input and data; return the name of the input."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.in", "*.png", "*.results"))
    text = (EXAMPLE / f"{name}.in").read_text()
    text, n_seeds = re.subn(r"RandomSeed \d+", f"RandomSeed {seed}", text)
    text, n_evaluators = re.subn(r"   Ordered Yes.*", EVALUATORS[evaluator], text)
    assert n_seeds == n_evaluators == 1
    (folder / "job.in").write_text(text)
    return "job.in"


def run(root: Path, name: str, evaluator: str, seed: int) -> Outcome:
    """Run a job in a folder and a process of its own."""
    folder = root / f"{name} {evaluator} {seed}"
    command = [sys.executable, __file__, "--job", write_job(folder, name, seed, evaluator)]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return Outcome(0, 0, Counter(), 0.0, LIMIT_S, ["hangs"])
    seconds = time.perf_counter() - began
    if done.returncode != 0 or done.stderr:
        problem = f"exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-600:]}"
        return Outcome(0, 0, Counter(), 0.0, seconds, [problem])
    started = int((folder / "started").read_text())
    outcome = checked(folder / "job.results", started, seconds)
    shutil.rmtree(folder)
    return outcome


def checked(results: Path, started: int, seconds: float) -> Outcome:
    """Return what a journal tells, and what is wrong with it."""
    numbers: list[int] = []
    ends: Counter[str] = Counter()
    best, how = float("inf"), "nothing"
    for event in events(results):
        if event["e"] == "eval" and event["o"]:
            numbers.append(event["n"])
            best = min(best, float(event["fx"]))
        elif event["e"] == "end":
            ends[event["how"]] += 1
        elif event["e"] == "exit":
            how = event["how"]
            ends["job exit"] += len(event["living"])
    wrong = {
        "evaluations are not numbered 1 ... n": numbers != list(range(1, len(numbers) + 1)),
        f"it was ended by {how}": how not in ("conditions", "exhausted"),
        f"{started} evaluations were started": not len(numbers) <= started <= MOST,
        "an optimizer failed": ends["failed"] > 0,
    }
    problems = [problem for problem, is_so in wrong.items() if is_so]
    return Outcome(started, len(numbers), ends, best, seconds, problems)


def events(results: Path) -> Iterator[dict[str, Any]]:
    for segment in sorted((results / "optimization/journal").glob("*.jsonl")):
        for line in segment.read_bytes().splitlines():
            yield orjson.loads(line)


def row(name: str, evaluator: str, outcomes: list[Outcome]) -> str:
    finished = [one.finished for one in outcomes]
    ends = sum((one.ends for one in outcomes), Counter[str]())
    return (
        f"{name}  {evaluator:12}{len(outcomes):5}{min(finished):12}{max(finished):6}"
        f"{max(one.started for one in outcomes):9}{ends.total():12}{ends['converged']:11}"
        f"{ends['stopped']:9}{ends['job exit']:10}{mean(one.best < 32.8 for one in outcomes):9.0%}"
        f"{max(one.seconds for one in outcomes):9.1f}"
    )


def main() -> None:
    if sys.argv[1:2] == ["--job"]:
        job(sys.argv[2])
        return
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(
        "job        evaluator    runs  evaluations  (to) started  optimizers  converged  stopped"
        "  job exit  found it  longest"
    )
    problems = []
    with (
        tempfile.TemporaryDirectory(prefix="multiopt-") as root,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        for evaluator in EVALUATORS:
            for name in JOBS:
                seeds = range(1, repeats + 1)
                outcomes = list(pool.map(partial(run, Path(root), name, evaluator), seeds))
                print(row(name, evaluator, outcomes), flush=True)
                problems += [
                    f"{name}, {evaluator}, RandomSeed {seed}: {problem}"
                    for seed, one in zip(seeds, outcomes, strict=True)
                    for problem in one.problems
                ]
    for problem in problems:
        print("!", problem)
    print("FAIL" if problems else "PASS")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
