import numpy as np

from paramsrun.problem.contract import Key
from paramsrun.problem.objective import DataSetObjective
from tests.problem.conftest import TRAINING_SET, JobFolder

X0 = np.array([0.25, 2.0])
INPUT = """\
LoggingInterval General=2
DataSet
   Name training_set
End
DataSet
   Name validation_set
   Path other.yaml
   LossFunction sae
   EvaluateEvery {}
End
"""


def test_the_validation_set_is_due_at_multiples_and_at_the_start(job: JobFolder) -> None:
    job.write("params.in", INPUT.format(4))
    job.write("other.yaml", TRAINING_SET)
    problem = job.problem()
    due = [n for n in range(1, 13) if problem.evaluate(X0, Key(3, n)).validation is not None]
    assert due == [4, 8, 12]
    initial = problem.evaluate(X0, Key(0, 0))
    assert initial.fx == 9.0
    assert initial.validation is not None
    assert initial.validation.fx == 5.0


def test_evaluate_every_is_rounded_to_the_logging_interval(job: JobFolder) -> None:
    job.write("params.in", INPUT.format(3))
    job.write("other.yaml", TRAINING_SET)
    assert job.problem().validate_every == 4


def test_a_validation_set_beside_the_input_is_read_without_being_named(job: JobFolder) -> None:
    job.write("validation_set.yaml", TRAINING_SET)
    problem = job.problem()
    assert problem.validation is not None
    assert set(problem.files) == {
        "parameter_interface.yaml",
        "job_collection.yaml",
        "training_set.yaml",
        "validation_set.yaml",
    }


def test_a_failing_validation_set_does_not_touch_the_training_loss(job: JobFolder) -> None:
    job.write(
        "validation_set.yaml",
        TRAINING_SET.replace(
            "energy('at_2')-", "1/(energy('at_2')-energy('at_2'))*energy('at_2')-"
        ),
    )
    evaluation = job.problem().evaluate(X0, Key(1, 10))
    assert evaluation.fx == 9.0
    assert evaluation.failures == ()
    assert evaluation.validation is not None
    assert evaluation.validation.fx == np.inf


def test_a_point_outside_fails_both_sets(job: JobFolder) -> None:
    job.write("validation_set.yaml", TRAINING_SET)
    evaluation = job.problem().evaluate(np.array([9.0, 2.0]), Key(0, 0))
    assert evaluation.validation is not None
    assert evaluation.validation.fx == np.inf


def expressions(objective: object) -> list[str]:
    assert isinstance(objective, DataSetObjective)
    return [entry.expression for entry in objective.data_set.entries]


def test_a_fraction_is_split_off_by_the_seed(job: JobFolder) -> None:
    job.write("params.in", "Validation 0.5\n")
    job.write(
        "training_set.yaml",
        "".join(
            f"---\nExpression: {k}*energy('at_2')\nWeight: 1\nReferenceValue: 0\n"
            for k in range(1, 21)
        ),
    )
    first, again, other = (job.problem(seed) for seed in (1, 1, 2))
    assert expressions(first.validation) == expressions(again.validation)
    assert expressions(first.validation) != expressions(other.validation)
    both = expressions(first.training) + expressions(first.validation)
    assert sorted(both) == sorted(f"{k}*energy('at_2')" for k in range(1, 21))
    assert len(expressions(first.validation)) == 10


def test_a_validation_set_given_wins_over_a_fraction(job: JobFolder) -> None:
    job.write("params.in", "Validation 0.5\n")
    job.write("validation_set.yaml", TRAINING_SET)
    problem = job.problem()
    assert len(expressions(problem.training)) == 2
    assert job.warnings == ["params.in:1:12: Validation has no effect: a validation set is given"]


def test_a_set_too_small_to_split_is_a_mistake(job: JobFolder) -> None:
    job.write("params.in", "Validation 0.5\n")
    job.write("training_set.yaml", TRAINING_SET.rpartition("---")[0])
    assert job.mistakes() == [
        "params.in:1:12: Validation: a training set of 1 entries cannot be split"
    ]
