from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.results.checkpointed import Recorded


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Callable[..., Recorded]]:
    """Make runs, each in a results folder of its own."""
    made: list[Recorded] = []

    def make(name: str = "job.results", **given: Any) -> Recorded:
        made.append(Recorded(tmp_path / name, **given))
        return made[-1]

    yield make
    for run in made:
        run.close()
