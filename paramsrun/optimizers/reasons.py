"""Says in one line why an optimizer ended."""

from textwrap import shorten

from paramsrun.optimizers.contract import Ended


def one_line(text: str) -> str:
    """Return the beginning of a message, without line breaks."""
    return shorten(text, 200, placeholder=" ...")


def failure(error: Exception, library: str = "") -> Ended:
    """Return the end of an optimizer whose own code raised an error."""
    origin = f"{library}: " if library else ""
    return Ended("failed", one_line(f"{origin}{type(error).__name__}: {error}"))
