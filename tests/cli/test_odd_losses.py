"""What a loss function may do to its process, and what stays as it is."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.jobs import PROGRAM, SPHERE, evaluations_of, function_job, paramsrun

SAMPLES = """\
Optimizer
  Type RandomSampling
  RandomSampling
    NumberOfSamples {n}
  End
End
RandomSeed 1
"""
INLINE = "Evaluator Type=Inline\n"
ONE_WORKER = "Evaluator Type=Processes Workers=1\n"
RAISES = """\
{before}

def loss(x):
    if x[0] > 0.5:
        raise {what}
    return float(x @ x)
"""
DIES = """\
import os
from pathlib import Path

def loss(x):
    if 0.4 < x[0] < 0.6 and not Path("died").exists():
        Path("died").touch()
        {act}
        os._exit(1)
    return float(x @ x)
"""
RESULTS = Path("params.results")


def run(code: str, text: str, n: int = 40) -> subprocess.CompletedProcess[str]:
    function_job(Path(), code, SAMPLES.format(n=n) + text)
    return subprocess.run([*PROGRAM, "params.in"], capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("evaluator", [INLINE, ONE_WORKER])
def test_a_loss_that_changes_the_current_folder_moves_no_results(evaluator: str) -> None:
    other = Path("other").absolute()
    other.mkdir()
    code = f"import os\n\ndef loss(x):\n    os.chdir({str(other)!r})\n    return 1.0\n"
    done = run(code, evaluator)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(other.iterdir()) == []
    assert (RESULTS / "summary.txt").is_file()


@pytest.mark.parametrize(
    ("before", "what"),
    [
        ("", "ValueError('\\udc80')"),
        ("class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError", "Mute"),
    ],
    ids=["what UTF-8 cannot hold", "an exception that cannot be said"],
)
def test_the_reason_of_a_failed_point_may_be_anything(before: str, what: str) -> None:
    done = run(RAISES.format(before=before, what=what), INLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(evaluations_of(RESULTS)) == 40


def test_a_job_runs_where_its_standard_files_are_closed() -> None:
    function_job(Path(), SPHERE, SAMPLES.format(n=10) + INLINE)
    command = " ".join(f"'{word}'" for word in [*PROGRAM, "params.in"])
    done = subprocess.run(["bash", "-c", f"{command} <&- >&-"], capture_output=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (RESULTS / "summary.txt").is_file()


@pytest.mark.parametrize(
    "act", ["os.remove(__file__)", "Path(__file__).write_text('def loss(x): return -7.0')"]
)
def test_a_module_that_goes_or_changes_while_the_job_runs_falsifies_no_loss(act: str) -> None:
    done = run(DIES.format(act=act), ONE_WORKER, n=200)
    assert Path("died").exists()
    assert done.returncode == 1
    assert "changed since the job began" in done.stderr or "there is no module" in done.stderr
    losses = [e["fx"] for e in evaluations_of(RESULTS)]
    assert all(isinstance(fx, float) and fx >= 0.0 for fx in losses)
    exit = json.loads((RESULTS / "optimization/journal/000001.jsonl").read_text().splitlines()[-1])
    assert (exit["e"], exit["how"]) == ("exit", "error")


def test_the_command_in_this_process_keeps_its_standard_files() -> None:
    function_job(Path(), SPHERE, SAMPLES.format(n=5) + INLINE)
    assert "Done. 5 evaluations" in paramsrun("params.in").output
