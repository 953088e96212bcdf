import pytest

from paramsrun.errors import Findings, Place
from paramsrun.input import Source
from paramsrun.problem.documents import Stream, parse_stream
from paramsrun.problem.jobs import JobCollection, read_engines, read_jobs
from paramsrun.settings.units import BOHR_IN_ANGSTROM


def stream(text: str) -> Stream:
    findings = Findings()
    found = parse_stream(Source(text, Place("j.yaml", 1, 1)), findings)
    findings.check()
    assert found is not None
    return found


def entry(ams: str, head: str = "ID: a\n") -> str:
    return f"---\n{head}AMSInput: |\n" + "".join(f"   {line}\n" for line in ams.splitlines())


def read(text: str) -> JobCollection:
    findings = Findings()
    collection = read_jobs(stream(text), findings)
    findings.check()
    return collection


def mistakes(text: str) -> list[str]:
    findings = Findings()
    read_jobs(stream(text), findings)
    return [str(m) for m in sorted(findings.mistakes)]


DIMER = """\
Task SinglePoint
system
  atoms
     Ar  0.0 0.0 0.0
     Ar  3.8 0.0 0.0
  end
end
"""


def test_a_job_has_its_atoms_in_angstrom() -> None:
    job = read("---\ndtype: JobCollection\n" + entry(DIMER)).jobs["a"]
    assert job.system.symbols == ("Ar", "Ar")
    assert job.system.positions.tolist() == [[0.0, 0.0, 0.0], [3.8, 0.0, 0.0]]
    assert job.system.lattice is None
    assert job.task == "singlepoint"


def test_lattice_charge_and_units_are_read() -> None:
    ams = """\
System initial
  Atoms [Bohr]
     na 0 0 1.0d0   region=core  # a comment
     Cl.label 0 0 -2
  End
  Lattice
     10 0 0
     0 11 0
  End
  Charge -1
  BondOrders
     1 2 1.0
  End
End
"""
    system = read(entry(ams)).jobs["a"].system
    assert system.symbols == ("Na", "Cl")
    assert system.positions[:, 2].tolist() == [BOHR_IN_ANGSTROM, -2 * BOHR_IN_ANGSTROM]
    assert system.lattice is not None
    assert system.lattice.tolist() == [[10.0, 0.0, 0.0], [0.0, 11.0, 0.0]]
    assert system.charge == -1.0


def test_other_keys_of_a_job_are_metadata() -> None:
    collection = read(entry(DIMER, "ID: a\nSource: own example\nReferenceEngineID: None\n"))
    assert collection.metadata["a"] == {"Source": "own example"}
    assert collection.engines == ()


def test_harmless_blocks_of_the_driver_are_let_pass() -> None:
    ams = "Properties\n  Gradients Yes\n  StressTensor\nEnd\nUseSymmetry No\n" + DIMER
    assert list(read(entry(ams)).jobs) == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Ar  0.0", "Xx  0.0", "j.yaml:7:9: there is no element Xx"),
        ("Ar  0.0", "Gh.Ar 0.0", "j.yaml:7:9: ghost atoms are not available"),
        ("3.8 0.0 0.0", "3.8 0.0", "j.yaml:8:9: an atom is an element and three numbers, not Ar"),
        ("3.8 0.0 0.0", "3.8 0.0 0 0", "j.yaml:8:9: an atom is an element and three numbers"),
        ("3.8", "3,8", "j.yaml:8:9: 3,8 is not a number"),
        ("3.8", "nan", "j.yaml:8:9: nan is not a number"),
        ("3.8", "1e999", "j.yaml:8:9: 1e999 is not a number"),
        ("atoms", "atoms [mile]", "j.yaml:6:12: Atoms has the unknown unit mile; it takes"),
        (
            "Task SinglePoint",
            "Task GeometryOptimization",
            "j.yaml:4:9: Task GeometryOptimization is not available yet; for now give SinglePoint",
        ),
        (
            "SinglePoint",
            "SinglPoint",
            "j.yaml:4:9: Task SinglPoint: no such task; did you mean Sin",
        ),
        ("Task SinglePoint", "Taks SinglePoint", "j.yaml:4:4: Taks: no such key or block; did you"),
        (
            "Task SinglePoint",
            "Engine DFTB\nEndEngine",
            "j.yaml:4:4: Engine may not stand in a job: engines are named by the job's other keys",
        ),
        ("Task SinglePoint", "@include x", "j.yaml:4:4: @include may not stand in a job"),
        (
            "     Ar  0.0 0.0 0.0\n     Ar  3.8 0.0 0.0\n",
            "",
            "j.yaml:6:6: System needs Atoms",
        ),
    ],
)
def test_a_wrong_job_is_told_where_it_is_wrong(old: str, new: str, message: str) -> None:
    assert old in DIMER
    (found, *_) = mistakes(entry(DIMER.replace(old, new)))
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("lattice", "message"),
    [
        ("1 0 0\n2 0 0\n", "j.yaml:8:4: the vectors of Lattice are linearly dependent"),
        ("1 0\n", "j.yaml:9:4: a lattice vector is three numbers, not 1 0"),
        ("1 0 0\n0 1 0\n0 0 1\n1 1 1\n", "j.yaml:12:4: Lattice takes at most three vectors"),
    ],
)
def test_a_wrong_lattice_is_told(lattice: str, message: str) -> None:
    ams = f"System\nAtoms\nAr 0 0 0\nEnd\nLattice\n{lattice}End\nEnd\n"
    assert mistakes(entry(ams)) == [message]


def test_a_block_never_closed_is_told_in_the_yaml_file() -> None:
    (found,) = mistakes(entry("System\n  Atoms\n    Ar 0 0 0\n  End\n"))
    assert found.startswith("j.yaml:4:4: System is never closed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(DIMER) * 2, "j.yaml:12:5: the ID a is given twice, first on line 2"),
        ("---\nID: a\n", "j.yaml:2:1: AMSInput is missing: each job needs one"),
        (
            "---\nID: a\nAMSinput: x\n",
            "j.yaml:3:1: AMSinput: no such key; did you mean AMSInput, which is missing?",
        ),
        (entry(DIMER, ""), "j.yaml:2:1: ID is missing: each job needs one"),
        ("---\nID: [a]\nAMSInput: x\n", "j.yaml:2:5: ID must be a text"),
        (
            "---\nID: a\nAMSInput: |\n   Task SinglePoint\n",
            "j.yaml:3:11: a job needs a block System",
        ),
        ("---\ndtype: DataSet\n", "j.yaml:2:1: dtype must be JobCollection in this file, not"),
    ],
)
def test_a_wrong_entry_is_told(text: str, message: str) -> None:
    (found, *_) = mistakes(text)
    assert found.startswith(message)


def test_all_wrong_jobs_are_told_at_once() -> None:
    wrong = DIMER.replace("Ar", "Xx")
    assert len(mistakes(entry(wrong) + entry(wrong, "ID: b\n"))) == 4


def test_the_id_of_a_job_that_cannot_be_read_is_known_all_the_same() -> None:
    collection = read_jobs(stream(entry("nonsense")), Findings())
    assert collection.ids == {"a"}
    assert collection.jobs == {}


def test_engines_that_jobs_name_must_be_in_the_collection() -> None:
    collection = read(entry(DIMER, "ID: a\nReferenceEngineID: ref\nExtraEngineID: dftb\n"))
    findings = Findings()
    collection.check_engines({"dftb": "", "reff": ""}, findings)
    assert [str(m) for m in findings.mistakes] == [
        "j.yaml:3:20: no engine collection holds the engine ref; did you mean reff?"
    ]


def test_an_engine_collection_holds_one_engine_block_each() -> None:
    good = entry("Engine DFTB\n  Model GFN1-xTB\nEndEngine", "ID: ref\n")
    findings = Findings()
    engines = read_engines(stream("---\ndtype: EngineCollection\n" + good), findings)
    assert engines == {"ref": "Engine DFTB\n  Model GFN1-xTB\nEndEngine\n"}
    read_engines(stream(entry("Task SinglePoint", "ID: ref\n")), findings)
    assert [str(m) for m in findings.mistakes] == [
        "j.yaml:4:4: AMSInput of an engine is one block, Engine X ... EndEngine"
    ]
