"""Wrong files beside what is told of them."""

import pytest

from paramsrun.problem.objective import DataSetObjective
from tests.problem.conftest import JobFolder


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("parameter_interface.yaml", "ParameterInterface"),
        ("job_collection.yaml", "JobCollection"),
        ("training_set.yaml", "DataSet%Path"),
    ],
)
def test_a_missing_file_is_told_with_its_key(job: JobFolder, name: str, key: str) -> None:
    path = job.path / name
    path.unlink()
    assert job.mistakes() == [f"params.in:1:1: {key}: {name} (the default) does not exist"]


def test_a_name_that_no_file_can_have_is_told(job: JobFolder) -> None:
    job.write("params.in", f"ParameterInterface {'a' * 300}\nEngineCollection {'b' * 300}\n")
    told = [m.rpartition(": ")[2] for m in job.mistakes()]
    assert told == ["File name too long", "File name too long"]


def test_a_missing_file_is_told_where_the_input_names_it(job: JobFolder) -> None:
    job.write(
        "params.in",
        "JobCollection jobs.yaml\nDataSet\nEnd\nDataSet\n  Path other.yaml\nEnd\n"
        "EngineCollection engines.yaml\nParameterInterface .\n",
    )
    assert [m.replace(str(job.path), ".") for m in job.mistakes()] == [
        "params.in:1:15: JobCollection: jobs.yaml does not exist",
        "params.in:5:8: DataSet[2]%Path: other.yaml does not exist",
        "params.in:7:18: EngineCollection: engines.yaml does not exist",
        "params.in:8:20: ParameterInterface: . is no file",
    ]


def test_all_mistakes_of_all_files_come_together(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"value: 2.0": "value: 9.0"})
    job.edit("job_collection.yaml", {"Ar 4.0": "Xx 4.0"})
    job.edit(
        "training_set.yaml", {"energy('at_2')-": "eneryg('at_2')-", "Weight: 2.0": "Weight: x"}
    )
    assert job.mistakes() == [
        "job_collection.yaml:20:8: there is no element Xx",
        "parameter_interface.yaml:10:8: the value 9.0 of rmin is outside its range 1.0 to 4.0",
        "training_set.yaml:5:9: Weight must be a number or an array, not 'x'",
        "training_set.yaml:9:13: there is no extractor eneryg; did you mean energy?",
    ]


def test_broken_yaml_is_told_once_and_the_other_files_are_checked(job: JobFolder) -> None:
    job.write("job_collection.yaml", "---\nID: [a\n---\n")
    job.edit("training_set.yaml", {"Sigma: 0.5": "Sigma: 0"})
    found = job.mistakes()
    assert len(found) == 2
    assert found[0].startswith("job_collection.yaml:2:5: the YAML is broken here")
    assert found[1] == "training_set.yaml:6:8: Sigma must be a number above 0, not 0"


def test_an_unknown_job_is_told_with_the_nearest(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"-0.5*energy('at_2')": "-0.5*energy('at2')"})
    assert job.mistakes() == [
        "training_set.yaml:9:32: the job collection holds no job at2; did you mean at_2?"
    ]


def test_a_property_that_the_engine_does_not_give_is_told(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"-0.5*energy('at_2')": "-charges('at_2')"})
    assert job.mistakes() == [
        "training_set.yaml:9:28: charges needs charges, which LennardJones does not give "
        "(it gives energy, forces, stresstensor)"
    ]


def test_a_job_that_the_engine_cannot_run_is_told_at_the_job(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"-0.5*energy('at_2')": "-stresstensor('at_2')"})
    assert job.mistakes() == [
        "job_collection.yaml:5:11: job at_2: the stress tensor needs three lattice vectors"
    ]


def test_arrays_of_another_shape_are_told(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"Weight: 2.0": "Weight: [2.0]", "-0.5*energy": "+forces"})
    assert job.mistakes() == [
        "training_set.yaml:5:9: Weight is an array of shape 1, but energy('at_2') gives a number",
        "training_set.yaml:12:17: ReferenceValue is a number, but energy('at_2')+forces('at_2') "
        "gives an array of shape 2 x 3",
    ]


def test_an_atom_that_is_not_there_is_told(job: JobFolder) -> None:
    job.edit("training_set.yaml", {"-0.5*energy('at_2')": "+distance('at_2', 0, 2)"})
    (found,) = job.mistakes()
    assert found.startswith("training_set.yaml:9:28: distance('at_2'): ")


def test_parameters_that_the_engine_does_not_know_are_told(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"name: rmin": "name: rmn"})
    assert [m.partition(": ")[0] for m in job.mistakes()] == ["parameter_interface.yaml"] * 2


def test_a_max_jobs_that_leaves_nothing_is_told(job: JobFolder) -> None:
    job.write("params.in", "DataSet\n  MaxJobs 1\nEnd\n")
    text = "Expression: energy('at_2')-energy('at_4')\nWeight: 1\nReferenceValue: 0\n"
    job.write("training_set.yaml", text)
    assert job.mistakes() == [
        "params.in:2:11: DataSet%MaxJobs 1 leaves no entry: each needs at least 2 jobs"
    ]


def test_an_engine_block_overrides_the_header(job: JobFolder) -> None:
    job.edit(
        "parameter_interface.yaml",
        {"Parameters\n": "Parameters\nsettings:\n  input:\n    lennardjones:\n      Cutoff: 1\n"},
    )
    job.edit("training_set.yaml", {"Weight: 1.0": "Weight: 0.0"})
    import numpy as np

    from paramsrun.problem.contract import Key

    x = np.array([0.25, 2.0])
    assert job.problem().evaluate(x, Key(1, 1)).fx == 2 * (1.25 / 0.5) ** 2
    job.write("params.in", "Engine LennardJones\nEndEngine\n")
    assert job.problem().evaluate(x, Key(1, 1)).fx == 2 * (1.0 / 0.5) ** 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("input: {lennardjones: {cutof: 1}}", "4:27: LennardJones has no key cutof; did you mean"),
        (
            "input: {lennardjones: {cutoff: -1}}",
            "4:35: Engine LennardJones%Cutoff must be at least",
        ),
        ("input: {dftb: {}}", "4:12: dftb has no meaning here: the options of the engine stand"),
        ("{runscript: x}", "4:5: runscript has no meaning here: the options of the engine stand"),
    ],
)
def test_wrong_options_in_the_header_are_told(job: JobFolder, settings: str, message: str) -> None:
    head = "LennardJonesParameters\n"
    job.edit("parameter_interface.yaml", {head: f"{head}settings:\n   {settings}\n"})
    (found,) = job.mistakes()
    assert found.startswith(f"parameter_interface.yaml:{message}")


def test_another_engine_than_that_of_the_parameters_is_a_mistake(job: JobFolder) -> None:
    job.write("params.in", "Engine Function\n  Call math:sin\nEndEngine\n")
    (found,) = job.mistakes()
    assert found.startswith(
        "params.in:1:1: Engine Function does not fit the parameters, which are "
        "LennardJonesParameters (parameter_interface.yaml:2:1); give the parameters "
    )


def test_parameters_of_no_engine_need_an_engine_block(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"LennardJonesParameters": "Parameters"})
    assert job.mistakes() == [
        "parameter_interface.yaml:2:1: these parameters name no engine: give the input a block "
        "Engine X ... EndEngine (X is one of Command, Function, LennardJones), or the parameters "
        "dtype: XParameters"
    ]
    job.write("params.in", "Engine LennardJones\nEndEngine\n")
    assert job.load() is not None


def test_parameters_of_an_unknown_engine_are_told(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"LennardJonesParameters": "LennardJoneParameters"})
    (found,) = job.mistakes()
    assert found.startswith(
        "parameter_interface.yaml:2:1: Engine has no type LennardJone; did you mean LennardJones?"
    )


def test_reference_engines_must_be_in_the_engine_collection(job: JobFolder) -> None:
    job.edit("job_collection.yaml", {"ID: at_2\n": "ID: at_2\nReferenceEngineID: dftb\n"})
    assert job.mistakes() == [
        "job_collection.yaml:5:20: no engine collection holds the engine dftb"
    ]
    engine = "ID: dftb\nAMSInput: |\n  Engine DFTB\n  EndEngine\n"
    job.write("job_collection_engines.yaml", engine)
    problem = job.problem()
    assert problem.files["job_collection_engines.yaml"] == job.path / "job_collection_engines.yaml"


def test_the_files_that_were_read_are_kept_by_their_names_in_the_input(job: JobFolder) -> None:
    job.write("params.in", f"JobCollection {job.path}/job_collection.yaml\n")
    assert job.problem().files == {
        "parameter_interface.yaml": job.path / "parameter_interface.yaml",
        f"{job.path}/job_collection.yaml": job.path / "job_collection.yaml",
        "training_set.yaml": job.path / "training_set.yaml",
    }


def test_a_file_without_headers_is_read_all_the_same(job: JobFolder) -> None:
    for name in ("job_collection.yaml", "training_set.yaml"):
        text = (job.path / name).read_text()
        job.write(name, text.split("---\n", 2)[2])
    assert isinstance(job.problem().training, DataSetObjective)


def test_files_with_carriage_returns_are_read_all_the_same(job: JobFolder) -> None:
    for name in ("job_collection.yaml", "training_set.yaml", "parameter_interface.yaml"):
        text = (job.path / name).read_text()
        (job.path / name).write_bytes(text.replace("\n", "\r\n").encode())
    assert isinstance(job.problem().training, DataSetObjective)
