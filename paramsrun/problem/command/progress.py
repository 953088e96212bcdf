"""What a program reports on its way, and whether it is worth going on."""

import re
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from pathlib import Path

from paramsrun.problem.contract import Step

_MOST = 1 << 20


class Progress:
    """The steps of one evaluation, and the bars that its lowest value must not be above.

    Steps are judged in the order in which they are reported, so that it does not matter when.
    """

    def __init__(self, bars: Sequence[Step]) -> None:
        self.steps: list[Step] = []
        self.reason: str | None = None
        """Why it is not worth going on, once that is known."""
        self._bars: Mapping[int, float] = dict(bars)
        self._lowest = inf

    def report(self, number: int, value: float) -> None:
        """Take a step and the loss so far, if it is still worth going on."""
        if self.reason is not None:
            return
        self.steps.append(Step(number, value if isfinite(value) else inf))
        self._lowest = min(self._lowest, self.steps[-1].value)
        bar = self._bars.get(number)
        if bar is not None and self._lowest > bar:
            self.reason = f"pruned at step {number}: {self._lowest:g} is above {bar:g}"


class Lines:
    """Follows a file that a program writes, line by line, and reports the steps found in it."""

    def __init__(self, path: Path, pattern: str, progress: Progress) -> None:
        self._path = path
        self._pattern = re.compile(pattern.encode())
        self._progress = progress
        self._at = 0
        self._rest = b""

    def look(self) -> bool:
        """Read on; return whether the evaluation is not worth going on."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            while data := file.read(_MOST):
                self._at += len(data)
                *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
                self._rest = self._rest[-_MOST:]
                for line in lines:
                    self._find(line)
        return self._progress.reason is not None

    def finish(self) -> bool:
        """Read the rest, the program having ended; return as `look` does."""
        self.look()
        self._find(self._rest)
        return self._progress.reason is not None

    def _find(self, line: bytes) -> None:
        found = self._pattern.search(line)
        if found is None:
            return
        try:
            number, value = int(found[1] or b""), float(found[2] or b"")
        except ValueError:
            return
        if abs(number) < _FAR:
            self._progress.report(number, value)


_FAR = 2**53
"""Beyond this no float is every whole number."""
