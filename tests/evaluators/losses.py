"""Problems that workers can be sent, and what can happen to those that compute them."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.errors import NoRoom
from paramsrun.evaluators.contract import Done, Evaluator, Task
from paramsrun.problem.contract import Evaluation, Key, SetEvaluation

LEAKED: list[Any] = []


def of(fx: float) -> Evaluation:
    return Evaluation(fx, SetEvaluation(fx))


@dataclass
class Sphere:
    """The sum of squares; its predictions are so many numbers."""

    n_predictions: int = 3

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        fx = float(x @ x)
        return Evaluation(fx, SetEvaluation(fx, np.full(self.n_predictions, fx)))


@dataclass
class Slow:
    """Takes so long, or for each number so long."""

    seconds: float
    of_number: tuple[tuple[int, float], ...] = ()

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        time.sleep(dict(self.of_number).get(key.number, self.seconds))
        return of(float(key.number))


def hang() -> None:
    """Compute for years in one piece of C, which lets no other thread of the process run."""
    sum(range(10**13))


def outgrow() -> None:
    np.ones(20_000_000)


def die() -> None:
    os._exit(3)


def give_up() -> None:
    raise ValueError("no such state")


ACTS = {"hang": hang, "outgrow": outgrow, "die": die, "raise": give_up}


@dataclass
class Perilous:
    """Does something bad at some numbers; notes each evaluation that begins in a file, if any."""

    acts: tuple[tuple[int, str], ...]
    notes: Path | None = None

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        if self.notes is not None:
            with self.notes.open("a") as file:
                file.write(f"{key.number}\n")
        act = dict(self.acts).get(key.number)
        if act == "nan":
            return of(float("nan"))
        if act is not None:
            ACTS[act]()
        return of(float(key.number))


@dataclass
class Ending:
    """Ends the run at a number."""

    at: int

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        if key.number == self.at:
            raise NoRoom("the disk is full")
        return of(float(key.number))


@dataclass
class NotesSecond:
    """Writes down which process computes number 2, and takes for ever there."""

    file: Path

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        if key.number == 2:
            self.file.write_text(f"{os.getpid()}\n")
            time.sleep(1e6)
        return of(float(key.number))


@dataclass
class Leaking:
    """Keeps 32 MB of each evaluation."""

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        LEAKED.append(np.ones(4_000_000))
        return of(float(len(LEAKED)))


@dataclass
class Threads:
    """Gives the number of threads that the environment allows."""

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        return of(float(os.environ["OPENBLAS_NUM_THREADS"]))


@dataclass
class Forking:
    """Forks at some numbers, and lets the child come back from the evaluation, too."""

    at: tuple[int, ...]
    children: list[int] = field(default_factory=list)

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        if key.number in self.at:
            child = os.fork()
            if child:
                self.children.append(child)
            else:
                raise SystemExit
        return of(float(key.number))


class Unloadable:
    """Cannot be taken by a worker."""

    def __init__(self, dies: bool) -> None:
        self.dies = dies

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["dies"]:
            os._exit(7)
        raise ImportError("no module of that name")

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        return of(0.0)


class LoadableOnce:
    """Can be taken by one worker; no file is there for a second one."""

    def __init__(self, file: Path, dies_at: int) -> None:
        self.file = file
        self.dies_at = dies_at

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self.file.unlink()

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        if key.number == self.dies_at:
            die()
        time.sleep(0.001)
        return of(float(key.number))


class LoadableLate:
    """Can be taken by one worker, once so many others could not take it."""

    def __init__(self, file: Path, notes: Path, n: int) -> None:
        self.file = file
        self.notes = notes
        self.n = n

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        try:
            self.file.unlink()
        except FileNotFoundError:
            with self.notes.open("a") as notes:
                notes.write("x")
            raise
        while not self.notes.exists() or self.notes.stat().st_size < self.n:
            time.sleep(0.01)

    def evaluate(self, x: Vector, key: Key) -> Evaluation:
        return of(float(key.number))


def task(number: int, x: Vector | None = None) -> Task:
    return Task(Key(1, number), np.array([float(number), 0.5]) if x is None else x)


def results(evaluator: Evaluator, n: int, in_flight: int = 4) -> Iterator[Done]:
    """Evaluate numbers 1 to n, so many at a time; each result comes once."""
    submitted = 0
    for finished in range(n):
        while submitted < min(n, finished + in_flight):
            submitted += 1
            evaluator.submit(task(submitted))
        done = evaluator.next_done()
        assert done is not None
        yield done
