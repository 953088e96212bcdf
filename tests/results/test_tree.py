"""The results tree of whole runs, held against the journal beside it."""

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from paramsrun.errors import RunError
from paramsrun.job import Job
from paramsrun.manager.events import End, Eval, Event, Exit, Start
from paramsrun.manager.state import RunState
from paramsrun.problem.contract import Evaluation, Key
from paramsrun.problem.scaling import Kind
from paramsrun.results.tree import AT_ONCE, ResultsTree
from tests.cli.jobs import function_job, journal_of, lennard_jones_job, paramsrun
from tests.results.test_summary import begin

RESULTS = Path("params.results/optimization")
BUDGET = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls {}\nEnd\n"
SAMPLING = (
    "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples {}\n  End\nEnd\n"
)
SIMPLEX = "Optimizer\n  Type Scipy\n  Scipy\n    Algorithm Nelder-Mead\n  End\nEnd\n"
LOGGING = "LoggingInterval\n  General {}\n  Parameters {}\n  History {}\n  Flush {}\nEnd\n"
TWO = SAMPLING.format(23) + SIMPLEX + BUDGET.format(60) + "RandomSeed 3\n"
VALIDATION = (
    "DataSet\n  Name training_set\nEnd\n"
    "DataSet\n  Name validation_set\n  Path training_set.yaml\n  LossFunction mae\n{}End\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(file: Path) -> None:
    result = paramsrun(file)
    assert result.exit_code == 0, result.output


def rows(path: Path) -> list[list[str]]:
    """Return the rows of a running file, without its header."""
    return [line.split() for line in path.read_text().splitlines()[1:]]


def numbers(path: Path) -> list[int]:
    return [int(row[0]) for row in rows(path)]


class Own(dict[str, Any]):
    """An evaluation of the journal with its number in its optimizer, and whether it is a low."""


def evaluations() -> Iterator[Own]:
    n_own: dict[int, int] = defaultdict(int)
    lowest: dict[int, float] = defaultdict(lambda: math.inf)
    for event in journal_of(Path("params.results")):
        if event["e"] == "eval" and event["o"]:
            o, fx = int(str(event["o"])), float(str(event["fx"]))
            n_own[o] += 1
            yield Own(event, own=n_own[o], low=fx < lowest[o])
            lowest[o] = min(lowest[o], fx)


def test_an_evaluation_is_logged_at_every_tenth_and_at_a_new_lowest(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO))
    due = [e for e in evaluations() if e["own"] % 10 == 0 or e["low"]]
    assert numbers(RESULTS / "training_set_results/running_loss.txt") == [0, *(e["n"] for e in due)]
    assert {e["o"] for e in due} == {1, 2}
    for o in (1, 2):
        own = RESULTS / f"optimizer_{o:03d}/training_set_results/running_loss.txt"
        assert numbers(own) == [e["n"] for e in due if e["o"] == o]
    for name in ("running_stats.txt",):
        assert numbers(RESULTS / "training_set_results" / name) == [0, *(e["n"] for e in due)]


def test_a_row_of_running_loss_has_the_documented_columns(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO))
    path = RESULTS / "training_set_results/running_loss.txt"
    header, *lines = path.read_text().splitlines()
    assert header == "#evaluation training_set_loss log10(training_set_loss) time_seconds"
    by_number = {e["n"]: e for e in journal_of(Path("params.results")) if e["e"] == "eval"}
    for line in lines:
        n, rest = line[:6], line[8:]
        assert line[6:8] == "  "
        loss, log, t = rest.split(" ")
        event = by_number[int(n)]
        assert float(loss) == pytest.approx(float(str(event["fx"])), rel=1e-6)
        assert log == f"{math.log10(float(str(event['fx']))):.3f}"
        assert t == f"{event['t']:.2f}"


@pytest.mark.parametrize(("general", "parameters", "history"), [(1, 5, 7), (20, 3, 10)])
def test_every_logging_interval_is_honoured(
    tmp_path: Path, general: int, parameters: int, history: int
) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO + LOGGING.format(general, parameters, history, 1)))
    made = list(evaluations())
    training = RESULTS / "training_set_results"
    logged = [e["n"] for e in made if e["own"] % general == 0 or e["low"]]
    assert numbers(training / "running_loss.txt") == [0, *logged]
    recorded = [e["n"] for e in made if e["own"] % parameters == 0]
    assert numbers(training / "running_active_parameters.txt") == [0, *recorded]
    kept = [f"{e['n']:06d}" for e in made if e["own"] % history == 0]
    assert sorted(p.name for p in (training / "history").iterdir()) == kept
    for name in kept:
        assert (training / f"history/{name}/evaluation.txt").read_text() == f"{int(name)}\n"


def real(x: list[float], kind: str) -> list[float]:
    """Return eps and rmin, which an optimizer sees in a space as x."""
    if kind == "None":
        return x
    u = [(v + 1) / 2 for v in x] if kind == "Std" else x
    return [1e-4 + u[0] * (1e-3 - 1e-4), 3 + u[1] * (5 - 3)]


@pytest.mark.parametrize("kind", ["Linear", "Std", "None"])
def test_what_is_written_of_parameters_is_in_real_units(tmp_path: Path, kind: str) -> None:
    run(lennard_jones_job(tmp_path / "job", f"{TWO}{LOGGING.format(10, 1, 20, 10)}Scaler {kind}\n"))
    made = list(evaluations())
    path = RESULTS / "training_set_results/running_active_parameters.txt"
    header, initial, *_ = path.read_text().splitlines()
    assert header == "#evaluation eps rmin"
    assert initial == "000000  3.000000000e-04 4.100000000e+00"
    for row, event in zip(rows(path)[1:], made, strict=True):
        np.testing.assert_allclose([float(v) for v in row[1:]], real(event["x"], kind), 1e-8)
    best = min(made, key=lambda e: float(e["fx"]))
    last = [e for e in made if e["own"] % 10 == 0 or e["low"]][-1]
    kept = next(e for e in made if e["own"] == 20 and e["o"] == 2)
    places = {"best": best, "latest": last, f"history/{kept['n']:06d}": kept}
    for folder, event in places.items():
        text = (RESULTS / "training_set_results" / folder / "active_parameters.txt").read_text()
        given = [float(line.split()[1]) for line in text.splitlines()]
        np.testing.assert_allclose(given, real(event["x"], kind), 1e-12)
    eps, rmin = real(best["x"], kind)
    lines = Path("params.results/summary.txt").read_text().splitlines()
    told = {line.split()[0]: line.split()[1] for line in lines if line.startswith("  ")}
    assert float(told["eps"]) == pytest.approx(eps, rel=1e-12)
    assert float(told["rmin"]) == pytest.approx(rmin, rel=1e-12)


@pytest.mark.parametrize("kind", ["Std", "None"])
def test_the_best_of_an_earlier_session_is_in_real_units(tmp_path: Path, kind: str) -> None:
    text = f"{SAMPLING.format(60)}{BUDGET.format(40)}RandomSeed 3\nScaler {kind}\n"
    file = lennard_jones_job(tmp_path / "job", text)
    run(file)
    before = (RESULTS / "training_set_results/best/active_parameters.txt").read_text()
    file.write_text(f"ResumeCheckpoint {Path('params.results').resolve()}\n{BUDGET.format(41)}")
    result = paramsrun(file, "--name", "again")
    assert result.exit_code == 0, result.output
    best = Path("again.results/optimization/training_set_results/best")
    assert (best / "active_parameters.txt").read_text() == before


def test_latest_and_best_and_initial_tell_their_evaluation(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO))
    made = list(evaluations())
    best = min(made, key=lambda e: float(e["fx"]))
    last = [e for e in made if e["own"] % 10 == 0 or e["low"]][-1]
    training = RESULTS / "training_set_results"
    initial = next(e for e in journal_of(Path("params.results")) if e["e"] == "eval")
    for folder, event in (("best", best), ("latest", last), ("initial", initial)):
        at = training / folder
        assert (at / "evaluation.txt").read_text() == f"{event['n']}\n"
        assert float((at / "loss.txt").read_text()) == event["fx"]
        assert {p.name for p in at.iterdir()} == {
            "active_parameters.txt",
            "data_set_predictions.yaml",
            "evaluation.txt",
            "loss.txt",
            "parameter_interface.yaml",
            "scatter_plots",
            "stats.txt",
        }
    assert not (RESULTS / "optimizer_001/training_set_results/initial").exists()
    summary = Path("params.results/summary.txt").read_text()
    assert f"Best loss        {best['fx']!r}\n" in summary


def test_a_snapshot_can_be_read_back(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO))
    best = RESULTS / "training_set_results/best"
    lines = (best / "active_parameters.txt").read_text().splitlines()
    values = {name: float(value) for name, value in (line.split() for line in lines)}
    interface = list(yaml.safe_load_all((best / "parameter_interface.yaml").read_text()))
    assert {p["name"]: p["value"] for p in interface if "name" in p} == values
    header, *entries = yaml.safe_load_all((best / "data_set_predictions.yaml").read_text())
    assert header["dtype"] == "DataSet"
    loss = sum((e["Prediction"] - e["ReferenceValue"]) ** 2 for e in entries)
    assert loss == pytest.approx(float((best / "loss.txt").read_text()), rel=1e-9)
    shares = sum(e["Loss contribution"] for e in entries)
    assert shares == pytest.approx(loss, rel=1e-9)
    scatter = (best / "scatter_plots/energy.txt").read_text().splitlines()
    assert len(scatter) == 1 + len(entries)
    (stats,) = rows(best / "stats.txt")
    assert stats[:2] == ["energy", "6"]
    assert float(stats[3]) == pytest.approx(math.sqrt(loss / 6), rel=1e-9)


def test_ends_and_types_of_optimizers_are_told(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO))
    first, second = RESULTS / "optimizer_001", RESULTS / "optimizer_002"
    assert (first / "opt_type.txt").read_text() == "RandomSampling\n"
    assert (second / "opt_type.txt").read_text() == "Scipy Nelder-Mead\n"
    assert (first / "end_condition.txt").read_text() == "converged\nall 23 samples evaluated\n"
    assert (second / "end_condition.txt").read_text() == (
        "job exit\nMaxTotalFunctionCalls(fmax=60) = True\n"
    )
    summary = Path("params.results/summary.txt").read_text()
    assert "\n001        RandomSampling     23 " in summary
    assert summary.splitlines()[-1].endswith("  job exit")


def test_without_jobs_there_are_no_predictions(tmp_path: Path) -> None:
    run(function_job(tmp_path / "job", text=TWO))
    training = RESULTS / "training_set_results"
    assert sorted(p.name for p in (training / "best").iterdir()) == [
        "active_parameters.txt",
        "evaluation.txt",
        "loss.txt",
        "parameter_interface.yaml",
    ]
    assert not (training / "running_stats.txt").exists()
    assert not (RESULTS / "validation_set_results").exists()


def test_a_failed_evaluation_is_a_row_of_its_own_kind(tmp_path: Path) -> None:
    code = (
        "n = 0\ndef loss(x):\n    global n\n    n += 1\n    return 1.0 if n < 3 else float('nan')\n"
    )
    text = SAMPLING.format(20) + BUDGET.format(20)
    run(function_job(tmp_path / "job", code, text, module="failing"))
    losses = rows(RESULTS / "training_set_results/running_loss.txt")
    assert [row[:3] for row in losses] == [
        ["000000", "1.000000", "0.000"],
        ["000001", "1.000000", "0.000"],
        ["000010", "inf", "inf"],
        ["000020", "inf", "inf"],
    ]
    assert (RESULTS / "training_set_results/best/evaluation.txt").read_text() == "1\n"


def test_a_second_data_set_is_watched_beside_the_first(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO + VALIDATION.format("")))
    validated = [e for e in evaluations() if e["own"] % 10 == 0]
    path = RESULTS / "validation_set_results/running_loss.txt"
    header = path.read_text().splitlines()[0]
    assert header == "#evaluation validation_set_loss log10(validation_set_loss) time_seconds"
    assert numbers(path) == [0, *(e["n"] for e in validated)]
    for row, event in zip(rows(path)[1:], validated, strict=True):
        assert float(row[1]) == pytest.approx(float(event["val"]), rel=1e-6)
    lowest = min(validated, key=lambda e: float(e["val"]))
    best = RESULTS / "validation_set_results/best"
    assert (best / "evaluation.txt").read_text() == f"{lowest['n']}\n"
    assert float((best / "loss.txt").read_text()) == lowest["val"]
    assert numbers(RESULTS / "optimizer_002/validation_set_results/running_loss.txt")


@pytest.mark.parametrize(
    "own", ["  EvaluateEvery 20\n", "  LoggingInterval\n    General 4\n  End\n"]
)
def test_training_is_logged_whenever_validation_is(tmp_path: Path, own: str) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO + VALIDATION.format(own)))
    validated = numbers(RESULTS / "validation_set_results/running_loss.txt")
    assert validated == [0, *(e["n"] for e in evaluations() if "val" in e)]
    assert len(validated) > 1
    assert set(validated) <= set(numbers(RESULTS / "training_set_results/running_loss.txt"))


def test_each_data_set_may_have_its_own_intervals(tmp_path: Path) -> None:
    own = "  LoggingInterval\n    Parameters 20\n    History 10\n  End\n"
    run(lennard_jones_job(tmp_path / "job", TWO + VALIDATION.format(own)))
    made = list(evaluations())
    validation = RESULTS / "validation_set_results"
    recorded = [e["n"] for e in made if e["own"] % 20 == 0]
    assert numbers(validation / "running_active_parameters.txt") == [0, *recorded]
    kept = [f"{e['n']:06d}" for e in made if e["own"] % 10 == 0]
    assert sorted(p.name for p in (validation / "history").iterdir()) == kept
    assert not (RESULTS / "training_set_results/history").exists()


def test_a_split_makes_a_validation_set(tmp_path: Path) -> None:
    run(lennard_jones_job(tmp_path / "job", TWO + "Validation 0.34\n"))
    parts = {}
    for name in ("training", "validation"):
        path = RESULTS / f"{name}_set_results/best/data_set_predictions.yaml"
        _, *entries = yaml.safe_load_all(path.read_text())
        parts[name] = {e["Expression"] for e in entries}
    assert len(parts["validation"]) == 2
    assert parts["training"] | parts["validation"] == {f"energy('d{k}')" for k in range(6)}
    assert not parts["training"] & parts["validation"]


READS = """
from pathlib import Path
n, seen = 0, []
def loss(x):
    global n
    n += 1
    if n == 32:
        logs = Path("params.results/optimization/training_set_results/running_loss.txt")
        Path("seen.txt").write_text(logs.read_text())
        assert Path("params.results/optimization/training_set_results/latest/loss.txt").exists()
        assert Path("params.results/optimization/optimizer_001/opt_type.txt").exists()
    return float(n)
"""


@pytest.mark.parametrize("flush", [1, 10])
def test_the_logs_can_be_read_from_within_an_evaluation(tmp_path: Path, flush: int) -> None:
    text = SAMPLING.format(40) + BUDGET.format(40) + LOGGING.format(1, 500, 500, flush)
    run(function_job(tmp_path / "job", READS, text, module="reading"))
    seen = Path("seen.txt").read_text().splitlines()
    assert seen[0].startswith("#evaluation ")
    assert seen[1].startswith("000000  ")
    assert all(len(line.split()) == 4 for line in seen)
    n_seen = int(seen[-1].split()[0])
    assert 30 - flush < n_seen <= 30
    assert n_seen == 30 or flush > 1


class Fed:
    """A results tree that is fed events by hand, beside the state they fold into."""

    def __init__(self, job: Path, folder: Path) -> None:
        with Job.load(job) as loaded:
            self.problem = loaded.problem
            self.tree = ResultsTree(folder, self.problem, loaded.settings)
        self.state = RunState()
        self.tell(begin()._replace(ranges=self.problem.parameters.bounds))
        self.n = 0

    def tell(self, event: Event, evaluation: Evaluation | None = None) -> None:
        self.state.apply(event)
        self.tree.on(event, self.state, evaluation)

    def start(self, o: int = 1, kind: Kind = "linear") -> None:
        x = np.full(2, 0.5)
        self.tell(Start(o, 1, "CMAES", {}, (1, o, 1, 0), x, x, x, 0.0, kind))

    def evaluate(self, a: float, t: float, o: int = 1) -> None:
        self.n += 1
        x = np.array([a, 0.5])
        real = self.state.scaling_of(o).real(x)
        evaluation = self.problem.evaluate(real, Key(o, self.n))
        self.tell(Eval(self.n, o, self.n, 0, x, evaluation.fx, t), evaluation)

    def stop(self, o: int, t: float) -> None:
        self.tell(End(o, "stopped", "A = True |\nB = None", t))

    def exit(self, t: float) -> None:
        self.tell(Exit("signal", "Ended by SIGINT", tuple(sorted(self.state.living)), t))


def test_latest_and_best_are_written_once_a_second_and_rows_with_them(tmp_path: Path) -> None:
    fed = Fed(function_job(tmp_path / "job", text="LoggingInterval\n  Flush 100\nEnd\n"), Path())
    fed.start()
    training = RESULTS.relative_to("params.results") / "training_set_results"

    def standing() -> tuple[str, int]:
        return (training / "best/evaluation.txt").read_text().strip(), len(
            rows(training / "running_loss.txt")
        )

    fed.evaluate(0.9, 0.1)
    assert standing() == ("1", 1)
    fed.evaluate(0.8, 0.2)
    fed.evaluate(0.7, 1.0)
    assert standing() == ("1", 1)
    fed.evaluate(0.9, 1.2)
    assert standing() == ("3", 3)
    fed.evaluate(0.6, 1.3)
    fed.exit(1.4)
    assert standing() == ("5", 4)


def test_of_many_optimizers_some_at_a_time_are_written_and_all_at_the_end(tmp_path: Path) -> None:
    fed = Fed(function_job(tmp_path / "job"), tmp_path)
    n = AT_ONCE + 3
    for o in range(1, n + 1):
        fed.start(o)

    def written() -> list[int]:
        folders = (tmp_path / "optimization").glob("optimizer_*/training_set_results/best")
        return sorted(int(folder.parts[-3].removeprefix("optimizer_")) for folder in folders)

    fed.evaluate(0.8, 0.0)
    assert written() == [1]
    for o in range(2, n + 1):
        fed.evaluate(0.8, 0.1, o)
    fed.evaluate(0.9, 1.1)
    first, last = range(1, AT_ONCE - 2), range(AT_ONCE + 1, n + 1)
    assert written() == [*first, *last]
    fed.stop(3, 1.2)
    fed.evaluate(0.9, 2.2)
    assert written() == list(range(1, n + 1))
    fed.evaluate(0.6, 2.3, n)
    fed.exit(2.4)
    best = tmp_path / f"optimization/optimizer_{n:03d}/training_set_results/best"
    assert (best / "evaluation.txt").read_text() == f"{fed.n}\n"


def test_each_row_is_in_the_space_of_its_optimizer(tmp_path: Path) -> None:
    fed = Fed(function_job(tmp_path / "job", text=LOGGING.format(1, 1, 1, 1)), tmp_path)
    fed.start(1, "linear")
    fed.start(2, "std")
    fed.start(3, "none")
    for o in (1, 2, 3):
        fed.evaluate(0.25, 0.1, o)
    fed.exit(0.2)
    training = tmp_path / "optimization/training_set_results"
    values = [list(map(float, row[1:])) for row in rows(training / "running_active_parameters.txt")]
    assert values == [[-1.0, 0.0], [0.5, 1.0], [0.25, 0.5]]
    for n, expected in enumerate(values, 1):
        text = (training / f"history/{n:06d}/active_parameters.txt").read_text()
        assert [float(line.split()[1]) for line in text.splitlines()] == expected


def test_results_of_an_optimizer_stopped_meanwhile_stand_in_the_files_of_all(
    tmp_path: Path,
) -> None:
    job = lennard_jones_job(
        tmp_path / "job", LOGGING.format(1, 1, 1, 1) + VALIDATION.format("  EvaluateEvery 1\n")
    )
    fed = Fed(job, tmp_path)
    fed.start(1)
    fed.start(2)
    fed.evaluate(0.9, 0.1, 1)
    fed.evaluate(0.8, 0.2, 2)
    fed.stop(1, 0.3)
    fed.evaluate(0.3, 0.4, 1)
    fed.evaluate(0.7, 0.5, 2)
    fed.exit(0.6)
    at = tmp_path / "optimization"
    for name in ("training_set", "validation_set"):
        for log in ("running_loss", "running_active_parameters", "running_stats"):
            assert numbers(at / f"{name}_results/{log}.txt") == [1, 2, 3, 4]
            assert numbers(at / f"optimizer_001/{name}_results/{log}.txt") == [1]
            assert numbers(at / f"optimizer_002/{name}_results/{log}.txt") == [2, 4]
        kept = {p.name for p in (at / f"{name}_results/history").iterdir()}
        assert kept == {"000001", "000002", "000003", "000004"}
        assert (at / f"{name}_results/latest/evaluation.txt").read_text() == "4\n"
        assert (at / f"{name}_results/best/evaluation.txt").read_text() == "3\n"
        assert (at / f"optimizer_001/{name}_results/best/evaluation.txt").read_text() == "1\n"
    end = (at / "optimizer_001/end_condition.txt").read_text()
    assert end == "stopped\nA = True |\nB = None\n"


def test_it_is_logged_by_the_same_rules_when_stopped(tmp_path: Path) -> None:
    fed = Fed(function_job(tmp_path / "job", text=LOGGING.format(3, 500, 500, 1)), tmp_path)
    fed.start()
    for a in (0.9, 0.95):
        fed.evaluate(a, 0.1)
    fed.stop(1, 0.2)
    for a in (0.95, 0.95, 0.8):
        fed.evaluate(a, 0.3)
    fed.exit(0.4)
    path = tmp_path / "optimization/training_set_results/running_loss.txt"
    assert numbers(path) == [1, 3, 5]


def test_what_the_disk_does_not_take_is_a_run_error_and_the_rest_is_closed(tmp_path: Path) -> None:
    fed = Fed(function_job(tmp_path / "job"), tmp_path)
    fed.start()
    best = tmp_path / "optimization/training_set_results/best"
    best.mkdir()
    (best / ".loss.txt.tmp").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"The results in .* cannot be written: .*No space left"):
        fed.evaluate(0.9, 0.1)
    fed.evaluate(0.8, 0.2)
    assert numbers(tmp_path / "optimization/training_set_results/running_loss.txt") == [1]


def test_a_tree_that_cannot_begin_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "optimization").touch()
    with pytest.raises(RunError, match=r"The results in .* cannot be written: "):
        Fed(function_job(tmp_path / "job"), tmp_path)
