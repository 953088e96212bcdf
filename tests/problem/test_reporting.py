"""Reports on two numbers: energy(at_2) is -0.25 (reference -1.25), half of it -0.125 (0)."""

import numpy as np
import pytest

from paramsrun.problem.contract import Key, SetEvaluation
from paramsrun.problem.objective import DataSetObjective
from paramsrun.problem.reporting import Report, Row, Statistics
from tests.problem.conftest import JobFolder

X0 = np.array([0.25, 2.0])
FORCES = """\
---
Expression: forces('at_4')
Weight: [[1, 0, 0], [1, 0, 0]]
Sigma: 1
ReferenceValue: |
   array([[1.0, 0.0, 0.0],
          [0.0, 0.0, 0.0]])
Description: 'far: yes'
Tags: [1, two]
"""


def evaluated(job: JobFolder, number: int = 1) -> tuple[Report, SetEvaluation]:
    problem = job.problem()
    assert isinstance(problem.training, DataSetObjective)
    return Report(problem.training), problem.evaluate(X0, Key(1, number)).training


def test_statistics_are_physical_and_unweighted(job: JobFolder) -> None:
    report, result = evaluated(job)
    (found,) = report.statistics(result)
    assert found == Statistics(
        "energy", 2, (1.0 + 0.125) / 2, pytest.approx(((1.0 + 0.125**2) / 2) ** 0.5), "hartree"
    )


def test_statistics_of_several_units_are_in_the_extractor_s_own(job: JobFolder) -> None:
    job.edit(
        "training_set.yaml",
        {"Sigma: 0.5\nReferenceValue: -1.25": "Unit: x, 10\nReferenceValue: -12.5"},
    )
    report, result = evaluated(job)
    (found,) = report.statistics(result)
    assert found.unit == "hartree"
    assert found.mae == pytest.approx((1.0 + 0.125) / 2)


def test_statistics_of_one_unit_are_in_it(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"Sigma: 0.125": "Unit: x, 10", "Sigma: 0.5": "Unit: x, 10"})
    report, result = evaluated(job)
    (found,) = report.statistics(result)
    assert found.unit == "x"
    assert found.mae == pytest.approx((1.25 + 1.25) / 2)


def test_contributions_add_up_to_the_loss(job: JobFolder) -> None:
    report, result = evaluated(job)
    assert [(c.position, c.value) for c in report.contributions(result)] == [(0, 8.0), (1, 1.0)]
    assert sum(c.percent for c in report.contributions(result)) == pytest.approx(100.0)


def test_scatter_rows_stand_under_their_extractor(job: JobFolder) -> None:
    text = (job.path / "training_set.yaml").read_text()
    job.write("training_set.yaml", text + FORCES)
    report, result = evaluated(job)
    rows = report.scatter(result)
    assert list(rows) == ["energy", "forces"]
    assert rows["energy"][0] == Row(-1.25, -0.25, 1.0, 8.0, "energy('at_2')", 0)
    assert [r.element for r in rows["forces"]] == [0, 1, 2, 3, 4, 5]
    assert rows["forces"][0].reference == 1.0
    assert rows["forces"][3].prediction == -rows["forces"][0].prediction


def test_predictions_are_a_data_set_that_can_be_read_again(job: JobFolder) -> None:
    text = (job.path / "training_set.yaml").read_text()
    job.write("training_set.yaml", text + FORCES)
    report, result = evaluated(job)
    written = report.predictions_yaml(result)
    job.write("training_set.yaml", written)
    again, result_again = evaluated(job)
    assert result_again.fx == result.fx
    assert again.predictions_yaml(result_again) == written
    entry = again._entries[2]
    assert entry.metadata["Description"] == "far: yes"
    assert entry.metadata["Tags"] == [1, "two"]
    assert "array([[" in entry.metadata["Prediction"]
    assert again._entries[0].metadata["Prediction"] == -0.25
    assert again._entries[0].metadata["Loss contribution"] == 8.0


def test_predictions_read_like_a_data_set(job: JobFolder) -> None:
    report, result = evaluated(job)
    assert report.predictions_yaml(result) == (
        "---\ndtype: DataSet\n"
        "---\nExpression: energy('at_2')\nWeight: 2.0\nSigma: 0.5\nReferenceValue: -1.25\n"
        "Unit: hartree, 1.0\nPrediction: -0.25\nLoss contribution: 8.0\nLoss percent: 88.8889\n"
        "---\nExpression: energy('at_2')-0.5*energy('at_2')\nWeight: 1.0\nSigma: 0.125\n"
        "ReferenceValue: 0.0\nUnit: hartree, 1.0\nPrediction: -0.125\nLoss contribution: 1.0\n"
        "Loss percent: 11.1111\n"
        "...\n"
    )


def test_a_subset_is_reported_alone(job: JobFolder) -> None:
    job.write("params.in", "DataSet BatchSize=1 LossFunction=mae\n")
    reports = {}
    for number in range(1, 20):
        report, result = evaluated(job, number)
        (share,) = report.contributions(result)
        (statistics,) = report.statistics(result)
        assert report.predictions_yaml(result).count("Expression") == 1
        assert [r.expression for r in report.scatter(result)["energy"]] == [
            report._entries[share.position].expression
        ]
        reports[share] = statistics.mae
    assert reports == {(0, 4.0, 100.0): 1.0, (1, 1.0, 100.0): 0.125}


def test_a_point_without_predictions_is_reported_without_them(job: JobFolder) -> None:
    report, _ = evaluated(job)
    failed = SetEvaluation(np.inf)
    assert report.statistics(failed) == ()
    assert report.contributions(failed) == ()
    assert report.scatter(failed) == {}
    assert report.predictions_yaml(failed).count("Expression") == 2
    assert "Prediction" not in report.predictions_yaml(failed)


def test_predictions_that_are_not_finite_are_reported(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"energy('at_2')-0.5*energy('at_2')": "1/(energy('at_2')+0.25)"})
    report, result = evaluated(job)
    (found,) = report.statistics(result)
    assert found.mae == np.inf
    assert "Prediction: inf" in report.predictions_yaml(result)
