"""Losses of whole problems. With eps = 0.25 and rmin = 2 the dimer at 2 has the energy -0.25."""

import pickle

import numpy as np
import pytest

from paramsrun.problem.contract import Key
from paramsrun.problem.objective import DataSetObjective
from tests.problem.conftest import TRAINING_SET, JobFolder

FIRST = Key(1, 1)
X0 = np.array([0.25, 2.0])


def test_the_loss_is_that_of_hand_arithmetic(job: JobFolder) -> None:
    # d = (-0.25 + 1.25) / 0.5 = 2, w = 2; d = -0.125 / 0.125 = -1, w = 1
    evaluation = job.problem().evaluate(X0, FIRST)
    assert evaluation.fx == 2 * 4 + 1
    assert evaluation.training.residuals is not None
    assert evaluation.training.residuals.tolist() == [2.0, -1.0]
    assert evaluation.training.predictions is not None
    assert evaluation.training.predictions.tolist() == [-0.25, -0.125]
    assert evaluation.failures == ()


@pytest.mark.parametrize(
    ("loss", "fx"), [("sse", 9.0), ("sae", 5.0), ("mae", 2.5), ("rmse", 4.5**0.5)]
)
def test_the_loss_function_is_that_of_the_input(job: JobFolder, loss: str, fx: float) -> None:
    job.write("params.in", f"DataSet LossFunction={loss}\n")
    assert job.problem().evaluate(X0, FIRST).fx == pytest.approx(fx, rel=1e-15)


def test_units_change_nothing_that_they_should_not(job: JobFolder) -> None:
    plain = job.problem().evaluate(X0, FIRST)
    job.edit(
        "training_set.yaml",
        {"Sigma: 0.5\nReferenceValue: -1.25": "Sigma: 5\nReferenceValue: -12.5\nUnit: x, 10"},
    )
    other = job.problem().evaluate(X0, FIRST)
    assert other.fx == pytest.approx(plain.fx, rel=1e-14)
    assert other.training.predictions is not None
    assert other.training.predictions[0] == pytest.approx(-2.5)


def test_dihedrals_are_compared_modulo_a_turn(job: JobFolder) -> None:
    atoms = "Ar 1 0 0\n       Ar 0 0 0\n       Ar 0 0 1\n       Ar -1 0.1 1\n"
    job.edit("job_collection.yaml", {"Ar 0.0 0.0 0.0\n       Ar 2.0 0.0 0.0\n": atoms})
    expressions = ["dihedral('at_2', 0, 1, 2, 3)", "angle('at_2', 0, 1, 2)"]
    entries = "".join(
        f"---\nExpression: {text}\nWeight: 1\nSigma: 1\nReferenceValue: {reference}\n"
        for text, reference in zip(expressions, (-180.0, 450.0), strict=True)
    )
    job.write("training_set.yaml", entries)
    residuals = job.problem().evaluate(X0, FIRST).training.residuals
    assert residuals is not None
    assert abs(residuals[0]) == pytest.approx(np.degrees(np.arctan(0.1)))
    assert residuals[1] == pytest.approx(-360.0)


@pytest.mark.parametrize(
    ("x", "where", "reason"),
    [
        ([3.0, 2.0], "eps", "3.0 is outside the range 0.0 to 2.0"),
        ([0.25, 0.9], "rmin", "0.9 is outside the range 1.0 to 4.0"),
        ([0.25, np.nan], "rmin", "nan is outside the range 1.0 to 4.0"),
        ([0.25, np.inf], "rmin", "inf is outside the range 1.0 to 4.0"),
    ],
)
def test_a_point_outside_its_range_fails(
    job: JobFolder, x: list[float], where: str, reason: str
) -> None:
    evaluation = job.problem().evaluate(np.array(x), FIRST)
    assert evaluation.fx == np.inf
    assert evaluation.failures == ((where, reason),)


def test_the_ends_of_a_range_are_within_it(job: JobFolder) -> None:
    assert np.isfinite(job.problem().evaluate(np.array([2.0, 1.0]), FIRST).fx)


def test_a_job_that_fails_is_an_infinite_loss_that_names_it(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"[1.0, 4.0]": "[1.0, 1e60]"})
    evaluation = job.problem().evaluate(np.array([0.25, 1e50]), FIRST)
    assert evaluation.fx == np.inf
    assert [f.where for f in evaluation.failures] == ["at_2"]


def test_predictions_that_are_not_finite_are_named(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"energy('at_2')-0.5*energy('at_2')": "1/(energy('at_2')+0.25)"})
    evaluation = job.problem().evaluate(X0, FIRST)
    assert evaluation.fx == np.inf
    assert evaluation.failures == (("1/(energy('at_2')+0.25)", "the prediction is inf"),)


def test_nan_never_leaves_as_a_loss(job: JobFolder) -> None:
    text = "(energy('at_2')+0.25)/(energy('at_2')+0.25)"
    job.edit("training_set.yaml", {"energy('at_2')-0.5*energy('at_2')": text, "1.0": "0.0"})
    evaluation = job.problem().evaluate(X0, FIRST)
    assert evaluation.fx == np.inf
    assert evaluation.failures == ((text, "the prediction is nan"),)


def test_a_loss_that_overflows_names_the_entry(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"Sigma: 0.5": "Sigma: 1e-200"})
    (failure,) = job.problem().evaluate(X0, FIRST).failures
    assert failure == ("energy('at_2')", "the loss overflows: it predicts -0.25")


def test_the_same_point_and_key_give_the_same_bits_anywhere(job: JobFolder) -> None:
    job.write("params.in", "DataSet BatchSize=1\n")
    problem = job.problem()
    copy = pickle.loads(pickle.dumps(problem))
    for number in range(1, 10):
        x = np.array([0.1 * number, 2.1])
        here, there = (p.evaluate(x, Key(1, number)) for p in (problem, copy))
        assert here.fx == there.fx
        assert here.training.entries == there.training.entries


def test_an_evaluation_leaves_the_point_alone(job: JobFolder) -> None:
    x = X0.copy()
    x.flags.writeable = False
    assert job.problem().evaluate(x, FIRST).fx == 9.0


def test_a_subset_has_the_loss_of_its_entries_alone(job: JobFolder) -> None:
    job.write("params.in", "DataSet BatchSize=1 LossFunction=mae\n")
    problem = job.problem()
    found = {}
    for number in range(1, 20):
        training = problem.evaluate(X0, Key(1, number)).training
        assert training.entries is not None
        assert training.predictions is not None
        found[training.entries] = (training.fx, training.predictions.tolist())
    assert found == {(0,): (4.0, [-0.25]), (1,): (1.0, [-0.125])}


def test_a_subset_computes_its_own_jobs_only(job: JobFolder) -> None:
    extra = TRAINING_SET + "---\nExpression: 1/(energy('at_4')*0)\nWeight: 1\nReferenceValue: 0\n"
    job.write("training_set.yaml", extra)
    job.write("params.in", "DataSet MaxJobs=1\n")
    training = job.problem().evaluate(X0, FIRST).training
    assert training.entries == (0, 1)
    assert training.fx == 9.0


def test_failed_entries_of_a_subset_are_named(job: JobFolder) -> None:
    job.write("params.in", "DataSet BatchSize=1\n")
    job.edit("training_set.yaml", {"energy('at_2')-0.5*energy('at_2')": "1/(energy('at_2')+0.25)"})
    problem = job.problem()
    named = {problem.evaluate(X0, Key(1, n)).failures for n in range(1, 20)}
    assert named == {(), (("1/(energy('at_2')+0.25)", "the prediction is inf"),)}


def test_only_jobs_that_an_entry_uses_are_computed(job: JobFolder) -> None:
    problem = job.problem()
    assert isinstance(problem.training, DataSetObjective)
    assert {name for name, _ in problem.training.model.layout} == {"at_2"}
