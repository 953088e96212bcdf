from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.stages import folder_of


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture
def enter(stages: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes the folder of a source the current one."""
    return lambda source: monkeypatch.chdir(folder_of(source, stages))
