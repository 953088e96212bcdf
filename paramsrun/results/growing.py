"""Following a journal while another process appends to it."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from paramsrun.manager.events import Event
from paramsrun.regular import opened
from paramsrun.results.event_lines import decoded
from paramsrun.results.files import CHUNK
from paramsrun.results.journal import segments


class Growing:
    """The events of a journal that a job appends to, behind its first n."""

    def __init__(self, folder: Path, n: int) -> None:
        self._folder = folder
        self._n_closed = self._at = self._line = 0
        """Segments that are read whole, and place and line in the next one."""
        deque(islice(self._lines(), n), maxlen=0)

    def events(self) -> Iterator[Event]:
        """Yield what came since, but no event that is half written; RunError as `read` does."""
        for path, number, line in self._lines():
            yield decoded(line, path, number)

    def _lines(self) -> Iterator[tuple[Path, int, bytes]]:
        for position, path in enumerate(segments(self._folder)[self._n_closed :], self._n_closed):
            if position > self._n_closed:
                self._n_closed, self._at, self._line = position, 0, 0
            with opened(path, CHUNK) as file:
                file.seek(self._at)
                while (line := file.readline()).endswith(b"\n"):
                    self._at, self._line = self._at + len(line), self._line + 1
                    yield path, self._line, line
