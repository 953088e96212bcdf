"""Integers and choices as people and programs read them from a results folder."""

import csv
import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from paramsrun import ParAMSResults
from paramsrun.results.evaluations import column
from tests.cli.jobs import function_job, paramsrun
from tests.manager.test_cut_anywhere import LAYERS
from tests.problem.test_space import ACT, LR
from tests.resuming.runs import PARENT, done
from tests.resuming.typed import NUMBERS, PARAMETERS, ROUNDING, run_typed

NAMES = ["lr", "width", "act", "bias", "batch"]
SET = "optimization/training_set_results"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_running_file_has_one_word_for_each_parameter() -> None:
    folder = run_typed()
    header, *rows = (folder / SET / "running_active_parameters.txt").read_text().splitlines()
    assert header == "#evaluation " + " ".join(NAMES)
    for row in rows:
        n, lr, width, act, bias, batch = shlex.split(row)
        assert n.isdigit()
        assert "e" in lr
        assert 1 <= int(width) <= 256
        assert act in ("relu", "tanh", "two words", "off")
        assert bias in ("true", "false")
        assert batch in ("16", "32", "64")
    assert any('"two words"' in row for row in rows)


def test_a_name_with_blanks_is_one_word_of_a_file() -> None:
    job = function_job(Path("job"))
    interface = Path("job/parameter_interface.yaml")
    interface.write_text(interface.read_text().replace("name: a\n", "name: all of a\n"))
    done(paramsrun(job))
    running = (PARENT / SET / "running_active_parameters.txt").read_text()
    assert running.startswith('#evaluation "all of a" b\n')
    best = (PARENT / SET / "best/active_parameters.txt").read_text().splitlines()
    assert [shlex.split(line)[0] for line in best] == ["all of a", "b"]


def test_best_parameters_are_shown_as_they_are() -> None:
    folder = run_typed()
    best = ParAMSResults(folder).get_optimizers()[0].parameters
    assert best is not None
    assert list(best) == NAMES
    assert [type(value) for value in best.values()] == [float, int, str, bool, int]
    lines = (folder / SET / "best/active_parameters.txt").read_text().splitlines()
    table = dict(line.split(maxsplit=1) for line in lines)
    assert list(table) == NAMES
    assert table["width"] == str(int(table["width"]))
    shown = [f"  {name:5}  {value}" for name, value in table.items()]
    assert "\n".join(shown) in (folder / "summary.txt").read_text()
    assert "\n".join(shown) in done(paramsrun("status", folder))


def test_the_best_parameter_interface_can_be_the_input_of_the_next_run() -> None:
    folder = run_typed()
    text = (folder / SET / "best/parameter_interface.yaml").read_text()
    changed = [b for a, b in zip(PARAMETERS.splitlines(), text.splitlines(), strict=True) if a != b]
    assert changed
    assert all(line.startswith("value: ") for line in changed)
    results = ParAMSResults(folder)
    interface = results.get_parameter_interface()
    table = results.get_running_active_parameters()
    n, loss = results.get_running_loss()
    place = table["evaluation"].tolist().index(n[loss.argmin()])
    named = interface.named(interface.x0)
    assert named.pop("fixed") == "b"
    assert named == {name: table[name].tolist()[place] for name in NAMES}
    Path("job/parameter_interface.yaml").write_text(text)
    assert done(paramsrun("check", "job/params.in")) == "job/params.in: no mistakes\n"


def test_python_gets_arrays_of_numbers_where_all_are_numbers() -> None:
    table = ParAMSResults(run_typed()).get_running_active_parameters()
    assert {name: table[name].dtype for name in NAMES} == {
        "lr": np.float64,
        "width": np.int64,
        "act": np.dtype(object),
        "bias": np.bool_,
        "batch": np.int64,
    }
    assert set(table["act"]) <= {"relu", "tanh", "two words", "off"}
    assert set(table["batch"].tolist()) == {16, 32, 64}


def test_a_data_frame_has_typed_columns() -> None:
    pytest.importorskip("pandas")
    frame = ParAMSResults(run_typed()).to_dataframe()
    assert frame["width"].dtype == np.int64
    assert frame["bias"].dtype == np.bool_
    assert set(frame["act"]) <= {"relu", "tanh", "two words", "off"}


def test_csv_has_the_values_themselves() -> None:
    folder = run_typed()
    done(paramsrun("export", folder, "--csv"))
    with Path("params.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["act"] == "off"
    assert rows[0]["bias"] == "true"
    assert rows[0]["batch"] == "32"
    assert rows[0]["width"] == "16"
    assert "two words" in {row["act"] for row in rows}


def test_hdf5_has_positions_and_the_choices_beside_them() -> None:
    h5py = pytest.importorskip("h5py")
    folder = run_typed()
    done(paramsrun("export", folder, "--hdf5"))
    with h5py.File("params.h5") as file:
        matrix = file["parameters"][:]
        choices = json.loads(file["parameters"].attrs["choices"])
    assert matrix.dtype == np.float64
    assert matrix[0].tolist() == [1e-3, 16.0, 3.0, 0.0, 1.0]
    assert choices == {
        "act": ["relu", "tanh", "two words", "off"],
        "bias": [True, False],
        "batch": [16, 32, 64],
    }


def test_without_choices_hdf5_is_as_it_was() -> None:
    h5py = pytest.importorskip("h5py")
    done(paramsrun("export", run_typed(ROUNDING, NUMBERS), "--hdf5"))
    with h5py.File("params.h5") as file:
        assert set(file["parameters"].attrs) == {"names"}
        assert all(value.is_integer() for value in file["parameters"][:, 1].tolist())


def test_a_column_with_a_number_outside_the_range_is_still_one() -> None:
    outside = np.array([0.0, LAYERS.at(-0.5)])
    assert column(LAYERS, outside).tolist() == [0, -4]
    assert column(ACT, outside).tolist() == ["relu", outside[1]]
    assert column(LR, outside) is outside
    assert column(LAYERS, outside[:0]).dtype == np.int64
