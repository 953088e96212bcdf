"""Says in one line why an optimizer ended."""

import logging
from textwrap import shorten

from paramsrun.optimizers.contract import Ended

_log = logging.getLogger(__name__)


def one_line(text: str) -> str:
    """Return the beginning of a message, without line breaks."""
    return shorten(text, 200, placeholder=" ...")


def finished(reason: str, was_finite: bool) -> Ended:
    """Return the end of an optimizer that came to its end: it failed without a finite loss."""
    if was_finite:
        return Ended("converged", reason)
    return Ended("failed", f"no finite loss: {reason}")


def failure(error: Exception, library: str = "") -> Ended:
    """Return the end of an optimizer whose own code raised an error."""
    origin = f"{library}: " if library else ""
    return Ended("failed", one_line(f"{origin}{in_words(error)}"))


def in_words(error: Exception) -> str:
    """Return what an optimizer's error says; the log keeps its traceback at the level DEBUG."""
    _log.debug("An optimizer failed", exc_info=error)
    return f"{type(error).__name__}: {error}"
