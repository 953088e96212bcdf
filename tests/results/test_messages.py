"""What optimizers and evaluators say reaches job.log, and those who listen otherwise."""

import logging
from pathlib import Path

import pytest

from paramsrun.results.log import Log
from paramsrun.results.messages import NAME, heard


def test_messages_reach_the_log_and_details_those_who_ask_for_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    echoed: list[str] = []
    log = Log(tmp_path / "job.log", echoed.append)
    logger = logging.getLogger(NAME)
    caplog.set_level(logging.DEBUG, NAME)
    with heard(log):
        logger.debug("a detail")
        logger.info("an event")
        logger.warning("a worry")
    log.close()
    assert [record.getMessage() for record in caplog.records] == ["a detail", "an event", "a worry"]
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["an event", "Warning: a worry"]
    assert len(echoed) == 1


@pytest.mark.parametrize("level", [logging.NOTSET, logging.ERROR])
def test_information_is_heard_in_a_run_whatever_the_level_and_then_it_is_as_before(
    tmp_path: Path, level: int
) -> None:
    log = Log(tmp_path / "job.log", lambda line: None)
    logger = logging.getLogger(NAME)
    before = logger.level
    logger.setLevel(level)
    try:
        with heard(log):
            logger.info("an event")
        assert logger.level == level
    finally:
        logger.setLevel(before)
        log.close()
    assert "an event" in (tmp_path / "job.log").read_text()
