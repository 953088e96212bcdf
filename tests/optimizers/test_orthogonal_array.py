"""The search by an orthogonal array: what it tries, what it takes from that, how it resumes."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer, within
from paramsrun.optimizers.orthogonal_array import OrthogonalArray
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Dimension, Space
from tests.cli.jobs import evaluations_of, function_job, paramsrun, story
from tests.optimizers.spaces import scaling
from tests.resuming.runs import cut_after, done

SPACE: Space = (
    Dimension("activation", 0.0, 2.0, "categorical", choices=("relu", "tanh", "no bias")),
    Dimension("solver", 0.0, 1.0, "categorical", choices=(True, False)),
    Dimension("layers", 1.0, 2.0, "integer"),
    Dimension("batch", 8.0, 512.0, "integer", "log"),
)
RNG = np.random.default_rng(0)


def start(space: Space = SPACE, kind: Kind = "none", **keys: int) -> Proposer:
    how = scaling(kind, space)
    optimizer = within(OrthogonalArray(**keys), how.seen)
    return optimizer.start(how.bounds, how.bounds.mean(axis=1), RNG)


def of(proposer: Proposer, space: Space = SPACE, kind: Kind = "none") -> list[tuple[object, ...]]:
    """Return the next batch as people have it."""
    return [tuple(scaling(kind, space).typed(x)) for x in proposer.ask()]


@pytest.mark.parametrize("kind", ["none", "linear", "std"])
def test_each_pair_of_values_comes_equally_often_in_any_space(kind: Kind) -> None:
    rows = of(start(kind=kind), kind=kind)
    values = [sorted({row[k] for row in rows}, key=str) for k in range(4)]
    assert values[:3] == [["no bias", "relu", "tanh"], [False, True], [1, 2]]
    assert len(values[3]) == 4
    for i in range(4):
        for j in range(i):
            pairs = [(row[i], row[j]) for row in rows]
            each = {pairs.count(pair) for pair in pairs}
            assert each == {len(rows) / len(values[i]) / len(values[j])}


def test_an_integer_of_many_values_is_tried_at_evenly_spread_ones() -> None:
    space = (Dimension("width", 1.0, 101.0, "integer"),)
    assert of(start(space), space) == [(1,), (34,), (68,), (101,)]
    assert of(start(space, integer_levels=2), space) == [(1,), (101,)]
    few = (Dimension("width", 1.0, 3.0, "integer"),)
    assert of(start(few), few) == [(1,), (2,), (3,)]
    assert of(start(few, integer_levels=2), few) == [(1,), (3,)]
    many = (Dimension("kind", 0.0, 8.0, "categorical", choices=tuple("abcdefghi")),)
    assert of(start(many), many) == [(letter,) for letter in "abcdefghi"]


def test_without_a_space_the_whole_numbers_within_the_bounds_stand_for_choices() -> None:
    bounds = np.array([[0.0, 2.0], [-0.5, 1.5]])
    x = OrthogonalArray().start(bounds, bounds[:, 0], RNG).ask()
    assert sorted(map(tuple, x.tolist())) == [(a, b) for a in (0, 1, 2) for b in (0, 1)]


def additive(x: Matrix) -> Vector:
    """Return losses of points in real units: the lowest is at tanh, False, 2 layers and batch 8."""
    first = np.array([1.0, 0.0, 3.0])[x[:, 0].astype(int)]
    return np.asarray(first - 0.5 * x[:, 1] - 0.25 * x[:, 2] + 1e-4 * x[:, 3])


NINE = tuple(Dimension(f"p{k}", 0.0, 1.0, "integer") for k in range(9))


def weighed(x: Matrix) -> Vector:
    """Return losses that are lowest where every second of the nine is 1; later ones matter more."""
    return np.asarray(x @ ((-1.0) ** np.arange(9) * np.arange(1, 10)))


def test_the_best_combination_is_evaluated_last_and_the_importance_is_told() -> None:
    proposer = start(NINE)
    x = proposer.ask()
    lowest = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    assert len(x) == 12
    assert lowest not in x.tolist()
    proposer.tell(x, weighed(x))
    assert proposer.ended is None
    best = proposer.ask()
    assert best.tolist() == [lowest]
    proposer.tell(best, weighed(best))
    assert proposer.ended == (
        "converged",
        "range analysis of 12 rows, most important first: p8 9, best 0; p7 8, best 1; p6 7, best "
        "0; p5 6, best 1; p4 5, best 0; p3 4, best 1; p2 3, best 0; p1 2, best 1 and 1 more; that "
        "combination has the loss -20",
    )


def test_a_best_combination_that_was_a_row_is_not_evaluated_again() -> None:
    space = SPACE[:2]
    proposer = start(space)
    x = proposer.ask()
    proposer.tell(x, x[:, 0] + 1.0)
    assert proposer.ended is not None
    assert proposer.ended.how == "converged"
    assert proposer.ended.reason.endswith("; that combination is row 1, of loss 1")


def test_the_log_tells_the_rows_and_every_factor(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "paramsrun.optimizers")
    proposer = start(NINE)
    x = proposer.ask()
    proposer.tell(x, weighed(x))
    rows, importance = caplog.messages
    assert rows == (
        "Orthogonal array of 12 rows; there is none of fewer; all combinations would be 512"
    )
    assert importance.splitlines()[1:] == [f"p{k} {k + 1}, best {k % 2}" for k in range(8, -1, -1)]


def test_failed_points_are_no_best_and_nothing_but_failed_points_is_a_failure() -> None:
    proposer = start()
    x = proposer.ask()
    proposer.tell(x, np.where(x[:, 0] == 1, np.inf, additive(x)))
    assert proposer.ask()[0, 0] == 0.0
    proposer = start()
    x = proposer.ask()
    proposer.tell(x, np.full(len(x), np.inf))
    assert proposer.ended == ("failed", f"none of the {len(x)} rows of the array has a loss")


def test_too_many_values_end_it_with_advice() -> None:
    choices = tuple(range(200))
    space = tuple(Dimension(n, 0.0, 199.0, "categorical", choices=choices) for n in "ab")
    ended = start(space).ended
    assert ended is not None
    assert ended.how == "failed"
    assert "more than 20000 rows: give parameters fewer values" in ended.reason


# Whole jobs


def test_too_many_values_are_told_by_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = function_job(tmp_path / "job", text="Optimizer\n  Type OrthogonalArray\nEnd\n")
    entry = "---\nname: {}\ntype: integer\nvalue: 1\nrange: [1, 200]\nis_active: true\n"
    (tmp_path / "job/parameter_interface.yaml").write_text(entry.format("a") + entry.format("b"))
    assert paramsrun("check", path).exit_code == 0
    keys = "Array\n  OrthogonalArray IntegerLevels=150\n"
    path.write_text(path.read_text().replace("Array\n", keys))
    result = paramsrun("check", path)
    assert result.exit_code == 2
    assert result.output.replace(f"{tmp_path}/", "").splitlines()[0] == (
        "job/params.in:4:1: Optimizer OrthogonalArray: an orthogonal array of all values has more "
        "than 20000 rows: give parameters fewer values"
    )


PARAMETERS = """\
---
dtype: Parameters
---
name: activation
type: categorical
value: relu
choices: [relu, tanh, gelu]
is_active: true
---
name: layers
type: integer
value: 1
range: [1, 2]
is_active: true
---
name: bias
type: categorical
value: true
choices: [true, false]
is_active: true
...
"""
LOSS = """\
def loss(p):
    if p["layers"] == 2 and p["activation"] == "relu":
        raise ArithmeticError("diverged")
    return {"relu": 0.5, "tanh": 0.0, "gelu": 1.0}[p["activation"]] - 0.1 * p["layers"]
"""
SEARCH = """\
Evaluator Type=Inline
Optimizer Type=OrthogonalArray
ControlOptimizerSpawning MaxOptimizers=1
LoggingInterval General=1
"""


def search_job(folder: Path, parameters: str = PARAMETERS) -> Path:
    file = function_job(folder, LOSS, SEARCH)
    (folder / "parameter_interface.yaml").write_text(parameters)
    file.write_text(file.read_text().replace("plain:loss", "plain:loss\n  Arguments Named"))
    return file


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_job_tells_the_importance_in_its_log_and_end_condition() -> None:
    output = done(paramsrun(search_job(Path("job"))))
    assert "Optimizer 1 converged after 12 evaluations, best loss -0.2" in output
    results = Path("params.results")
    end = (results / "optimization/optimizer_001/end_condition.txt").read_text()
    assert end.startswith("converged\nrange analysis of 12 rows, most important first: activation ")
    assert "activation 1, best tanh\n" in (results / "job.log").read_text()


def test_a_job_cut_anywhere_goes_on_as_if_it_had_not_been_cut() -> None:
    file = search_job(Path("job"), PARAMETERS + PARAMETERS.replace("---\ndtype: Parameters\n", ""))
    file.parent.joinpath("parameter_interface.yaml").write_text(
        PARAMETERS.replace("...\n", "")
        + "---\nname: rate\ntype: integer\nvalue: 3\nrange: [1, 4]\nis_active: true\n...\n"
    )
    done(paramsrun(file))
    whole = story(Path("params.results"))
    n = len(evaluations_of(Path("params.results")))
    for k in (1, 5, n - 1, n):
        done(paramsrun(file, "--name", f"r{k}", "--resume", cut_after(Path("params.results"), k)))
        shutil.rmtree("cut.results")
        assert story(Path(f"r{k}.results")) == whole


def test_floats_are_refused_with_what_takes_them() -> None:
    result = paramsrun("check", function_job(Path("job"), text=SEARCH))
    assert result.exit_code == 2
    assert "OrthogonalArray does not take parameters a (float), b (float); " in result.output
