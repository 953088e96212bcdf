"""Which evaluator an input gives."""

from typing import Any

import pytest

from paramsrun.errors import UsageError
from paramsrun.evaluators import choice, memory
from paramsrun.evaluators.automatic import Automatic
from paramsrun.evaluators.choice import evaluator_of, n_workers
from paramsrun.evaluators.contract import Evaluator as Evaluating
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.ordered import Ordered
from paramsrun.evaluators.processes import Processes
from paramsrun.settings.running import Evaluator, ParallelLevels
from tests.evaluators.losses import Sphere, results


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cores", lambda: 4)


def made(
    settings: dict[str, Any], threads: int = 1, chosen: str | None = None
) -> tuple[Evaluating, list[str]]:
    """Return an evaluator and what was told of its choice by the first result."""
    told: list[str] = []
    evaluator = evaluator_of(
        Sphere(),
        Evaluator(**settings),
        ParallelLevels(threads=threads),
        chosen,
        lambda evaluator, why: told.append(f"{evaluator}: {why}"),
    )
    assert told == []
    list(results(evaluator, 1))
    evaluator.close()
    return evaluator, told


@pytest.mark.parametrize(
    ("settings", "of"),
    [
        ({"type": "Inline"}, Inline),
        ({"type": "Processes"}, Processes),
        ({}, Automatic),
        ({"workers": 1}, Inline),
        ({"workers": 1, "ordered": True}, Ordered),
    ],
)
def test_settings_give(settings: dict[str, Any], of: type) -> None:
    evaluator, told = made(settings)
    assert type(evaluator) is of
    assert told == []


@pytest.mark.parametrize(
    ("settings", "threads", "told"),
    [
        ({"timeout": 60.0}, 1, "Processes: Timeout is given"),
        ({"memory": 4000.0, "workers": 1}, 1, "Processes: Memory is given"),
        ({}, 2, "Processes: ParallelLevels%Threads is given"),
    ],
)
def test_automatic_tells_why_it_starts_with_workers(
    settings: dict[str, Any], threads: int, told: str
) -> None:
    assert made(settings, threads)[1] == [told]


def test_what_was_chosen_before_is_not_told_again() -> None:
    evaluator, told = made({"timeout": 60.0}, chosen="Processes")
    assert type(evaluator) is Processes
    assert told == []


@pytest.mark.parametrize(
    ("workers", "threads", "n"), [(0, 1, 4), (0, -1, 4), (0, 2, 2), (0, 3, 1), (0, 9, 1), (7, 2, 7)]
)
def test_the_number_of_workers(workers: int, threads: int, n: int) -> None:
    assert n_workers(Evaluator(workers=workers), ParallelLevels(threads=threads)) == n


def test_memory_is_refused_where_it_cannot_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KNOWN", False)
    with pytest.raises(UsageError, match="Evaluator%Memory works on Linux only"):
        made({"memory": 100.0})


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"workers": 4}, "Workers 4 needs Type Processes or Automatic, not Inline"),
        ({"timeout": 1.0}, "Timeout needs Type Processes or Automatic: Inline cannot end"),
        ({"memory": 1.0}, "Memory needs Type Processes or Automatic: Inline cannot end"),
    ],
)
def test_what_inline_cannot_do_is_a_mistake(settings: dict[str, Any], mistake: str) -> None:
    (found,) = Evaluator(type="Inline", **settings).mistakes()
    assert found.startswith(mistake)
    assert not [*Evaluator(type="Processes", **settings).mistakes()]
