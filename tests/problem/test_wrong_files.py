"""What is told of files that are another kind of file, and of values that are nearly right."""

import pytest

from tests.problem.conftest import JOBS, PARAMETERS, TRAINING_SET, JobFolder


def without_header(text: str) -> str:
    return "---\n" + text.partition("---\n")[2].partition("---\n")[2]


def test_a_data_set_in_place_of_the_parameters_is_told_once(job: JobFolder) -> None:
    job.write("parameter_interface.yaml", without_header(TRAINING_SET))
    assert job.mistakes() == [
        "parameter_interface.yaml:2:1: this is a data set, by its keys; a parameter interface is "
        "wanted here"
    ]


def test_a_file_of_another_dtype_is_told_by_its_dtype_alone(job: JobFolder) -> None:
    job.write("training_set.yaml", JOBS)
    assert job.mistakes() == [
        "training_set.yaml:2:1: dtype must be DataSet in this file, not JobCollection"
    ]


def test_parameters_in_place_of_jobs_are_told_once(job: JobFolder) -> None:
    job.write("job_collection.yaml", without_header(PARAMETERS))
    assert job.mistakes() == [
        "job_collection.yaml:2:1: this is a parameter interface, by its keys; a job collection is "
        "wanted here"
    ]


def test_a_header_without_dtype_is_told_as_one(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"dtype: LennardJonesParameters": "version: '1'"})
    assert job.mistakes()[:1] == [
        "parameter_interface.yaml:2:1: this has no key of a parameter interface; if it is the "
        "header of the file, it needs dtype: Parameters"
    ]


def test_an_empty_job_collection_is_told_once(job: JobFolder) -> None:
    job.write("job_collection.yaml", "")
    assert job.mistakes() == ["job_collection.yaml: there are no jobs in this file"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("4,1", "value must be a number, not '4,1'; write the decimal point as ."),
        ("2,000", "value must be a number, not '2,000'; write 2000, or 2.000 if that is meant"),
        ('"0.25"', "value must be a number, not '0.25': write it without quotes"),
        (
            "\u22120.2",
            "value must be a number, not '\u22120.2'; U+2212 (minus sign) stands there: type - in "
            "its place",
        ),
    ],
)
def test_a_value_that_is_nearly_a_number_is_told_with_what_to_write(
    job: JobFolder, value: str, message: str
) -> None:
    job.edit("parameter_interface.yaml", {"value: 0.25": f"value: {value}"})
    assert job.mistakes() == [f"parameter_interface.yaml:5:8: {message}"]


def test_a_range_with_decimal_commas_is_told(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"[0.0, 2.0]": "[0,0, 2,0]"})
    assert job.mistakes() == [
        "parameter_interface.yaml:6:8: range must be two numbers, [lowest, highest]; write the "
        "decimal point as ."
    ]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "4,1",
            "ReferenceValue is an array of shape 2, but energy('at_2') gives a number; is a comma "
            "meant as the decimal point? Write it as .",
        ),
        ("two", "ReferenceValue must be a number or an array, not 'two'"),
        (".nan", "ReferenceValue must be finite"),
    ],
)
def test_a_reference_value_that_is_no_number_is_told(
    job: JobFolder, reference: str, message: str
) -> None:
    job.edit("training_set.yaml", {"ReferenceValue: -1.25": f"ReferenceValue: {reference}"})
    assert job.mistakes() == [f"training_set.yaml:7:17: {message}"]


def test_a_coordinate_with_a_decimal_comma_is_told(job: JobFolder) -> None:
    job.edit("job_collection.yaml", {"Ar 2.0": "Ar 3,3"})
    assert job.mistakes() == [
        "job_collection.yaml:10:8: 3,3 is not a number; write the decimal point as ."
    ]


def test_a_division_by_zero_is_told_where_it_stands(job: JobFolder) -> None:
    job.edit(
        "training_set.yaml", {"Expression: energy('at_2')\n": "Expression: energy('at_2')/0\n"}
    )
    assert job.mistakes() == ["training_set.yaml:4:28: nothing can be divided by 0"]


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("meV", "; give its factor: meV, 27211.386246"),
        ("mEv", "; give its factor: meV, 27211.386246"),
        (
            "hartre",
            "; did you mean hartree?, or give its factor: hartre, <how many hartre are one "
            "hartree>",
        ),
        ("zap", "; give its factor: zap, <how many zap are one hartree>"),
    ],
)
def test_a_unit_that_is_not_known_is_told_with_a_factor_that_is_true(
    job: JobFolder, unit: str, told: str
) -> None:
    job.edit("training_set.yaml", {"Weight: 2.0": f"Weight: 2.0\nUnit: {unit}"})
    assert job.mistakes() == [
        f"training_set.yaml:6:7: Unit {unit} is not known here (known: hartree, Ha, eV, kJ/mol, "
        f"kcal/mol){told}"
    ]


def test_a_unit_in_some_entries_only_is_warned_of(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"Weight: 2.0": "Weight: 2.0\nUnit: eV"})
    assert job.load() is not None
    assert [str(w) for w in job.findings.warnings] == [
        f"{job.path}/training_set.yaml:10:1: 1 of 2 entries of energy have no Unit, so that "
        "theirs is hartree; others have one, such as eV on line 6"
    ]


def test_weights_that_are_all_zero_are_a_mistake_of_a_training_set(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"Weight: 2.0": "Weight: 0", "Weight: 1.0": "Weight: 0"})
    assert job.mistakes() == [
        "training_set.yaml:5:9: all Weights are 0, so that the loss would always be 0"
    ]


def test_weights_that_are_all_zero_are_warned_of_in_a_validation_set(job: JobFolder) -> None:
    job.write("validation_set.yaml", TRAINING_SET)
    job.edit("validation_set.yaml", {"Weight: 2.0": "Weight: 0", "Weight: 1.0": "Weight: 0"})
    assert job.load() is not None
    assert [str(w) for w in job.findings.warnings] == [
        f"{job.path}/validation_set.yaml:5:9: all Weights are 0, so that the loss would always be 0"
    ]


def test_typographic_quotes_in_a_path_are_told(job: JobFolder) -> None:
    job.write("params.in", "JobCollection \u201cjobs.yaml\u201d\n")
    assert job.mistakes() == [
        "params.in:1:15: JobCollection: \u201cjobs.yaml\u201d does not exist; U+201C (left double "
        'quotation mark) stands there: type " in its place'
    ]


def test_digits_that_changed_places_lead_to_the_name_that_was_meant(job: JobFolder) -> None:
    job.edit("job_collection.yaml", {"ID: at_2": "ID: dimer_330", "ID: at_4": "ID: dimer_390"})
    job.write("training_set.yaml", TRAINING_SET.replace("at_2", "dimer_303"))
    assert job.mistakes()[0] == (
        "training_set.yaml:4:13: the job collection holds no job dimer_303; did you mean dimer_330?"
    )
