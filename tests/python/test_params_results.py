"""What a results folder holds, for Python: exact, and as it is logged."""

import importlib
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from paramsrun import ParAMSJob, ParAMSResults
from paramsrun.errors import UsageError
from tests.cli.jobs import (
    SAMPLING,
    SEED,
    evaluations_of,
    function_job,
    journal_of,
    lennard_jones_job,
)
from tests.python.test_params_job import quiet
from tests.resuming.runs import TWO_OPTIMIZERS, UNEVEN, control, cut, numbers, until

EVERY_ROW = "LoggingInterval\n  General 1\n  Parameters 7\nEnd\n"
EVERY_FIFTH = "LoggingInterval\n  General 5\n  Parameters 7\nEnd\n"
TWO_SETS = "DataSet\n  Name training_set\nEnd\nDataSet\n  Path training_set.yaml\nEnd\n"


def two_optimizers(text: str = EVERY_FIFTH) -> ParAMSResults:
    """Return the results of a run of two optimizers in turn, some of whose points fail."""
    optimizers = TWO_OPTIMIZERS.partition("LoggingInterval")[0]
    path = function_job(Path("job"), UNEVEN, optimizers + SEED + until(45) + text)
    return ParAMSJob.from_inputfile(path).run(echo=quiet)


def dimers(text: str = "") -> ParAMSResults:
    """Return the results of a run on two data sets."""
    path = lennard_jones_job(Path("job"), SAMPLING + until(25) + SEED + TWO_SETS + text)
    return ParAMSJob.from_inputfile(path).run(echo=quiet)


def test_the_running_loss_has_the_logged_rows_and_the_losses_of_the_journal() -> None:
    results = two_optimizers()
    n, loss = results.get_running_loss()
    assert (n.dtype, loss.dtype) == (np.int64, np.float64)
    assert n.tolist() == numbers(results.path)
    assert 5 < len(n) < 45
    told = {e["n"]: float(str(e["fx"])) for e in journal_of(results.path) if e["e"] == "eval"}
    assert loss.tolist() == [told[k] for k in n.tolist()]


def test_a_failed_evaluation_has_an_infinite_loss() -> None:
    _, loss = two_optimizers(EVERY_ROW).get_running_loss()
    assert len(loss) == 46
    assert np.isinf(loss).any()


def test_local_numbers_are_those_of_each_optimizers_own_evaluations() -> None:
    results = two_optimizers(EVERY_ROW)
    own, loss = results.get_running_loss(local=True)
    of = [e["o"] for e in journal_of(results.path) if e["e"] == "eval"]
    expected = [of[: k + 1].count(o) if o else 0 for k, o in enumerate(of)]
    assert own.tolist() == expected
    assert loss.tolist() == results.get_running_loss()[1].tolist()
    second, _ = results.get_running_loss(local=True, optimizer=2)
    assert second.tolist() == list(range(1, len(second) + 1))
    globally, _ = results.get_running_loss(optimizer=2)
    assert globally.tolist() == [k for k, o in enumerate(of) if o == 2]


def test_a_validation_set_has_losses_of_its_own() -> None:
    results = dimers()
    n, validation = results.get_running_loss(data_set="validation_set")
    told = {e["n"]: e["val"] for e in journal_of(results.path) if "val" in e}
    assert validation.tolist() == [told[k] for k in n.tolist()]
    assert len(validation) > 1


def test_the_parameters_are_in_real_units_and_exact() -> None:
    results = two_optimizers()
    table = results.get_running_active_parameters()
    assert list(table) == ["evaluation", "a", "b"]
    by_n = {e["n"]: e["x"] for e in evaluations_of(results.path)}
    for n, a, b in zip(*(column.tolist() for column in table.values()), strict=True):
        if n:
            assert [a, b] == pytest.approx([4 * x - 2 for x in by_n[n]], abs=1e-15)  # type: ignore[attr-defined]
    assert table["evaluation"][0] == 0
    assert (table["a"][0], table["b"][0]) == (-1.0, 1.0)
    assert len(table["a"]) > 3


def test_what_was_not_logged_yet_is_empty() -> None:
    results = two_optimizers()
    assert results.get_running_stats()["evaluation"].size == 0
    on = ParAMSJob("on", f"ResumeCheckpoint {results.path}\n{until(47)}").run(echo=quiet)
    table = on.get_running_active_parameters(optimizer=on.get_optimizers()[-1].number)
    assert {name: column.shape for name, column in table.items()} == {
        "evaluation": (0,),
        "a": (0,),
        "b": (0,),
    }


def test_the_statistics_are_those_of_the_file() -> None:
    results = dimers()
    table = results.get_running_stats()
    assert list(table) == ["evaluation", "energy_mae", "energy_rmse"]
    assert table["evaluation"].tolist() == results.get_running_loss()[0].tolist()
    assert (table["energy_rmse"] >= table["energy_mae"]).all()


def test_the_best_initial_and_latest_agree_with_the_journal() -> None:
    results = dimers()
    evaluations = evaluations_of(results.path)
    assert results.get_loss() == min(e["fx"] for e in evaluations)  # type: ignore[type-var]
    assert results.get_loss("initial") == journal_of(results.path)[1]["fx"]
    n, loss = results.get_running_loss()
    assert results.get_loss("latest") == loss[-1]
    assert results.get_loss(optimizer=1) == results.get_running_loss(optimizer=1)[1].min()
    initial = results.get_parameter_interface("initial")
    assert initial.active_names == ("eps", "rmin")
    assert initial.x0.tolist() == [3.0e-4, 4.1]
    best = results.get_optimizers()[-1 if len(n) < 3 else 0]
    assert set(best.parameters or ()) == {"eps", "rmin"}


def test_the_best_parameters_are_those_of_the_best_optimizer() -> None:
    results = two_optimizers()
    best = min(results.get_optimizers(), key=lambda optimizer: optimizer.best)
    assert results.get_loss() == best.best
    assert best.parameters is not None
    assert results.get_parameter_interface().x0.tolist() == list(best.parameters.values())


def test_the_best_and_the_initial_values_need_no_other_file_than_the_journal() -> None:
    whole = two_optimizers()
    best, initial = whole.get_loss(), whole.get_loss("initial")
    first, second, *_ = whole.get_optimizers()
    shutil.rmtree(whole.path / "optimization/training_set_results")
    shutil.rmtree(whole.path / "optimization/optimizer_002")
    left = ParAMSResults(whole.path)
    assert (left.get_loss(), left.get_loss("initial")) == (best, initial)
    assert left.get_loss(optimizer=2) == second.best
    assert first.parameters is not None
    assert left.get_parameter_interface(optimizer=1).x0.tolist() == list(first.parameters.values())
    assert left.get_parameter_interface("initial").x0.tolist() == [-1.0, 1.0]
    with pytest.raises(UsageError, match="training_set_results: it was deleted"):
        left.get_loss("latest")


def test_a_resumed_run_has_the_initial_loss_and_the_best_of_ended_optimizers() -> None:
    whole = two_optimizers()
    on = ParAMSJob("on", f"ResumeCheckpoint {whole.path}\n{until(47)}").run(echo=quiet)
    assert on.get_loss("initial") == whole.get_loss("initial")
    for one in whole.get_optimizers()[:-1]:
        assert on.get_loss(optimizer=one.number) == one.best
    with pytest.raises(UsageError, match="There is no optimizer 99 in "):
        on.get_loss(optimizer=99)


def test_a_loss_that_there_is_none_of_is_told() -> None:
    path = function_job(Path("job"), UNEVEN, SAMPLING + SEED + until(3) + "SkipX0 Yes\n")
    results = ParAMSJob.from_inputfile(path).run(echo=quiet)
    with pytest.raises(UsageError, match="There is no initial loss of the training_set in "):
        results.get_loss("initial")
    with pytest.raises(UsageError, match="There is no validation_set in "):
        results.get_loss(data_set="validation_set")


def test_each_optimizer_has_its_own_parameters_and_statistics() -> None:
    results = dimers()
    first = results.get_optimizers()[0]
    interface = results.get_parameter_interface(optimizer=first.number)
    assert first.parameters is not None
    assert interface.x0.tolist() == list(first.parameters.values())
    whole, own = results.get_running_stats(), results.get_running_stats(optimizer=first.number)
    assert len(own["evaluation"]) > 0
    of = {e["n"] for e in evaluations_of(results.path) if e["o"] == first.number}
    kept = np.isin(whole["evaluation"], list(of))
    assert {name: column[kept].tolist() for name, column in whole.items()} == {
        name: column.tolist() for name, column in own.items()
    }


def test_a_validation_set_has_rows_and_predictions_of_its_own() -> None:
    results = dimers(EVERY_ROW)
    n, _ = results.get_running_loss(data_set="validation_set")
    table = results.get_running_active_parameters(data_set="validation_set")
    assert table["evaluation"].tolist() == [0, 7, 17]  # each optimizer's seventh
    assert table["eps"].tolist() == results.get_running_active_parameters()["eps"].tolist()
    stats = results.get_running_stats(data_set="validation_set")
    assert stats["evaluation"].tolist() == n.tolist()
    for optimizer in (None, 1):
        predictions = results.get_data_set_predictions("best", "validation_set", optimizer)
        assert list(predictions) == [f"energy('d{k}')" for k in range(6)]
        loss = results.get_loss("best", "validation_set", optimizer)
        assert sum(one.contribution for one in predictions.values()) == pytest.approx(loss)


def test_predictions_come_by_expression() -> None:
    predictions = dimers().get_data_set_predictions("initial")
    assert list(predictions) == [f"energy('d{k}')" for k in range(6)]
    one = predictions["energy('d1')"]
    assert (float(one.reference), one.unit, one.sigma) == (-0.1, "kcal/mol", 1.0)
    assert one.contribution == pytest.approx(float(one.reference - one.prediction) ** 2)


def test_predictions_of_an_earlier_session_are_said_to_be_there() -> None:
    dimers()
    job = ParAMSJob("on", f"ResumeCheckpoint params.results\n{until(26)}")
    assert job.run(echo=quiet).get_loss() == ParAMSResults("params.results").get_loss()
    with pytest.raises(UsageError, match="has no predictions: that evaluation failed, or was made"):
        job.results.get_data_set_predictions()


def test_each_optimizer_tells_what_it_did() -> None:
    results = two_optimizers()
    first, second, *rest = results.get_optimizers()
    assert (first.number, first.type, first.end) == (1, "CMAES", "converged")
    assert (second.number, second.type) == (2, "Scipy Nelder-Mead")
    assert first.reason
    assert sum(o.evaluations for o in (first, second, *rest)) == 45
    assert rest[-1].end == "job exit"
    assert results.get_end_reason() == "MaxTotalFunctionCalls(fmax=45) = True"


def test_a_run_that_was_killed_has_no_end_reason() -> None:
    results = two_optimizers()
    size = (results.path / "optimization/journal/000001.jsonl").stat().st_size
    killed = ParAMSResults(cut(results.path, size - 300))
    assert killed.get_end_reason() is None
    assert killed.get_optimizers()[-1].end is None
    assert ParAMSJob.load_external(killed.path).status() == "interrupted"


def test_checkpoints_come_earliest_first_and_are_those_of_this_job() -> None:
    results = two_optimizers(control(EveryFunctionCalls=10, KeepPast=2))
    names = [path.name for path in results.get_checkpoints()]
    assert names == ["c001.tar.gz", "c002.tar.gz", "c003.tar.gz"]
    text = f"ResumeCheckpoint {results.get_checkpoints()[0]}\n{until(35)}"
    on = ParAMSJob("on", text).run(echo=quiet)
    assert [path.parent.parent.name for path in on.get_checkpoints()] == ["on.results"]
    assert [path.name for path in on.get_checkpoints()] == ["c002.tar.gz"]


def test_results_that_are_not_there_are_said_not_to_be() -> None:
    nothing = ParAMSJob("nothing").results
    for ask in (nothing.get_running_loss, nothing.get_optimizers, nothing.get_checkpoints):
        with pytest.raises(UsageError, match=r"There is no results folder .*nothing\.results"):
            ask()
    results = two_optimizers()
    with pytest.raises(UsageError, match=r"validation_set_results: the job has no such data set$"):
        results.get_running_loss(data_set="validation_set")
    with pytest.raises(UsageError, match=": optimizer 99 did not live in this session"):
        results.get_running_loss(optimizer=99)
    with pytest.raises(UsageError, match="data_set must be training_set or validation_set"):
        results.get_loss(data_set="test_set")
    with pytest.raises(UsageError, match="source must be best, latest or initial, not 'bst'; did"):
        results.get_loss("bst")
    with pytest.raises(UsageError, match=r"There is no .*data_set_predictions\.yaml"):
        results.get_data_set_predictions()


def test_they_grow_with_the_run() -> None:
    results = two_optimizers(EVERY_ROW)
    whole = (results.path / "optimization/journal/000001.jsonl").stat().st_size
    growing = ParAMSResults(cut(results.path, whole // 2))
    n_before = growing.get_optimizers()[0].evaluations
    source = results.path / "optimization/journal/000001.jsonl"
    (growing.path / "optimization/journal/000001.jsonl").write_bytes(source.read_bytes())
    assert growing.get_optimizers() == results.get_optimizers()
    assert n_before <= growing.get_optimizers()[0].evaluations


def test_a_data_frame_has_every_evaluation() -> None:
    pytest.importorskip("pandas")
    frame = two_optimizers().to_dataframe()
    assert list(frame.columns) == [
        "evaluation",
        "optimizer",
        "optimizer_evaluation",
        "time_seconds",
        "training_set_loss",
        "validation_set_loss",
        "reason",
        "a",
        "b",
    ]
    assert frame["evaluation"].tolist() == list(range(46))
    assert math.isnan(frame["validation_set_loss"][3])


def test_without_pandas_a_data_frame_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    importlib.invalidate_caches()
    with pytest.raises(UsageError, match="pip install pandas"):
        two_optimizers().to_dataframe()
