"""What an optimizer logs again while it is replayed is not told again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Echoes(logging.Filter):
    """Holds back records of a logger while the optimizer whose it is says them again.

    Until its first batch is asked it is not known whether that is a replay: records wait so long.
    """

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._logger = logger
        self._is_again: bool | None = None
        self._waiting: list[logging.LogRecord] = []

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold them back meanwhile."""
        self._logger.addFilter(self)
        try:
            yield
        finally:
            self._logger.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record may pass."""
        if self._is_again is None:
            self._waiting.append(record)
        return self._is_again is False

    def tell(self, is_again: bool) -> None:
        """Take note of whether what is said from now on was said before."""
        is_first, self._is_again = self._is_again is None, is_again
        if is_first and not is_again:
            for record in self._waiting:
                self._logger.handle(record)
        self._waiting.clear()
