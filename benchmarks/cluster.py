"""What a cluster costs beside processes on one machine, and where its driver is the limit.

    python benchmarks/cluster.py [seconds]

(a) Evaluations a second of a loss that costs nothing and of losses that sleep 1, 10 and 200 ms, in
this process (Inline), in two processes (Processes) and on a cluster of two workers on this machine
(Dask). Runs of Processes and Dask alternate; their ratio is the median of neighbours, and that at
10 ms is printed beside its budget. A sleeping loss stands for one that is computed elsewhere: here
scheduler, driver and workers share the cores.
Results of a cluster come in bursts: less than 8 seconds of each show too little of it.
(b) A model of 1,000 and 10,000 workers by a virtual clock, fed with what (a) measures of a message:
points go out in chunks as `chunk_size` and `depth` say, each chunk takes the driver and the
scheduler so long as was measured, and its way to a worker and back. Printed is the share of time in
which workers compute, by the cost of the loss, and the rate at which the driver is full.
"""

import heapq
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paramsrun.evaluators.cluster import chunks
from paramsrun.evaluators.cluster import evaluator as evaluator_module
from paramsrun.evaluators.cluster.chunks import chunk_size, depth
from paramsrun.evaluators.cluster.start import start
from paramsrun.evaluators.contract import Evaluator, Task
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.processes import Processes
from paramsrun.job import Job
from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem
from paramsrun.settings.running import Evaluator as Settings

BUDGET = 0.9
LOSSES_S = (0.0, 0.001, 0.01, 0.2)
IN_FLIGHT = 64
IN_FLIGHT_FREE = 2048
REPEATS = 3
X = np.full(10, 0.5)


LOSS = """
import time

def loss(x):
    time.sleep({seconds})
    return float(x @ x)
"""
FREE = "def loss(x):\n    return float(x @ x)\n"
INTERFACE = "---\ndtype: Parameters\n" + "".join(
    f"---\nname: p{i}\nvalue: 0.7\nrange: [-1.0, 1.0]\nis_active: true\n" for i in range(len(X))
)


def sleeping(folder: Path, seconds: float) -> Problem:
    """Return a loss that takes so long."""
    module = f"loss_{1e6 * seconds:.0f}"
    (folder / f"{module}.py").write_text(LOSS.format(seconds=seconds) if seconds else FREE)
    (folder / "parameter_interface.yaml").write_text(INTERFACE)
    (folder / "params.in").write_text(f"Engine Function\n   Call {module}:loss\nEndEngine\n")
    return Job.load(folder / "params.in").problem


class Feeder:
    """Keeps so many evaluations in flight."""

    def __init__(self, evaluator: Evaluator, in_flight: int) -> None:
        self.evaluator = evaluator
        self.in_flight = in_flight
        self.n = 0

    def take(self) -> None:
        while self.evaluator.n_in_flight < self.in_flight:
            self.n += 1
            self.evaluator.submit(Task(Key(1, self.n), X))
        while self.evaluator.next_done(1.0) is None:
            pass


def rate(evaluator: Evaluator, seconds: float, in_flight: int) -> float:
    """Return the evaluations a second once all is started."""
    feeder = Feeder(evaluator, in_flight)
    try:
        warm_until = time.perf_counter() + 1.5
        feeder.take()
        while time.perf_counter() < warm_until:
            feeder.take()
        n, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            feeder.take()
            n += 1
        return n / (time.perf_counter() - began)
    finally:
        evaluator.close()


def on_dask(problem: Problem) -> Evaluator:
    return start(problem, Settings(type="Dask"), 2, 1, Path())


def compared(problem: Problem, seconds: float, in_flight: int) -> tuple[float, float, float]:
    """Return the rates of Processes and Dask, and the median ratio of neighbours."""
    pairs = [
        (
            rate(Processes(problem, 2), seconds, in_flight),
            rate(on_dask(problem), seconds, in_flight),
        )
        for _ in range(REPEATS)
    ]
    processes, dask = (statistics.median(side) for side in zip(*pairs, strict=True))
    return processes, dask, statistics.median(d / p for p, d in pairs)


class Message(NamedTuple):
    """What a chunk costs driver and scheduler, beside its way."""

    chunk_s: float
    point_s: float
    way_s: float


def measured(free: Problem, seconds: float) -> Message:
    """Measure the cost of a chunk, of a point within one, and the way there and back."""
    many = rate(on_dask(free), seconds, IN_FLIGHT_FREE)
    most, ahead = chunks.MAX_CHUNK, evaluator_module.depth
    chunks.MAX_CHUNK = 1
    try:
        one = rate(on_dask(free), seconds, 1)
        evaluator_module.depth = lambda point_s: 100  # so that no worker waits for its messages
        alone = rate(on_dask(free), seconds, 256)
    finally:
        chunks.MAX_CHUNK, evaluator_module.depth = most, ahead
    point_s = 1.0 / many
    return Message(max(0.0, 1.0 / alone - point_s), point_s, 1.0 / one)


def busy(n_workers: int, loss_s: float, message: Message, chunks_each: int = 12) -> float:
    """Return the share of time in which workers compute, from a model by virtual clock.

    Driver and scheduler are one server that handles each chunk once; there are always points.
    """
    rng = random.Random(1)
    size = chunk_size(loss_s, 10**9, 1, n_workers)
    ahead = depth(loss_s)
    free_at = [0.0] * n_workers
    server_at = 0.0
    events = [(0.0, worker) for worker in range(n_workers) for _ in range(ahead)]
    heapq.heapify(events)
    computed_s = 0.0
    service_s = message.chunk_s + size * message.point_s
    end = 0.0
    for _ in range(chunks_each * ahead * n_workers):
        now, worker = heapq.heappop(events)
        server_at = max(server_at, now) + service_s
        work_s = size * loss_s * rng.uniform(0.8, 1.2)
        free_at[worker] = max(free_at[worker], server_at + message.way_s / 2) + work_s
        heapq.heappush(events, (free_at[worker] + message.way_s / 2, worker))
        computed_s += work_s
        end = max(end, free_at[worker])
    return computed_s / (n_workers * end)


def tell_rates(folder: Path, seconds: float) -> Message:
    """Print what two workers compute; return what a message costs."""
    print("Evaluations a second; in two workers, Processes and Dask:")
    print("   loss       Inline   Processes       Dask   Dask/Processes")
    for loss_s in LOSSES_S:
        problem = sleeping(folder, loss_s)
        inline = rate(Inline(problem), min(seconds, 1.0), 1)
        in_flight = IN_FLIGHT if loss_s else IN_FLIGHT_FREE
        processes, dask, ratio = compared(problem, seconds, in_flight)
        budget = f"  (budget {BUDGET})" if loss_s == 0.01 else ""
        name = f"{1e3 * loss_s:g} ms" if loss_s else "free"
        print(f"   {name:7} {inline:9.0f} {processes:11.1f} {dask:10.1f} {ratio:8.2f}{budget}")
    return measured(sleeping(folder, 0.0), seconds)


def tell_model(message: Message) -> None:
    print(
        f"A chunk costs {1e3 * message.chunk_s:.2f} ms, a point in it {1e6 * message.point_s:.0f} "
        f"us, the way there and back {1e3 * message.way_s:.1f} ms."
    )
    full = 1.0 / (message.chunk_s / chunks.MAX_CHUNK + message.point_s)
    print(f"The driver is full at {full:.0f} points a second in chunks of {chunks.MAX_CHUNK},")
    print(f"at {1.0 / (message.chunk_s + message.point_s):.0f} a second one by one.")
    print("Share of time in which workers compute, in a model:")
    print("   loss          1,000 workers   10,000 workers")
    for loss_s in (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0):
        shares = [busy(n, loss_s, message) for n in (1_000, 10_000)]
        print(f"   {loss_s:6g} s {shares[0]:18.3f} {shares[1]:16.3f}", flush=True)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with tempfile.TemporaryDirectory() as name:
        message = tell_rates(Path(name), seconds)
    tell_model(message)


if __name__ == "__main__":
    main()
