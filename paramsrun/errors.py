"""What can go wrong, and where.

ParamsrunError          exit code 1
├── InputError          2   mistakes in files that the user wrote: all of them, each with its place
├── UsageError          2   a request that cannot be met: a folder already there, a run still alive
└── RunError            1   a run that had to end: the disk is full, no evaluation can succeed
    ├── CheckpointFailed  1   a checkpoint that was not made; the run may go on
    └── EvaluatorLost     1   what evaluations ran on is gone; the run can be gone on with
        ├── CodeChanged   1   the user's code is not what it was when the run began
        └── NoRoom        1   the disk takes no more of what evaluations write
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_TOLD = 100
"""So many mistakes are told at once; `InputError.mistakes` holds all."""
_N_CLOSE, _MAX_COMPARED = 20, 60
"""So many names that are like a wrong one are compared by the letter, if it is no longer."""
_FEWEST_SHARED = 4
"""A shorter word, though a longer name begins with it, is no hint at that name."""
_LONG_WORD = re.compile(r"\S{1001,}")


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A spot in a text file; line and column count from 1, and 0 means the whole file or line."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, order=True, slots=True)
class Mistake:
    """One thing to mend: what was wanted, what was given and what to do."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {_shortened(self.text)}"


def _shortened(text: str) -> str:
    """Return a text for people, the words of which are none of a thousand characters."""
    return _LONG_WORD.sub(_cut_off, text)


def _cut_off(word: re.Match[str]) -> str:
    return f"{word[0][:60]}... ({len(word[0])} characters)"


class ParamsrunError(Exception):
    """Any error that is told to the user in one message, without a traceback."""

    exit_code = 1

    def __str__(self) -> str:
        return _shortened(super().__str__())


class UsageError(ParamsrunError):
    """The request cannot be met as it stands."""

    exit_code = 2


class RunError(ParamsrunError):
    """The run had to end; what was written before stays readable."""


class CheckpointFailed(RunError):
    """A checkpoint could not be made; earlier ones are as they were."""


class EvaluatorLost(RunError):
    """What evaluations ran on is gone: a checkpoint is made, the run can be gone on with."""


class CodeChanged(EvaluatorLost):
    """The user's code is not what it was when the run began: its losses would be of another."""


class NoRoom(EvaluatorLost):
    """The disk takes no more of what evaluations write: their losses would not be their own."""


class InputError(ParamsrunError):
    """Every mistake found in the files of an input, sorted by file and line."""

    exit_code = 2

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        told = list(map(str, self.mistakes[:MAX_TOLD]))
        more = len(self.mistakes) - len(told)
        super().__init__("\n".join([*told, f"... and {more} more mistakes"] if more else told))


@dataclass
class Findings:
    """Collects mistakes and warnings, so that one report names them all."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)

    def mistake(self, place: Place, text: str) -> None:
        """Note something that must be mended before the job can run."""
        self.mistakes.append(Mistake(place, text))

    def warn(self, place: Place, text: str) -> None:
        """Note something that the user should know and that stops nothing."""
        self.warnings.append(Mistake(place, text))

    def check(self) -> None:
        """Raise InputError if any mistake was noted."""
        if self.mistakes:
            raise InputError(self.mistakes)


def most_like(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like this one, whatever its case, or None.

    Where none is near by its letters, it is the shortest that begins with this one, or else that
    ends with it.
    """
    from difflib import get_close_matches

    fold, by_fold = name.casefold(), {k.casefold(): k for k in known}
    close = get_close_matches(fold, by_fold, n=_N_CLOSE, cutoff=0.6)
    if len(name) <= _MAX_COMPARED:
        slips = {k: _slips(fold, k) for k in close}
        near = [k for k in close if slips[k] <= max(len(fold), len(k)) / 2 or fold.startswith(k)]
        close = sorted(near, key=slips.__getitem__)
    if not close and len(fold) >= _FEWEST_SHARED:
        longer = sorted(by_fold, key=len)
        close = [k for k in longer if k.startswith(fold)] + [k for k in longer if k.endswith(fold)]
    return by_fold[close[0]] if close else None


def _slips(a: str, b: str) -> int:
    """Return how many letters are too many, too few or wrong, or changed places with the next.

    Damerau 1964, doi 10.1145/363958.363994; by the recursion of optimal string alignment.
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            least = min(last[j] + 1, row[-1] + 1, last[j - 1] + (one != other))
            if i > 1 and j > 1 and one == b[j - 2] and a[i - 2] == other:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the known name most like this one, or nothing."""
    close = most_like(name, known)
    return f"; did you mean {close}?" if close else ""
