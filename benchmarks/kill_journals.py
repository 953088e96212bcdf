"""What a journal says that is to be compared with another, read without paramsrun."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

SOFT_ENDS = ("signal", "request", "error")
EVENTS = ("start", "eval", "inject", "end")


class Evaluated(NamedTuple):
    """What a folder's journal says."""

    lines: list[bytes]
    """The events that make two journals equal, without t."""
    x: list[bytes]
    """The points evaluated, the initial one among them."""
    ended: bool
    ways: dict[tuple[int, int, int], bytes]
    """Each candidate (optimizer, batch, place) and its point and loss."""
    doubled: int
    """Candidates that are there more than once."""
    in_sequence: bool
    """Whether the evaluations are numbered from 1 without a gap."""


def read(folder: Path | None) -> Evaluated:
    """Return what the journal of a results folder holds, or nothing where there is none."""
    return read_segments(None if folder is None else folder / "optimization/journal")


def read_segments(journal: Path | None) -> Evaluated:
    """Return what the segments in a folder hold; a torn last line is left out."""
    lines, x, ended, n = [], [], False, []
    ways: dict[tuple[int, int, int], bytes] = {}
    if journal is not None:
        for path in sorted(journal.glob("[0-9]*.jsonl")):
            for line in path.read_bytes().split(b"\n")[:-1]:
                event = orjson.loads(line)
                ended = event["e"] == "exit" and event["how"] not in SOFT_ENDS
                if event["e"] == "eval":
                    x.append(np.array(event["x"], dtype=np.float64).tobytes())
                    n.append(event["n"])
                    at = (event["o"], event["b"], event["i"])
                    ways[at] = orjson.dumps([event["x"], event["fx"]])
                if event["e"] in EVENTS:
                    del event["t"]
                    lines.append(orjson.dumps(event))
    in_sequence = n == list(range(len(n)))
    return Evaluated(lines, x, ended, ways, len(n) - len(ways), in_sequence)
