"""A package that is replaced under a running job cannot spoil its end: all of it is loaded."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.jobs import CALLS_25, SAMPLING, SEED, function_job

EXAMPLES = Path(__file__).parents[2] / "examples"
WATCH = """
import sys
from paramsrun.cli import command

def ours():
    return {name for name in sys.modules if name.partition(".")[0] == "paramsrun"}

def begin(manager, *given):
    before.update(ours())
    return run(manager, *given)

before = set()
from paramsrun.manager.loop import Manager
run, Manager.run = Manager.run, begin
try:
    command.main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
command._is_held_up()
print("Loaded late:", sorted(ours() - before))
"""


def late(file: Path) -> str:
    """Return what a job loads of the package after it has begun."""
    told = subprocess.run([sys.executable, "-c", WATCH, file], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "example", ["LJ_Ar/params.in", "LJ_Ar_multiopt/multiopt2.in", "plugin_optimizer/params.in"]
)
def test_an_example_loads_nothing_once_it_runs(example: str, tmp_path: Path) -> None:
    shutil.copytree((EXAMPLES / example).parent, tmp_path / "job")
    assert late(tmp_path / "job" / Path(example).name) == "Loaded late: []"


@pytest.mark.parametrize("evaluator", ["Processes", "Automatic", "Dask"])
def test_an_evaluator_loads_nothing_once_it_runs(evaluator: str, tmp_path: Path) -> None:
    if evaluator == "Dask":
        pytest.importorskip("distributed")
    slow = "import time\ndef loss(x):\n    time.sleep(0.003)\n    return float(x @ x)\n"
    text = f"{SAMPLING}{CALLS_25}{SEED}Evaluator Type={evaluator} Workers=2\n"
    assert late(function_job(tmp_path / "job", slow, text)) == "Loaded late: []"


@pytest.mark.parametrize(
    "optimizer",
    ["Optuna", "Nevergrad", "LeastSquares", "CMAES", "Scipy", "AdaptiveRateMonteCarlo"],
)
def test_an_optimizer_loads_nothing_once_it_runs(optimizer: str, tmp_path: Path) -> None:
    if optimizer in ("Optuna", "Nevergrad"):
        pytest.importorskip(optimizer.lower())
    residuals = "def loss(x):\n    return x - 0.5\n"
    text = f"Optimizer\n  Type {optimizer}\nEnd\n{CALLS_25}{SEED}"
    assert late(function_job(tmp_path / "job", residuals, text)) == "Loaded late: []"
