"""What the quick commands may load: heavy packages only where they are used."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROBE = """
import sys
from paramsrun.cli.command import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sys.modules)
"""


def loaded_by(*arguments: str) -> set[str]:
    probe = [sys.executable, "-c", PROBE.format(arguments=list(arguments))]
    shown = subprocess.run(probe, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modules = shown.rpartition("loaded:")[2].split()
    return {*modules, *(name.partition(".")[0] for name in modules)}


def test_help_loads_nothing_heavy() -> None:
    heavy = {"numpy", "lark", "scipy", "cma", "rich", "yaml", "orjson", "greenlet", "matplotlib"}
    loaded = loaded_by("--help")
    assert "click" in loaded
    assert not loaded & heavy


def test_check_loads_no_optimizer_and_nothing_that_draws() -> None:
    loaded = loaded_by("check", "examples/LJ_Ar/params.in")
    assert "numpy" in loaded
    assert not loaded & {"scipy", "cma", "matplotlib", "rich", "multiprocessing"}
    assert "paramsrun.optimizers.plugin" in loaded
    assert not {name for name in loaded if name.startswith("paramsrun.optimizers.plugins.")}


def test_describe_computes_nothing() -> None:
    assert not loaded_by("describe", "Sigma0") & {"scipy", "cma", "matplotlib", "rich"}


def test_status_loads_no_optimizer() -> None:
    assert not loaded_by("status", "--help") & {"numpy", "scipy", "cma", "yaml"}
