"""What a second worker brings, what a worker costs, and what killing workers loses.

    python benchmarks/parallel.py [calls]

(a) Whole jobs with one and with two workers: CMA-ES on a loss that sleeps 10 ms and on one that
computes for 10 ms; runs alternate, start-up is left out, and the ratio of neighbours is printed
beside its budget. A machine whose two cores are busy otherwise cannot show the second.
(b) The time of one evaluation of a loss that costs nothing, by evaluator.
(c) 1,000 evaluations while a worker is killed every 50: how many were lost and how many doubled.
"""

import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from paramsrun.evaluators.contract import Done, Evaluator, Task
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.processes import Processes
from paramsrun.job import Job
from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem

N = 10
BUDGET = 1.9
STARTED = 48
LOSSES = """
import time

def sleeping(x):
    time.sleep(0.01)
    return float(x @ x)

def computing(x):
    until = time.thread_time() + 0.01
    while time.thread_time() < until:
        pass
    return float(x @ x)

def free(x):
    return float(x @ x)
"""
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [-1.0, 1.0]\nis_active: true\n" for i in range(N)
)


def job(folder: Path, loss: str, workers: int, calls: int) -> Job:
    """Return a job of one CMA-ES after the other."""
    (folder / "losses.py").write_text(LOSSES)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    (folder / "params.in").write_text(
        f"RandomSeed 1\nEngine Function\n   Call losses:{loss}\nEndEngine\n"
        "Optimizer\n   Type CMAES\n   CMAES\n      Popsize 12\n   End\nEnd\n"
        f"ParallelLevels ParameterVectors={workers}\n"
        f"Evaluator Type=Processes Workers={workers}\n"
        f"ResultsDirectory {folder}/out{workers}\n"
        f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {calls}\nEnd\n"
    )
    return Job.load(folder / "params.in")


def evaluations_each_second(loss: str, workers: int, calls: int) -> float:
    """Return the rate of a whole job, by the times in its journal, from generation 5 on."""
    with tempfile.TemporaryDirectory() as name:
        job(Path(name), loss, workers, calls).run(echo=lambda line: None)
        segments = sorted(Path(name).glob("out*/optimization/journal/*.jsonl"))
        events = [json.loads(line) for path in segments for line in path.open()]
    times = [event["t"] for event in events if event["e"] == "eval"][STARTED:]
    return (len(times) - 1) / (times[-1] - times[0])


def gain(loss: str, calls: int, repeats: int = 3) -> str:
    ratios = []
    for _ in range(repeats):
        one, two = (evaluations_each_second(loss, workers, calls) for workers in (1, 2))
        ratios.append(two / one)
    return f"{statistics.median(ratios):.2f}  (each {', '.join(f'{r:.2f}' for r in ratios)})"


def driven(evaluator: Evaluator, n: int, in_flight: int, x: np.ndarray) -> Iterator[Done]:
    submitted = 0
    for finished in range(n):
        while submitted < min(n, finished + in_flight):
            submitted += 1
            evaluator.submit(Task(Key(1, submitted), x))
        done = evaluator.next_done()
        assert done is not None
        yield done


def us_each(evaluator: Evaluator, in_flight: int, x: np.ndarray, n: int = 20_000) -> float:
    """Return the microseconds of an evaluation once all is started."""
    for _ in driven(evaluator, 200, in_flight, x):
        pass
    began = time.perf_counter()
    for _ in driven(evaluator, n, in_flight, x):
        pass
    evaluator.close()
    return (time.perf_counter() - began) / n * 1e6


def killed_now_and_then(problem: Problem, x: np.ndarray, n: int = 1000) -> Counter[int]:
    """Return how often each evaluation came back."""
    evaluator = Processes(problem, 2)
    seen: Counter[int] = Counter()
    rng = random.Random(1)
    for done in driven(evaluator, n, 4, x):
        seen[done[0].key.number] += 1
        assert not done[1].failures
        if seen.total() % 50 == 0:
            os.kill(rng.choice(evaluator.pids), signal.SIGKILL)
    evaluator.close()
    return seen


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    print(f"Two workers against one, whole jobs of {calls} evaluations (budget {BUDGET}):")
    for loss in ("sleeping", "computing"):
        print(f"   10 ms of {loss:10} {gain(loss, calls)}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        problem = job(Path(name), "free", 1, 1).problem
        x = np.full(N, 0.5)
        print("A loss that costs nothing, us an evaluation:")
        print(f"   Inline                   {us_each(Inline(problem), 1, x):6.1f}")
        for workers, in_flight in ((1, 1), (1, 4), (2, 8)):
            us = us_each(Processes(problem, workers), in_flight, x)
            print(f"   {workers} workers, {in_flight} in flight   {us:6.1f}")
        seen = killed_now_and_then(problem, x)
    doubled = sum(times - 1 for times in seen.values())
    print("1,000 evaluations, a worker killed every 50:")
    print(f"   lost {1000 - len(seen)}, doubled {doubled}")


if __name__ == "__main__":
    main()
