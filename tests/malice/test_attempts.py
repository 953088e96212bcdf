"""Every attempt of the catalogue is withstood: nothing is executed or touched, and it is told."""

from pathlib import Path

import pytest

from tests.malice.attempt import Attempt
from tests.malice.base import built
from tests.malice.catalogue import CATALOGUE
from tests.malice.judge import judged

ATTEMPTS = [
    pytest.param(one, id=f"{category}-{one.name}")
    for category, attempts in CATALOGUE.items()
    for one in attempts
    if not one.apart
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("malice") / "base")


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_it_is_withstood(attempt: Attempt, base: Path, tmp_path: Path) -> None:
    verdict = judged(attempt, base, tmp_path)
    assert verdict.faults == {}, verdict.output
