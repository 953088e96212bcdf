"""Readers of benchmarks/fuzz.py, each in a folder that is filled once."""

import os
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import fuzz_jobs
import fuzz_sources
import fuzz_worker


@cache
def folder_of(source: str, within: Path) -> Path:
    """Return a folder with all that the commands of a source read beside the input."""
    folder = Path(mkdtemp(dir=within))
    before = Path.cwd()
    os.chdir(folder)
    try:
        fuzz_sources.SOURCES[source].stage()
    finally:
        os.chdir(before)
    return folder


def outcome(source: str, data: bytes) -> fuzz_worker.Outcome:
    """Return what comes of an input, in the current folder."""
    reader = fuzz_worker.Reader(fuzz_sources.SOURCES[source], fuzz_jobs.told)
    return reader.outcome(data)
