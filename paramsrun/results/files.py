"""Writing the text files that others read."""

import os
from collections.abc import Iterable
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(text)
    os.replace(fresh, path)


class Lines:
    """A text file that grows; lines are held back until `flush`."""

    def __init__(self, path: Path, header: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w")
        self._file.write(header + "\n")
        self._file.flush()
        self._held: list[str] = []

    def add(self, line: str) -> None:
        """Take a line."""
        self._held.append(line)

    def extend(self, lines: Iterable[str]) -> None:
        """Take lines."""
        self._held.extend(lines)

    def flush(self) -> None:
        """Hand all lines to the operating system."""
        if self._held:
            self._held.append("")
            self._file.write("\n".join(self._held))
            self._file.flush()
            self._held.clear()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._file.close()


def loss_row(n: int, fx: float, t: float) -> str:
    """Return a row of running_loss.txt: evaluation, loss, its log10, seconds."""
    return f"{n:06d}  {shown(fx)} {log10(fx):.3f} {t:.2f}"


def shown(fx: float) -> str:
    """Return a number with six decimals, or shortest exact where those lose over 1e-6 of it."""
    return f"{fx:.6f}" if abs(fx) >= 0.5 or fx == 0.0 else repr(float(fx))


def log10(fx: float) -> float:
    """Return log10, -inf at 0 and nan below."""
    from math import inf, nan
    from math import log10 as log

    if fx > 0:
        return log(fx)
    return -inf if fx == 0 else nan
