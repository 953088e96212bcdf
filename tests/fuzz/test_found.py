"""What fuzzing has found stays mended: each input in found/, shortened, is read or refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.stages import outcome

FOUND = Path(__file__).parent / "found"
FILES = sorted(path for path in FOUND.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}: {path.stem}")
def test_it_is_read_or_refused(path: Path, enter: Callable[[str], None]) -> None:
    source = path.parent.name
    enter(source)
    result = outcome(source, path.read_bytes())
    assert result.kind in ("accepted", "refused"), result.detail
