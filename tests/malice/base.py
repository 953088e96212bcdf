"""The job and the run that baits are made of."""

import os
import shutil
from pathlib import Path

from tests.cli.jobs import SAMPLING, SEED, journal_of, lennard_jones_job, paramsrun

EIGHT_CALLS = """\
ExitCondition
  Type MaxTotalFunctionCalls
  MaxTotalFunctionCalls 8
End
CheckpointControl
  NamingFormat c%(count)
  EveryFunctionCalls 3
  KeepPast -1
End
"""
"""Eight evaluations, with checkpoints on the way that all stay."""
SETTINGS = f"{SAMPLING}{EIGHT_CALLS}{SEED}"


def built(folder: Path) -> Path:
    """Make params.in, its data, params.results as a kill leaves it, and a checkpoint in between."""
    here = os.getcwd()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    try:
        result = paramsrun(lennard_jones_job(Path(), SETTINGS, (3.5, 3.9)))
        assert result.exit_code == 0, result.output
    finally:
        os.chdir(here)
    results = folder / "params.results"
    shutil.copy(results / "checkpoints/c000.tar.gz", folder)
    assert journal_of(results)[-1]["e"] == "exit"
    segment = results / "optimization/journal/000001.jsonl"
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-3]))
    return folder
