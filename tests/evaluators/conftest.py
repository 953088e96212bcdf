from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from paramsrun.evaluators.contract import Evaluates
from paramsrun.evaluators.processes import Processes

Make = Callable[..., Processes]


@pytest.fixture
def processes() -> Iterator[Make]:
    """Make evaluators that are closed after the test."""
    with ExitStack() as stack:

        def make(problem: Evaluates, workers: int = 2, **settings: Any) -> Processes:
            evaluator = Processes(problem, workers, **settings)
            stack.callback(evaluator.close)
            return evaluator

        yield make
