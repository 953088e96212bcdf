"""Every evaluation of a run as a table."""

import csv
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from paramsrun.manager.events import Eval, Run, Start
from paramsrun.report.export import export
from paramsrun.results.evaluations import ROWS, chunks, evaluations
from paramsrun.results.event_lines import FORMAT
from paramsrun.results.folder import JOURNAL
from paramsrun.results.journal import Journal
from tests.cli.jobs import function_job, journal_of, lennard_jones_job, paramsrun
from tests.resuming.runs import SEED, TWO_OPTIMIZERS, UNEVEN, done, until

COLUMNS = [
    "evaluation",
    "optimizer",
    "optimizer_evaluation",
    "time_seconds",
    "training_set_loss",
    "validation_set_loss",
    "reason",
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def two_optimizers() -> Path:
    done(paramsrun(function_job(Path("job"), UNEVEN, TWO_OPTIMIZERS + SEED + until(45))))
    return Path("params.results")


def long_run(n: int, names: tuple[str, ...] = ("a", "b")) -> Path:
    """Write the journal of a run of n evaluations."""
    folder = Path("long.results")
    journal = Journal(folder / JOURNAL)
    ranges = np.array([[-2.0, 2.0]] * len(names))
    journal.append(Run(FORMAT, {}, 1, "", names, ranges, "", {}, 0.0, ""))
    zero, one = np.zeros(len(names)), np.ones(len(names))
    journal.append(Start(1, 1, "CMAES", {}, (1, 1, 0, 0), zero, zero, one, 0.0, "linear"))
    for k in range(1, n + 1):
        journal.append(Eval(k, 1, k, 0, np.full(len(names), k / n), k / 7, float(k)))
    journal.close()
    return folder


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


def test_csv_has_every_evaluation_exactly() -> None:
    folder = two_optimizers()
    assert done(paramsrun("export", folder, "--csv")) == "params.csv\n"
    with Path("params.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*COLUMNS, "a", "b"]
    told = [e for e in journal_of(folder) if e["e"] == "eval"]
    assert [int(row[0]) for row in rows] == list(range(46)) == [e["n"] for e in told]
    assert [int(row[1]) for row in rows] == [e["o"] for e in told]
    assert [float(row[3]) for row in rows] == [e["t"] for e in told]
    assert [float(row[4]) for row in rows] == [float(str(e["fx"])) for e in told]
    assert [row[6] for row in rows] == [e.get("why", "") for e in told]
    assert {row[5] for row in rows} == {""}
    assert (rows[0][7], rows[0][8]) == ("-1.0", "1.0")
    of = [row[1] for row in rows]
    assert [int(row[2]) for row in rows[1:]] == [of[: k + 1].count(of[k]) for k in range(1, 46)]


def test_hdf5_has_the_same_table() -> None:
    h5py = pytest.importorskip("h5py")
    folder = two_optimizers()
    assert done(paramsrun("export", folder, "--hdf5", "--output", "all.h5")) == "all.h5\n"
    whole = evaluations(folder)
    with h5py.File("all.h5") as file:
        assert set(file) == {*COLUMNS, "parameters"}
        assert file["parameters"].attrs["names"].tolist() == ["a", "b"]
        assert np.array_equal(file["parameters"], whole.x)
        assert np.array_equal(file["training_set_loss"], whole.loss)
        assert np.array_equal(file["optimizer_evaluation"], whole.own)
        assert np.array_equal(file["validation_set_loss"], whole.validation, equal_nan=True)
        reasons = [reason.decode() for reason in file["reason"]]
    assert reasons == [why or "" for why in whole.why]
    assert any(reasons)


def test_validation_losses_stand_where_they_were_due() -> None:
    sets = "DataSet\nEnd\nDataSet\n  Path training_set.yaml\nEnd\n"
    text = sets + until(25) + SEED
    done(paramsrun(lennard_jones_job(Path("job"), text)))
    done(paramsrun("export", "params.results", "--csv", "--output", "t.csv"))
    with Path("t.csv").open(newline="") as file:
        shown = {row["evaluation"]: row["validation_set_loss"] for row in csv.DictReader(file)}
    told = {str(e["n"]): e["val"] for e in journal_of(Path("params.results")) if "val" in e}
    assert {n: float(value) for n, value in shown.items() if value} == told


def test_parameters_that_are_named_like_a_column_are_told_apart() -> None:
    long_run(3, ("reason", "x,y"))
    done(paramsrun("export", "long.results", "--csv"))
    with Path("long.csv").open(newline="") as file:
        assert next(csv.reader(file)) == [*COLUMNS, "reason (parameter)", "x,y"]


def test_a_run_without_an_evaluation_gives_an_empty_table() -> None:
    long_run(0)
    done(paramsrun("export", "long.results", "--csv"))
    assert Path("long.csv").read_text() == ",".join([*COLUMNS, "a", "b"]) + "\n"
    pytest.importorskip("h5py")
    done(paramsrun("export", "long.results", "--hdf5"))


def test_pieces_are_the_whole() -> None:
    folder = long_run(2 * ROWS + 7)
    pieces = list(chunks(folder))
    assert [len(piece.n) for piece in pieces] == [ROWS, ROWS, 7]
    whole = evaluations(folder)
    assert np.array_equal(np.concatenate([piece.x for piece in pieces]), whole.x)
    assert whole.own.tolist() == list(range(1, 2 * ROWS + 8))


@pytest.mark.parametrize("kind", ["csv", "h5"])
def test_memory_does_not_grow_with_the_run(kind: str) -> None:
    if kind == "h5":
        pytest.importorskip("h5py")
    folder = long_run(1)
    export(folder, kind)
    for path in (folder / JOURNAL).iterdir():
        path.unlink()
    long_run(8 * ROWS)
    tracemalloc.start()
    try:
        export(folder, kind)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * ROWS * 1000  # a tenth of all its lines as events


def test_both_kinds_may_be_asked_for_at_once() -> None:
    pytest.importorskip("h5py")
    long_run(3)
    assert done(paramsrun("export", "long.results", "--csv", "--hdf5")) == "long.csv\nlong.h5\n"
    assert Path("long.csv").is_file()
    assert Path("long.h5").is_file()
    output = refused(paramsrun("export", "long.results", "--csv", "--hdf5", "--output", "t"))
    assert output == "--output names one file: leave it out, or give --csv or --hdf5 alone\n"


def test_what_cannot_be_written_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    long_run(3)
    assert "Say what to write: --csv or --hdf5" in refused(paramsrun("export", "long.results"))
    output = refused(paramsrun("export", "long.results", "--csv", "--output", "no/t.csv"))
    assert output == "no/t.csv cannot be written: No such file or directory\n"
    output = refused(paramsrun("export", "long.results", "--csv", "--output", "."))
    assert output == ". is a folder; name a file\n"
    monkeypatch.setitem(sys.modules, "h5py", None)
    output = refused(paramsrun("export", "long.results", "--hdf5"))
    needs = "paramsrun export --hdf5 needs h5py, which is not installed"
    assert output == f"{needs}: pip install 'paramsrun[hdf5]'\n"
    assert not list(Path().glob("*.csv"))
    assert not list(Path().glob(".*"))
