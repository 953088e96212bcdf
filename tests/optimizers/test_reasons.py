"""What is said of how an optimizer ended, and what is kept of its errors."""

import logging

import pytest

from paramsrun.optimizers.reasons import failure, finished


def test_an_end_without_a_finite_loss_is_a_failure() -> None:
    assert finished("all 5 points evaluated", was_finite=True) == (
        "converged",
        "all 5 points evaluated",
    )
    assert finished("all 5 points evaluated", was_finite=False) == (
        "failed",
        "no finite loss: all 5 points evaluated",
    )


def test_the_error_of_an_optimizer_is_told_in_one_line_and_kept_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "paramsrun.optimizers")
    error = ZeroDivisionError("no\nstep")
    assert failure(error, "lib") == ("failed", "lib: ZeroDivisionError: no step")
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.exc_info is not None
    assert record.exc_info[1] is error
