"""benchmarks/scale.py measures every row; here each at a tiny size, where costs mean nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "scale.py"
ROWS = (
    "sampling",
    "cmaes",
    "nelder-mead",
    "optimizers-10",
    "optimizers-100",
    "wide-sampling",
    "wide-cmaes",
    "wide-nelder-mead",
    "wide-l-bfgs-b",
    "wide-least-squares",
    "jobs-1",
    "jobs-2",
    "journal-points",
    "journal-residuals",
)
FIGURES = r"(\s+-?\d\S*){6}  (flat|NOT flat)"  # 45.00 is told as 45, 1234.5 as 1234


def scale(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True)


def check_row(name: str) -> None:
    done = scale(name, "--scale", "0.001")
    assert done.stderr == ""
    rows = re.findall(rf"^{name}{FIGURES}$", done.stdout, re.MULTILINE)
    assert len(rows) == 1
    assert done.returncode == (rows[0][1] != "flat")
    for cost in ("check", "status", "show", "export", "plot", "resume"):
        assert re.search(rf"^    {cost} +\d+\.\d\d s +\d+ MB", done.stdout, re.MULTILINE)


def test_a_row_tells_figures_a_verdict_and_the_costs_of_reading() -> None:
    check_row("sampling")


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS[1:])
def test_every_row_can_be_measured(name: str) -> None:
    check_row(name)


def test_an_unknown_row_is_refused_with_those_there_are() -> None:
    done = scale("sampling", "million")
    assert done.returncode == 2
    assert f"there is no row million; there are {', '.join(ROWS)}" in done.stderr
