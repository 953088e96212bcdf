"""Some of what benchmarks/fuzz.py does: changed inputs are read, or refused in a clear message."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import fuzz_checkpoints
import fuzz_sources
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramsrun.errors import UsageError
from paramsrun.results.opening import show
from tests.fuzz.stages import outcome

SLOW = {"command line", "journal gone on with", "program's output"}


@pytest.mark.parametrize("name", sorted(fuzz_sources.SOURCES))
def test_changed_inputs_are_read_or_refused(name: str, enter: Callable[[str], None]) -> None:
    enter(name)
    source = fuzz_sources.SOURCES[name]
    seeds = list(source.seeds())

    @settings(
        max_examples=5 if name in SLOW else 20,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(seeds), st.randoms(use_true_random=False))
    def check(data: bytes, r: Random) -> None:
        result = outcome(name, source.change(r, data))
        assert result.kind in ("accepted", "refused"), result.detail

    check()


@pytest.mark.parametrize("name", ["input text", "training set", "journal", "checkpoint"])
def test_an_unchanged_input_is_read(name: str, enter: Callable[[str], None]) -> None:
    enter(name)
    seeds = list(fuzz_sources.SOURCES[name].seeds())
    assert "accepted" in {outcome(name, data).kind for data in seeds}


def test_a_forged_checkpoint_is_as_good_as_a_real_one(enter: Callable[[str], None]) -> None:
    enter("checkpoint's members")
    journal = next(data for data in fuzz_checkpoints.members() if data.startswith(b"journal/"))
    fuzz_checkpoints.forge(journal)
    assert "evaluation 30" in show(Path("c.tar.gz"))
    fuzz_checkpoints.forge(journal.replace(b'"e":"start"', b'"e":"stert"', 1))
    with pytest.raises(UsageError, match="its journal is damaged"):
        show(Path("c.tar.gz"))
