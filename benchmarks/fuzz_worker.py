"""Feeds changed inputs of one source to its readers; fuzz.py starts one process for each.

    python benchmarks/fuzz_worker.py SOURCE ENGINE N SEED

Prints JSON lines: counts of what came of the inputs, and each finding with its input.
"""

import base64
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

HANG_S = 8.0
"""Of computing; a machine that is busy with other work takes longer."""
WAIT_S = 60.0
MINIMIZE_S = 20.0
MEMORY = 6 << 30
REPORT_S = 2.0
ENGINES = ("hypothesis", "atheris")


class Hang(BaseException):
    """An input took longer than HANG_S or WAIT_S."""


class Outcome(NamedTuple):
    """What came of an input."""

    kind: str
    """``accepted``, ``refused``, ``traceback``, ``unclear`` or ``hang``."""
    site: str = ""
    """What tells one finding from another: the last frame of paramsrun, and the exception."""
    detail: str = ""


class Reader:
    """Feeds inputs of a source to its commands, in the current folder."""

    def __init__(self, source: Any, told: Callable[..., Any]) -> None:
        self._source = source
        self._told = told

    def outcome(self, data: bytes) -> Outcome:
        """Return what comes of an input."""
        try:
            with _alarm():
                self._source.put(data)
                for command in self._source.commands(data):
                    code, output, raised = self._told(command)
                    if raised is not None:
                        return _of_exception(raised, command)
                    if code:
                        return _of_message(code, output, command, self._source.is_typed)
        except Hang as hang:
            return Outcome("hang", _site(hang), "".join(traceback.format_exception(hang)))
        return Outcome("accepted")


@contextmanager
def _alarm() -> Iterator[None]:
    def raise_hang(number: int, frame: FrameType | None) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, raise_hang)
    signal.signal(signal.SIGALRM, raise_hang)
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    signal.setitimer(signal.ITIMER_REAL, WAIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _of_exception(raised: BaseException, command: object) -> Outcome:
    text = "".join(traceback.format_exception(raised))
    return Outcome("traceback", _site(raised), f"{command}\n{text[:1500]}\n...\n{text[-1500:]}")


def _site(raised: BaseException) -> str:
    frames = traceback.extract_tb(raised.__traceback__)
    own = [f for f in frames if "/paramsrun/" in f.filename]
    name = type(raised).__name__
    if isinstance(raised, RecursionError) and own:  # where it ends is chance
        own = [max(own, key=lambda f: sum(f.filename == g.filename for g in own))]
        return f"{name} in {own[0].filename.rpartition('/paramsrun/')[2]}"
    if not own:
        return name
    last = own[-1]
    return f"{name} at {last.filename.rpartition('/paramsrun/')[2]}:{last.lineno}"


_ODD = re.compile(r"Traceback \(most|<[\w.]+ object at 0x|<class '|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOISE = re.compile(r"\W|\d|_")


def _of_message(code: int, output: str, command: object, is_typed: bool) -> Outcome:
    """Return whether a message may be told to people; is_typed: it may repeat what they typed."""
    text = output.strip()
    why = ""
    if not text or text == "Aborted!":  # all that click tells of an EOFError
        why = "empty message"
    elif (found := _ODD.search(text)) and not (is_typed and len(found[0]) == 1):
        why = f"message holds {found[0]!r}"
    elif code not in (1, 2):
        why = f"exit code {code}"
    elif any(not line.strip(" .:-") for line in text.splitlines() if line):
        why = "a line that says nothing"
    elif not is_typed and any(len(line) > 4000 for line in text.splitlines()):
        why = "a line of over 4,000 characters"
    if not why:
        return Outcome("refused")
    shape = _NOISE.sub("", text.rpartition(": ")[2])[:30]
    return Outcome("unclear", f"{why}: {shape}", f"{command}\n{output[:2000]!r}")


def minimized(data: bytes, site: str, reader: Reader) -> bytes:
    """Return a shorter input with the same finding, as short as can be had in some seconds."""
    until = time.monotonic() + MINIMIZE_S

    def repeats(one: bytes) -> bool:
        return time.monotonic() < until and reader.outcome(one).site == site

    parts = data.splitlines(keepends=True)
    data = b"".join(_fewest(parts, lambda some: repeats(b"".join(some)))) if parts else data
    if len(data) > 5000:
        return data
    return bytes(_fewest(list(data), lambda some: repeats(bytes(some))))


def _fewest(parts: list[Any], repeats: Callable[[list[Any]], bool]) -> list[Any]:
    """Return the parts without those that a finding does not need (Zeller 2002: ddmin)."""
    size = max(1, len(parts) // 2)
    while True:
        at = 0
        while at < len(parts):
            fewer = parts[:at] + parts[at + size :]
            if repeats(fewer):
                parts = fewer
            else:
                at += size
        if size == 1:
            return parts
        size = size // 2


class Tally:
    """Counts outcomes, and prints them and each new finding as JSON lines."""

    def __init__(self, reader: Reader, out: Any) -> None:
        self._reader = reader
        self._out = out
        self._sites: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._printed = time.monotonic()
        self.n = 0

    def take(self, data: bytes) -> Outcome:
        """Feed an input to its readers and count what came of it."""
        outcome = self._reader.outcome(data)
        self.n += 1
        self._counts[outcome.kind] += 1
        if outcome.site and outcome.site not in self._sites:
            self._sites.add(outcome.site)
            self._find(data, outcome)
        if time.monotonic() - self._printed > REPORT_S:
            self.tell()
        return outcome

    def _find(self, data: bytes, outcome: Outcome) -> None:
        short = minimized(data, outcome.site, self._reader) if outcome.kind != "hang" else data
        text = base64.b64encode(short).decode()
        fields = {"kind": outcome.kind, "site": outcome.site, "detail": outcome.detail}
        print(json.dumps({**fields, "data": text}), file=self._out, flush=True)

    def tell(self) -> None:
        """Print the counts so far."""
        self._printed = time.monotonic()
        print(json.dumps({"counts": self._counts}), file=self._out, flush=True)


def with_hypothesis(tally: Tally, source: Any, seeds: list[bytes], n: int, seed: int) -> None:
    """Feed n inputs that Hypothesis draws: changes of whole inputs, few draws each."""
    from hypothesis import HealthCheck, Phase, given, settings, strategies
    from hypothesis import seed as seeded

    @strategies.composite
    def changed(draw: Callable[..., Any]) -> bytes:
        data = draw(strategies.sampled_from(seeds))
        return source.change(draw(strategies.randoms(use_true_random=False)), data)

    round_ = 0
    while tally.n < n:

        @seeded(seed * 1000 + round_)
        @settings(
            max_examples=min(1000, n - tally.n),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(changed())
        def feed(data: bytes) -> None:
            tally.take(data)

        feed()
        round_ += 1


def with_atheris(tally: Tally, source: Any, seeds: list[bytes], n: int, seed: int) -> None:
    """Feed n inputs that libFuzzer makes, led by what code each reaches; ends the process."""
    import atheris

    def take(data: bytes) -> None:
        if tally.n >= n:
            tally.tell()
            sys.stdout.flush()
            os._exit(0)
        tally.take(data)

    def change(data: bytes, most: int, number: int) -> bytes:
        r = Random(number)
        if not data or r.random() < 0.4:
            data = r.choice(seeds)
        if r.random() < 0.25:
            return bytes(atheris.Mutate(data, most))
        return bytes(source.change(r, data)[:most])

    corpus = Path(tempfile.mkdtemp(prefix="corpus-", dir=".."))
    for k, data in enumerate(seeds):
        (corpus / f"{k:03d}").write_bytes(data)
    longest = max(20_000, *(2 * len(data) for data in seeds))
    options = [f"-seed={seed + 1}", f"-max_len={longest}", "-timeout=60", "-rss_limit_mb=6000"]
    options += ["-len_control=0", "-print_final_stats=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], take, custom_mutator=change)
    atheris.Fuzz()


def main(name: str, engine: str, n: int, seed: int) -> None:
    """Feed n inputs of a source, made by an engine."""
    out = os.fdopen(os.dup(1), "w")  # commands and libFuzzer print, too
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["paramsrun"], enable_loader_override=False):
            import fuzz_jobs
            import fuzz_sources
    else:
        import fuzz_jobs
        import fuzz_sources
    warnings.simplefilter("error")
    source = fuzz_sources.SOURCES[name]
    stage = Path(tempfile.mkdtemp(prefix="stage-", dir=os.environ.get("FUZZ_FOLDER")))
    os.chdir(stage)
    source.stage()
    seeds = list(source.seeds())
    tally = Tally(Reader(source, fuzz_jobs.told), out)
    for data in seeds:  # what is imported on first use takes its time
        tally.take(data)
    (with_atheris if engine == "atheris" else with_hypothesis)(tally, source, seeds, n, seed)
    tally.tell()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
