"""A model whose jobs take their time, one after the other, as those of a dear engine do."""

from pathlib import Path
from time import sleep

import numpy as np

from paramsrun.arrays import Vector
from paramsrun.problem.contract import JobFailed, Model
from paramsrun.problem.parts import Shares
from paramsrun.problem.problem import Problem
from tests.problem.conftest import JobFolder

N_JOBS = 6


class SlowModel:
    """Runs the jobs of another model one by one.

    Parameters
    ----------
    seconds
        Of each job.
    notes
        A file that gets a line for each call: its jobs.
    fails
        Jobs that fail where eps is above 1.
    """

    def __init__(
        self, model: Model, seconds: float, notes: Path, fails: tuple[str, ...] = ()
    ) -> None:
        self._model = model
        self._seconds = seconds
        self._notes = notes
        self._fails = fails
        self.layout = model.layout

    def __call__(self, values: Vector, jobs: frozenset[str] | None = None) -> Vector:
        shares = Shares(self.layout, jobs)
        with self._notes.open("a") as file:
            file.write(" ".join(shares.jobs) + "\n")
        outputs = np.full(shares.n_outputs, np.nan)
        for job in shares.jobs:
            sleep(self._seconds)
            if job in self._fails and values[0] > 1.0:
                raise JobFailed(job, f"no convergence at eps = {values[0]}")
            places = shares.places([job])
            outputs[places] = self._model(values, frozenset([job]))[places]
        return outputs


def slow_problem(
    folder: Path, seconds: float = 0.0, fails: tuple[str, ...] = (), text: str = ""
) -> Problem:
    """Return a problem of six jobs with a validation set of two of them."""
    job = JobFolder(folder)
    jobs = "---\ndtype: JobCollection\n" + "".join(
        f"---\nID: j{k}\nAMSInput: |\n   Task SinglePoint\n   System\n     Atoms\n"
        f"       Ar 0.0 0.0 0.0\n       Ar {1.7 + 0.3 * k} 0.0 0.0\n     End\n   End\n"
        for k in range(N_JOBS)
    )
    entries = [f"energy('j{k}')" for k in range(N_JOBS)]
    entries += ["energy('j5')-energy('j0')", "energy('j2')*energy('j3')"]
    job.write("job_collection.yaml", jobs)
    job.write("training_set.yaml", _data_set(entries))
    job.write("validation_set.yaml", _data_set(["energy('j1')", "energy('j4')"]))
    job.write("params.in", "LoggingInterval General=1\n" + text)
    problem = job.problem()
    for objective in (problem.training, problem.validation):
        slow = SlowModel(objective.model, seconds, folder / "notes", fails)  # type: ignore[union-attr]
        objective.model = slow  # type: ignore[union-attr]
    return problem


def _data_set(expressions: list[str]) -> str:
    return "---\ndtype: DataSet\n" + "".join(
        f"---\nExpression: {e}\nWeight: 1.0\nSigma: 0.1\nReferenceValue: {-0.1 * k}\n"
        for k, e in enumerate(expressions, 1)
    )
