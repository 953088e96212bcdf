"""What optimizers of the user's and evaluators say, in job.log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from paramsrun.results.log import Log

NAME = "paramsrun.optimizers"
"""The logger under which those of optimizers are."""
EVALUATORS = "paramsrun.evaluators"


class Messages(logging.Handler):
    """Writes messages into the log, and warnings to the terminal, too."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message, with the number of the optimizer where that is known."""
        is_warning = record.levelno >= logging.WARNING
        number = record.name.removeprefix(f"{NAME}.opt")
        begin = ("Warning: " if is_warning else "") + (
            f"Optimizer {number}: " if number.isdecimal() else ""
        )
        try:
            self._log.entry(f"{begin}{record.getMessage()}", echo=is_warning)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Do nothing: a message that is wrong, or for which there is no room, is left out."""


@contextmanager
def heard(log: Log) -> Iterator[None]:
    """Let messages of optimizers and evaluators go to a log meanwhile."""
    handler = Messages(log)
    loggers = [logging.getLogger(name) for name in (NAME, EVALUATORS)]
    levels = [logger.level for logger in loggers]
    for logger, level in zip(loggers, levels, strict=True):
        logger.addHandler(handler)
        logger.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeHandler(handler)
