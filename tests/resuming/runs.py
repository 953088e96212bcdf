"""Runs to be resumed: a job of two optimizers in turn, some of whose points fail."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from click.testing import Result

from tests.cli.jobs import evaluations_of, function_job, journal_of, paramsrun

JOURNAL = "optimization/journal"
LOSSES = "optimization/training_set_results/running_loss.txt"
INPUTS = "settings_and_initial_data"
UNEVEN = """\
def loss(x):
    if x[1] > 1.0:
        raise ArithmeticError("outside")
    return float(abs(x[0] - 0.3) + (x[1] - 0.2) ** 2)
"""
TWO_OPTIMIZERS = """\
Optimizer
  Type CMAES
  CMAES
    Popsize 5
    Settings
      maxiter 3
    End
  End
End
Optimizer
  Type Scipy
  Scipy
    Algorithm Nelder-Mead
    Settings
      maxfev 11
    End
  End
End
LoggingInterval
  General 1
End
"""
SEED = "RandomSeed 5\n"
N = 45
PARENT = Path("params.results")


def until(n: int) -> str:
    """Return the exit condition of n evaluations."""
    return f"ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls {n}\nEnd\n"


def condition(name: str, value: object) -> str:
    """Return an exit condition with one value."""
    return f"ExitCondition\n  Type {name}\n  {name} {value}\nEnd\n"


def control(**keys: object) -> str:
    """Return a CheckpointControl block whose checkpoints are named by count."""
    given = {"NamingFormat": "c%(count)", **keys}
    return "".join(
        ["CheckpointControl\n", *(f"  {name} {value}\n" for name, value in given.items()), "End\n"]
    )


def run_parent(folder: Path, text: str = "", n: int = N, code: str = UNEVEN) -> Result:
    """Run the job in folder/job to n evaluations; its results are PARENT."""
    result = paramsrun(function_job(folder / "job", code, TWO_OPTIMIZERS + SEED + text + until(n)))
    assert result.exit_code == 0, result.output
    return result


def go_on(text: str = "", file: str = "resume.in", origin: Path | str = PARENT) -> Result:
    """Run an input that resumes origin."""
    Path(file).write_text(f"ResumeCheckpoint {origin}\n{text}")
    return paramsrun(file)


def done(result: Result) -> str:
    """Return the output of a command that succeeded."""
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result, results: Path | str = "resume.results") -> str:
    """Return the message of a command that was refused and made nothing."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert not Path(results).exists()
    assert not list(Path().glob(".*.tmp"))
    return result.output


def segment(folder: Path) -> Path:
    """Return the first segment of a journal."""
    return folder / JOURNAL / "000001.jsonl"


def cut(folder: Path, n_bytes: int, name: str = "cut.results") -> Path:
    """Return a copy of a results folder as a kill leaves it: its journal ends after n_bytes."""
    shutil.copytree(folder, name)
    path = segment(Path(name))
    path.write_bytes(path.read_bytes()[:n_bytes])
    return Path(name)


def cut_after(folder: Path, n: int, name: str = "cut.results") -> Path:
    """Return a copy of a results folder whose journal ends with evaluation n."""
    lines = segment(folder).read_bytes().splitlines(keepends=True)
    at = next(k for k, e in enumerate(journal_of(folder)) if e["e"] == "eval" and e["n"] == n)
    return cut(folder, sum(map(len, lines[: at + 1])), name)


def numbers(folder: Path) -> list[int]:
    """Return the evaluation numbers in running_loss.txt."""
    rows = (folder / LOSSES).read_text().splitlines()
    return [int(row.split()[0]) for row in rows if not row.startswith("#")]


def losses(folder: Path) -> dict[str, str]:
    """Return the losses in running_loss.txt by evaluation number."""
    rows = (row.split() for row in (folder / LOSSES).read_text().splitlines()[1:])
    return {row[0]: row[1] for row in rows}


def tell(folder: Path) -> str:
    """Return job.log."""
    return (folder / "job.log").read_text()


def events(folder: Path, kind: str) -> list[dict[str, object]]:
    """Return the events of one kind."""
    return [e for e in journal_of(folder) if e["e"] == kind]


def checkpoints(folder: Path) -> dict[str, int]:
    """Return the checkpoints that a folder lists: name -> evaluations; the files are there."""
    header, *rows = (folder / "checkpoints.txt").read_text().splitlines()
    assert header == "#evaluation checkpoint"
    listed = {row.split()[1]: int(row.split()[0]) for row in rows}
    assert set(listed) == {p.name for p in folder.glob("*.tar.gz")}
    return listed


def counts(folders: Iterable[Path]) -> list[int]:
    """Return how many evaluations each folder's journal holds."""
    return [len(evaluations_of(folder)) for folder in folders]
