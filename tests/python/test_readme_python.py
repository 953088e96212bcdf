"""The Python that README shows runs, a block after the other."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.M)


def test_it_runs_in_a_folder_with_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = shutil.ignore_patterns("*.results", "*.png")
    shutil.copytree(ROOT / "examples/LJ_Ar_restart", "job", ignore=ours)
    monkeypatch.chdir("job")
    names: dict[str, object] = {}
    for block in BLOCKS:
        if "ParAMS" in block or names:
            exec(block, names)
