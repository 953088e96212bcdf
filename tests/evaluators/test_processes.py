"""Whatever happens to a worker costs at most one point."""

import os
import pickle
import random
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from paramsrun.errors import NoRoom, RunError
from paramsrun.evaluators import crew
from paramsrun.evaluators import processes as module
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.processes import Processes
from paramsrun.problem.contract import Key
from tests.evaluators.conftest import Make
from tests.evaluators.losses import (
    Ending,
    Forking,
    Leaking,
    LoadableLate,
    LoadableOnce,
    Perilous,
    Slow,
    Sphere,
    Threads,
    Unloadable,
    results,
    task,
)
from tests.problem.conftest import JobFolder


def engine_jobs(folder: JobFolder) -> None:
    pass


def function(folder: JobFolder) -> None:
    folder.write("params.in", "Engine Function\n  Call mine:f\nEndEngine\n")
    folder.edit("parameter_interface.yaml", {"dtype: LennardJonesParameters": "dtype: Parameters"})
    folder.write("mine.py", "def f(x):\n    print(x)\n    return [v / 3 for v in x]\n")
    for name in ("job_collection.yaml", "training_set.yaml"):
        (folder.path / name).unlink()


@pytest.mark.parametrize("write", [engine_jobs, function])
def test_results_are_those_of_inline_to_the_last_bit(
    processes: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    write: Callable[[JobFolder], None],
) -> None:
    monkeypatch.setattr("sys.path", sys.path.copy())
    folder = JobFolder(tmp_path)
    write(folder)
    problem = folder.problem()
    rng = np.random.default_rng(1)
    low, high = problem.parameters.bounds.T
    points = [low + (high - low) * rng.random(len(low)) for _ in range(20)]
    found = []
    for evaluator in (processes(problem), Inline(problem)):
        for number, x in enumerate(points):
            evaluator.submit(task(number, x))
        done = [d for _ in points if (d := evaluator.next_done())]
        found.append({d[0].key.number: pickle.dumps(d[1]) for d in done})
        assert all(np.isfinite(d[1].fx) for d in done)
        printed = capfd.readouterr().out
        assert bool(printed) == (write is function and type(evaluator) is Inline)
    assert len(found[0]) == len(points)
    assert found[0] == found[1]


def test_every_task_comes_back_once_as_it_was_submitted(processes: Make) -> None:
    submitted = [task(n) for n in range(1, 101)]
    evaluator = processes(Sphere())
    for one in submitted:
        evaluator.submit(one)
    returned = [done[0] for _ in submitted if (done := evaluator.next_done())]
    assert sorted(map(id, returned)) == sorted(map(id, submitted))


def test_a_child_that_a_loss_forks_answers_for_no_point(processes: Make) -> None:
    evaluator = processes(Forking((3, 4, 9)), 1)
    found = {done.key.number: evaluation.fx for done, evaluation in results(evaluator, 30)}
    assert found == {number: float(number) for number in range(1, 31)}


def test_what_arrived_before_the_end_of_the_run_is_given_out(
    processes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREFETCH_BELOW_S", inf)
    evaluator = processes(Ending(at=3), 1, retries=0)
    for number in (1, 2, 3):  # the third goes to the worker along with the second
        evaluator.submit(task(number))
    (pid,) = evaluator.pids
    assert isinstance(evaluator.next_done(), tuple)
    with suppress(ChildProcessError):  # it was waited for already
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    done = evaluator.next_done()
    assert done is not None
    assert done[0].key.number == 2
    with pytest.raises(NoRoom, match="the disk is full"):
        evaluator.next_done()


@pytest.mark.parametrize("n_predictions", [1, 100_000])
def test_killed_workers_lose_and_double_nothing(processes: Make, n_predictions: int) -> None:
    n = 1000 if n_predictions == 1 else 300
    rng = random.Random(1)
    evaluator = processes(Sphere(n_predictions), retries=n)
    numbers = []
    for (done, evaluation), _ in zip(results(evaluator, n, 6), range(n), strict=True):
        numbers.append(done.key.number)
        assert evaluation.fx == done.x @ done.x
        assert evaluation.training.predictions is not None
        assert len(evaluation.training.predictions) == n_predictions
        if len(numbers) % 50 == 0:
            os.kill(rng.choice(evaluator.pids), signal.SIGKILL)
    assert sorted(numbers) == [*range(1, n + 1)]


class Hurrying:
    """A clock that leaps while all that workers compute are points that hang.

    So no other point can be late, however long its worker has to wait for the machine.
    """

    def __init__(self, hanging: Iterable[int], notes: Path | None = None) -> None:
        self.hanging = {*hanging}
        self.notes = notes
        """Holds a line for each evaluation that began, if it matters that they did."""
        self.evaluator: Processes | None = None
        self._ahead_s = 0.0

    def __call__(self) -> float:
        if self.evaluator is not None and self._only_hangs(self.evaluator):
            self._ahead_s += 500.0
        return monotonic() + self._ahead_s

    def _only_hangs(self, evaluator: Processes) -> bool:
        workers = evaluator._crew.workers
        now = [worker.tasks[0].task.key.number for worker in workers if worker.tasks]
        begun = self.notes is None or (
            self.notes.exists() and self.notes.read_text().endswith("\n")
        )
        return bool(now) and begun and {*now} <= self.hanging and all(w.is_ready for w in workers)


def test_bad_points_fail_alone_each_for_its_own_reason(processes: Make) -> None:
    reasons = {
        "hang": "it took longer than 1000 s (Timeout)",
        "raise": "ValueError: no such state",
        "nan": "the loss is not a number",
        "die": "the worker that computed it ended with exit code 3 (2 times)",
        "outgrow": "it needs more memory than 150 MB (Memory)",
    }
    expected = {
        10 * (k + 1) + 100 * i: act for i in range(2) for k, act in enumerate(sorted(reasons))
    }
    clock = Hurrying(number for number, act in expected.items() if act == "hang")
    problem = Perilous((*expected.items(),))
    evaluator = processes(problem, timeout_s=1000.0, memory_mb=150.0, retries=1, clock=clock)
    clock.evaluator = evaluator
    found = {done.key.number: evaluation for done, evaluation in results(evaluator, 200)}
    assert sorted(found) == [*range(1, 201)]
    for number, evaluation in found.items():
        if number in expected:
            (failure,) = evaluation.failures
            assert evaluation.fx == float("inf")
            assert failure == ("Evaluator", reasons[expected[number]])
        else:
            assert (evaluation.fx, evaluation.failures) == (number, ())


@pytest.mark.parametrize(
    ("act", "begun"), [("die", 3), ("hang", 1), ("raise", 1), ("nan", 1), ("outgrow", 1)]
)
def test_only_a_point_whose_worker_died_is_tried_again(
    processes: Make, tmp_path: Path, act: str, begun: int
) -> None:
    problem = Perilous(((1, act),), tmp_path / "notes")
    clock = Hurrying([1] if act == "hang" else [], tmp_path / "notes")
    evaluator = processes(problem, 1, timeout_s=1000.0, memory_mb=150.0, clock=clock)
    clock.evaluator = evaluator
    list(results(evaluator, 1))
    assert len((tmp_path / "notes").read_text().split()) == begun


def test_memory_that_earlier_points_leaked_fails_no_later_one(processes: Make) -> None:
    evaluator = processes(Leaking(), 1, memory_mb=250.0)
    found = [evaluation for _, evaluation in results(evaluator, 15)]
    assert not any(evaluation.failures for evaluation in found)
    assert max(evaluation.fx for evaluation in found) < 15.0


def test_memory_below_what_a_worker_takes_is_an_error(processes: Make) -> None:
    evaluator = processes(Sphere(), memory_mb=1.0)
    with pytest.raises(RunError, match=r"Evaluator%Memory 1 is too little: a worker takes \d+ MB"):
        list(results(evaluator, 1))


def test_large_points_and_results_cannot_block_each_other(processes: Make) -> None:
    evaluator = processes(Sphere(200_000))
    x = np.zeros(200_000)
    for number in range(20):
        evaluator.submit(task(number, x))
    assert {d[0].key.number for _ in range(20) if (d := evaluator.next_done())} == {*range(20)}


def test_waiting_ends_with_its_time(processes: Make) -> None:
    evaluator = processes(Slow(1000.0), 1)
    evaluator.submit(task(1))
    assert evaluator.next_done(0.0) is None
    assert evaluator.next_done(0.3) is None


def test_workers_are_started_as_there_is_work(processes: Make) -> None:
    evaluator = processes(Sphere(), 8)
    assert evaluator.pids == []
    list(results(evaluator, 5, in_flight=1))
    assert len(evaluator.pids) == 1
    list(results(evaluator, 5, in_flight=3))
    assert len(evaluator.pids) == 3


def test_one_slow_point_holds_up_no_other(processes: Make) -> None:
    evaluator = processes(Slow(0.03, ((1, 1000.0),)))
    for number in range(1, 11):
        evaluator.submit(task(number))
    done = [d[0].key.number for _ in range(9) if (d := evaluator.next_done())]
    assert sorted(done) == [*range(2, 11)]


def test_workers_take_no_notice_of_sigint(processes: Make) -> None:
    evaluator = processes(Slow(0.2), 1)
    list(results(evaluator, 1))
    (pid,) = evaluator.pids
    evaluator.submit(task(2))
    os.kill(pid, signal.SIGINT)
    done = evaluator.next_done()
    assert done is not None
    assert not done[1].failures
    assert evaluator.pids == [pid]


@pytest.mark.parametrize(("threads", "seen"), [(1, 1.0), (3, 3.0), (-1, 7.0)])
def test_threads_are_set_before_anything_is_imported(
    processes: Make, monkeypatch: pytest.MonkeyPatch, threads: int, seen: float
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    ((_, evaluation),) = results(processes(Threads(), threads=threads), 1)
    assert evaluation.fx == seen


def test_a_problem_that_cannot_be_sent_is_an_error(processes: Make) -> None:
    with pytest.raises(RunError, match="The problem cannot be sent to workers"):
        processes(lambda x: x)


def test_a_problem_that_workers_cannot_load_is_an_error(processes: Make) -> None:
    evaluator = processes(Unloadable(dies=False))
    with pytest.raises(RunError, match=r"cannot take the problem .*ImportError: no module of that"):
        list(results(evaluator, 1))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file that problems look for as a worker takes them."""
    (tmp_path / "data").touch()
    return tmp_path / "data"


def test_the_run_goes_on_while_a_worker_is_left_that_took_the_problem(
    processes: Make, data: Path
) -> None:
    evaluator = processes(LoadableOnce(data, 0))
    found = {done.key.number: evaluation.fx for done, evaluation in results(evaluator, 600)}
    assert found == {number: float(number) for number in range(1, 601)}


def test_a_worker_that_takes_the_problem_late_is_waited_for_whatever_others_do(
    processes: Make, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PAUSE_S", 0.001)
    n = crew.MAX_FAILED_STARTS + 1
    evaluator = processes(LoadableLate(data, tmp_path / "notes", n))
    assert {done.key.number for done, _ in results(evaluator, 10)} == {*range(1, 11)}


@pytest.mark.parametrize("reason", ["late", "large"])
def test_no_worker_is_blamed_that_has_answered_meanwhile(
    processes: Make, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    ahead_s = [0.0]
    evaluator = processes(
        Slow(0.0), 1, timeout_s=1000.0, memory_mb=1e6, clock=lambda: monotonic() + ahead_s[0]
    )
    list(results(evaluator, 1))
    evaluator.submit(task(2))
    pids, speaking = evaluator.pids, evaluator._crew.speaking
    assert speaking(60.0)
    monkeypatch.setattr(evaluator._crew, "speaking", lambda seconds: [])  # it came just afterwards
    if reason == "late":
        ahead_s[0] = 2000.0
    else:
        evaluator._glance_at = -inf
        monkeypatch.setattr(module, "resident_mb", lambda pid: 2e6)
    done = evaluator.next_done()
    assert done is not None
    assert (done[1].fx, done[1].failures) == (2.0, ())
    assert evaluator.pids == pids


def test_no_point_fails_where_no_new_worker_can_take_the_problem(
    processes: Make, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PAUSE_S", 0.01)
    evaluator = processes(LoadableOnce(data, 5), 1)
    found: list[float] = []
    with pytest.raises(RunError, match="a worker cannot take the problem: FileNotFoundError"):
        found.extend(e.fx for _, e in results(evaluator, 10, 1))
    assert found == [1.0, 2.0, 3.0, 4.0]


def test_workers_that_never_start_are_an_error(
    processes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PAUSE_S", 0.01)
    evaluator = processes(Unloadable(dies=True))
    with pytest.raises(RunError, match="a worker ended with exit code 7 before it could take"):
        list(results(evaluator, 1))


def test_a_system_without_room_for_a_worker_is_an_error(
    processes: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PAUSE_S", 0.01)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(RunError, match="the system refuses a further process: No such file"):
        list(results(processes(Sphere()), 1))


def test_a_key_arrives_as_it_is(processes: Make) -> None:
    evaluator = processes(Slow(0.0), 1)
    evaluator.submit(task(42))
    done = evaluator.next_done()
    assert done is not None
    assert done[0].key == Key(1, 42)
    assert done[1].fx == 42.0
