"""`paramsrun status FOLDER`, of a run or one of its optimizers, and of folders that hold none."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from paramsrun.manager.events import Context, End, Eval, Exit, Run, Start
from paramsrun.problem.scaling import Kind
from paramsrun.results.folder import JOURNAL
from paramsrun.results.journal import Journal
from tests.cli.jobs import contents, function_job, paramsrun

RESULTS = Path("x.results")
INF = float("inf")


def test_an_ended_run_tells_what_its_summary_tells(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    before = contents(tmp_path)
    result = paramsrun("status", "params.results/")
    assert result.exit_code == 0
    head, _, rest = result.output.partition("\n\n")
    assert head.startswith("params.results: begun ")
    assert rest == Path("params.results/summary.txt").read_text()
    assert contents(tmp_path) == before


def test_an_empty_journal_is_told() -> None:
    Path("x.results/optimization/journal").mkdir(parents=True)
    result = paramsrun("status", "x.results")
    assert (result.exit_code, result.output) == (2, "x.results: its journal is empty\n")


def test_a_damaged_journal_is_told_with_its_line(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    segment = Path("params.results/optimization/journal/000001.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:4], b"garbage\n", *lines[5:]]))
    result = paramsrun("status", "params.results")
    assert result.exit_code == 1
    assert "000001.jsonl:5: damaged journal line" in result.output


def test_a_journal_that_lacks_events_is_told(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    segment = Path("params.results/optimization/journal/000001.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(line for line in lines if b'"e":"start"' not in line))
    result = paramsrun("status", "params.results")
    assert result.exit_code == 1
    assert result.output == (
        "params.results/optimization/journal/000001.jsonl:3: damaged journal: "
        "optimizer 1 was never started\n"
    )


class Recorded:
    """A journal that is written event by event: a run of two parameters."""

    def __init__(self) -> None:
        self._journal = Journal(RESULTS / JOURNAL)
        ranges = np.array([[0.0, 10.0], [-4.0, 4.0]])
        begun = "2026-01-01T00:00:00+00:00"
        self.add(Run(1, {}, 7, "", ("eps", "rmin"), ranges, "objective", {}, 0.0, begun))

    def add(self, *events: Start | Eval | End | Exit | Context | Run) -> None:
        for event in events:
            self._journal.append(event)

    def start(self, o: int, t: float = 0.5, scaler: Kind = "linear", **settings: object) -> None:
        x = np.array([0.25, 0.75])
        kind = "Scipy" if "Algorithm" in settings else "CMAES"
        self.add(Start(o, o, kind, settings, (7, 1, o, 0), x, x * 0, x * 2, t, scaler))

    def evaluate(self, n: int, o: int, fx: float, why: str | None = None) -> None:
        self.add(Eval(n, o, n, 0, np.array([0.5, n / 8]), fx, float(n), why))

    def close(self) -> None:
        self._journal.close()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded()
    yield made
    made.close()


def told(o: int) -> str:
    result = paramsrun("status", RESULTS, "--optimizer", o)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_optimizer_tells_how_it_started_what_it_found_and_why_it_was_stopped(
    recorded: Recorded,
) -> None:
    recorded.start(1)
    recorded.evaluate(1, 1, 9.0)
    recorded.start(2, 1.5, Algorithm="Nelder-Mead", Settings={"xatol": "0.1"}, Adaptive=True)
    recorded.evaluate(2, 2, 2.5)
    recorded.evaluate(3, 1, 0.1)
    recorded.evaluate(4, 2, 0.5)
    recorded.evaluate(5, 2, INF, "it raised ArithmeticError")
    reason = "CurrentFunctionValueUnmoving(ncalls=5) = True |\n    MaxFunctionCalls(nmax=9) = None"
    recorded.add(End(2, "stopped", reason, 5.25))
    assert told(2) == (
        "x.results: optimizer 2\n"
        "Type             Scipy Nelder-Mead\n"
        "Optimizer block  2 of the input\n"
        "Settings\n"
        "  Algorithm Nelder-Mead\n"
        "  Settings\n"
        "    xatol 0.1\n"
        "  Adaptive Yes\n"
        "Parameters seen  each range scaled to 0 ... 1\n"
        "Started          1.5 s into the run, after 1 evaluation, from\n"
        "  eps   2.5\n"
        "  rmin  2.0\n"
        "Evaluations      3\n"
        "Best loss        0.5 at evaluation 4\n"
        "  eps   5.0\n"
        "  rmin  0.0\n"
        "Last loss        inf at evaluation 5: it raised ArithmeticError\n"
        "Ended            stopped 5.2 s into the run\n"
        "  CurrentFunctionValueUnmoving(ncalls=5) = True |\n"
        "      MaxFunctionCalls(nmax=9) = None\n"
    )


@pytest.mark.parametrize(
    ("scaler", "seen", "start"),
    [
        ("std", "each range scaled to -1 ... 1", ["6.25", "3.0"]),
        ("none", "in their own units", ["0.25", "0.75"]),
    ],
)
def test_points_are_told_in_real_units_however_the_optimizer_sees_them(
    recorded: Recorded, scaler: Kind, seen: str, start: list[str]
) -> None:
    recorded.start(1, scaler=scaler)
    lines = told(1).splitlines()
    assert f"Parameters seen  {seen}" in lines
    at = lines.index("Started          0.5 s into the run, after 0 evaluations, from")
    assert [line.split()[1] for line in lines[at + 1 : at + 3]] == start


def test_an_optimizer_without_a_loss_says_so(recorded: Recorded) -> None:
    recorded.start(1)
    assert "Evaluations      0\nBest loss        none yet\nAlive when " in told(1)
    recorded.evaluate(1, 1, INF, "it hung")
    assert (
        "Best loss        none is finite\nLast loss        inf at evaluation 1: it hung\n"
        in told(1)
    )


@pytest.mark.parametrize(
    ("how", "reason", "end"),
    [
        (
            "conditions",
            "A = True |\n    B = None",
            "Ended            job exit 2.5 s into the run\n  A = True |\n      B = None\n",
        ),
        (
            "request",
            "Ended on request (paramsrun stop, or a file EXIT)",
            "Ended            job exit 2.5 s into the run\n"
            "  Ended on request (paramsrun stop, or a file EXIT)\n",
        ),
    ],
)
def test_an_optimizer_that_lived_to_the_end_tells_why_the_job_ended(
    recorded: Recorded, how: str, reason: str, end: str
) -> None:
    recorded.start(1)
    recorded.add(Exit(how, reason, (1,), 2.5))
    assert told(1).endswith(f"none yet\n{end}")


def test_an_optimizer_of_a_run_that_was_cut_short_could_live_on(recorded: Recorded) -> None:
    recorded.start(1)
    assert told(1).endswith("Alive when the run was cut short; it lives on if that is resumed\n")


def test_a_best_loss_of_before_the_data_changed_is_marked(recorded: Recorded) -> None:
    recorded.start(1)
    recorded.evaluate(1, 1, 0.5)
    recorded.add(End(1, "converged", "tolfun", 1.0))
    recorded.add(Context("", 7, "another", {}, (), False, 1.0, "2026-01-01T00:00:00+00:00"))
    assert (
        "Best loss        0.5 at evaluation 1, not comparable: the training set, the jobs, the "
        "engine or the constraints changed since\n" in told(1)
    )


@pytest.mark.parametrize(
    ("n", "there_are"),
    [(0, "none has started yet"), (1, "there is 1 only"), (3, "there are 1 to 3")],
)
def test_an_optimizer_that_is_not_there_is_told_with_those_that_are(
    recorded: Recorded, n: int, there_are: str
) -> None:
    for o in range(1, n + 1):
        recorded.start(o)
    result = paramsrun("status", RESULTS, "--optimizer", 9)
    assert result.exit_code == 2
    assert result.output == f"x.results: there is no optimizer 9; {there_are}\n"


def test_the_optimizers_of_a_real_run_are_told(tmp_path: Path) -> None:
    paramsrun(function_job(tmp_path / "job"))
    ended = paramsrun("status", "params.results", "--optimizer", 1).output
    assert "\nType             RandomSampling\n" in ended
    assert "\n  NumberOfSamples 10\n" in ended
    assert "\nEvaluations      10\n" in ended
    assert "\nEnded            converged " in ended
    living = paramsrun("status", "params.results", "--optimizer", 3).output
    assert "after 20 evaluations, from\n  a  -1.0\n  b  1.0\n" in living
    assert "\nEnded            job exit " in living
    assert living.endswith("\n  MaxTotalFunctionCalls(fmax=25) = True\n")
