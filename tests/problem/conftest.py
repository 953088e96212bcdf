from collections.abc import Mapping
from pathlib import Path

import pytest

from paramsrun.errors import Findings
from paramsrun.problem.load import load_problem
from paramsrun.problem.problem import Problem
from paramsrun.settings.read_job import read_job

PARAMETERS = """\
---
dtype: LennardJonesParameters
---
name: eps
value: 0.25
range: [0.0, 2.0]
is_active: true
---
name: rmin
value: 2.0
range: [1.0, 4.0]
is_active: true
"""
JOBS = """\
---
dtype: JobCollection
---
ID: at_2
AMSInput: |
   Task SinglePoint
   System
     Atoms
       Ar 0.0 0.0 0.0
       Ar 2.0 0.0 0.0
     End
   End
---
ID: at_4
AMSInput: |
   Task SinglePoint
   System
     Atoms
       Ar 0.0 0.0 0.0
       Ar 4.0 0.0 0.0
     End
   End
"""
TRAINING_SET = """\
---
dtype: DataSet
---
Expression: energy('at_2')
Weight: 2.0
Sigma: 0.5
ReferenceValue: -1.25
---
Expression: energy('at_2')-0.5*energy('at_2')
Weight: 1.0
Sigma: 0.125
ReferenceValue: 0.0
"""


class JobFolder:
    """A folder with the files of a job, all of them right until one is written anew."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.findings = Findings()
        self.write("params.in", "LoggingInterval General=1\n")
        self.write("parameter_interface.yaml", PARAMETERS)
        self.write("job_collection.yaml", JOBS)
        self.write("training_set.yaml", TRAINING_SET)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def edit(self, name: str, edits: Mapping[str, str]) -> None:
        text = (self.path / name).read_text()
        for old, new in edits.items():
            assert old in text
            text = text.replace(old, new, 1)
        self.write(name, text)

    def without_data(self, parameters: str) -> "JobFolder":
        """Take these parameters, and no jobs and data sets."""
        self.write("parameter_interface.yaml", parameters)
        for name in ("job_collection.yaml", "training_set.yaml"):
            (self.path / name).unlink()
        return self

    def load(self, seed: int = 1, run_code: bool = False, is_new: bool = True) -> Problem | None:
        self.findings = Findings()
        settings, tree = read_job(self.path / "params.in", self.findings)
        return load_problem(
            settings,
            self.path.joinpath,
            [self.path],
            self.findings,
            seed,
            tree=tree,
            run_code=run_code,
            is_new=is_new,
        )

    def problem(self, seed: int = 1) -> Problem:
        problem = self.load(seed)
        self.findings.check()
        assert problem is not None
        return problem

    @property
    def report(self) -> list[str]:
        """The mistakes as they are told, without the folder's name."""
        return [str(m).replace(f"{self.path}/", "") for m in sorted(set(self.findings.mistakes))]

    @property
    def warnings(self) -> list[str]:
        return [str(m).replace(f"{self.path}/", "") for m in self.findings.warnings]

    def mistakes(self) -> list[str]:
        """Load, and return what is told."""
        assert self.load() is None
        return self.report


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)
