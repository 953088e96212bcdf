"""Studies that processes share: what a trial costs, and that none is lost or done twice.

    python benchmarks/study.py speed [trials]     milliseconds a trial, against bare Optuna
    python benchmarks/study.py kills [trials]     4 processes, one of them killed every 20 trials

The databases are SQLite and, where it is installed, a PostgreSQL server that is started for it on a
loopback port. A killed process is resumed under another name. Heartbeats are those of real jobs.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, chdir
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from paramsrun.job import Job
from tests.optimizers.study.jobs import INTERFACE, LOSS, begin, points, shared_job, study_in
from tests.optimizers.study.server import programs, server

PROCESSES = 4
EVERY = 20
COMMAND = "from paramsrun.cli.command import main; main()"
SLOW = f"{LOSS}\nimport time\ndef loss(p, _loss=loss):\n    time.sleep(0.1)\n    return _loss(p)\n"
ALONE = "Optimizer\n  Type Optuna\n  Optuna\n    NumberOfTrials {n}\n    BatchSize 1\n  End\nEnd\n"


def storages(stack: ExitStack, folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/study.db"
    if programs() is None:
        print("PostgreSQL is not installed")
        return
    one = stack.enter_context(server())
    yield one.create(folder.name)


def finished(folder: Path) -> int:
    """Return how many evaluations all processes have journaled."""
    journals = folder.glob("*.results/optimization/journal/*.jsonl")
    return sum(path.read_bytes().count(b'{"e":"eval"') for path in journals)


def resumed(folder: Path, name: str, killed: str) -> "subprocess.Popen[str]":
    """Go on with a killed process's run; with nothing, if it had not begun."""
    if (folder / f"{killed}.results").is_dir():
        return begin(folder, name, "--resume", f"{killed}.results", code=COMMAND)
    return begin(folder, name, code=COMMAND)


def kills(storage: str, n: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared_job(folder, storage, n, SLOW)
        alive = {f"p{k}": begin(folder, f"p{k}", code=COMMAND) for k in range(PROCESSES)}
        ended: dict[str, subprocess.Popen[str]] = {}
        k, began = PROCESSES, time.monotonic()
        while alive:
            time.sleep(0.05)
            ended |= {name: one for name, one in alive.items() if one.poll() is not None}
            alive = {name: one for name, one in alive.items() if name not in ended}
            seen = finished(folder)
            if alive and EVERY * (k - PROCESSES + 1) <= seen < n:
                victim = [*alive][k % len(alive)]
                alive[victim].send_signal(signal.SIGKILL)
                alive.pop(victim).wait()
                alive[f"p{k}"] = resumed(folder, f"p{k}", victim)
                k += 1
        seconds = time.monotonic() - began
        for name, one in ended.items():
            if one.returncode:
                print(f"{name} ended with {one.returncode}: {one.communicate()[0]}")
        study = study_in(storage)
        done = points(study)
        kinds = dict(Counter(trial.state.name for trial in study.trials))
        lost = len(set(points(study, "FAIL")) - set(done))
        print(
            f"{storage.partition(':')[0]:20} {k - PROCESSES} killed, {seconds:.0f} s: {kinds}, "
            f"{n - len(set(done))} points twice, {lost} lost",
            flush=True,
        )


def run(folder: Path, text: str, name: str) -> float:
    """Return the seconds of a run after its start-up."""
    (folder / "params.in").write_text(text)
    with chdir(folder), Job.load(folder / "params.in", name) as job:
        began = time.perf_counter()
        job.run(echo=lambda line: None)
        return time.perf_counter() - began


def bare(storage: str | None, n: int) -> float:
    """Return the seconds of a search of Optuna's own."""
    import math

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    began = time.perf_counter()
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=1))
    for _ in range(n):
        trial = study.ask()
        lr = trial.suggest_float("lr", 1e-5, 0.1, log=True)
        width = trial.suggest_int("width", 4, 64)
        last = {"relu": 0.0, "tanh": 0.3, "gelu": 0.1}[
            trial.suggest_categorical("act", ["relu", "tanh", "gelu"])
        ]
        study.tell(trial, (math.log10(lr) + 3.0) ** 2 + abs(width - 40) / 40 + last)
    return time.perf_counter() - began


def speed(storage: str | None, n: int) -> str:
    """Return what is printed of searches of n trials; each imports what it needs before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = shared_job(folder, storage or "", n).read_text()
        assert (folder / "parameter_interface.yaml").read_text() == INTERFACE
        if storage is None:
            text = text.partition("Optimizer\n")[0] + ALONE.format(n=n)
        ours, theirs = run(folder, text, "job"), bare(storage, n)
    what = "in memory" if storage is None else storage.partition(":")[0]
    return (
        f"{what:20} {1e3 * ours / n:6.1f} ms a trial, Optuna {1e3 * theirs / n:6.1f}  "
        f"ratio {ours / theirs:.2f}"
    )


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "speed"
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if what == "kills":
            for storage in storages(stack, folder):
                kills(storage, n)
            return
        speed(None, 20)
        print(speed(None, n), flush=True)
        for storage in storages(stack, folder):
            print(speed(storage, n), flush=True)


if __name__ == "__main__":
    main()
