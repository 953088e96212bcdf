"""Each NAME.in here is wrong; NAME.txt is, to the letter, what its user is told."""

from pathlib import Path

import pytest

from paramsrun.errors import Findings
from paramsrun.settings.read_job import read_job

HERE = Path(__file__).parent


def report(name: str) -> str:
    """Return the mistakes, sorted and each once, and then the warnings."""
    findings = Findings()
    read_job(name, findings)
    lines = [str(m) for m in sorted(set(findings.mistakes))]
    lines += [f"Warning: {w}" for w in sorted(set(findings.warnings))]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("*.in")))
def test_wrong_input_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    assert report(f"{name}.in") == Path(f"{name}.txt").read_text(encoding="utf-8")
