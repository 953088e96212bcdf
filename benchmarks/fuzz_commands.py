"""Command lines for fuzz.py: words with NUL between them, which no argument can hold."""

import shlex
import shutil
from pathlib import Path
from random import Random

import fuzz_changes as changes
from fuzz_checkpoints import checkpoint
from fuzz_jobs import PARAMETERS, RUN, WHOLE, lennard_jones, recorded

COMMANDS = [
    *("check lj.in", "check function.in", "lj.in --name a", "--resume auto function.in"),
    *("run function.in --name b --resume run.results", "describe", "describe CMAES"),
    *("describe Optimizer%CMAES%Sigma0", "status run.results", "status run.results --optimizer 1"),
    *("stop run.results", "stop run.results --optimizer 2", "checkpoint run.results", "--help"),
    *("export run.results --csv", "export run.results --csv --output t.csv", "show c.tar.gz"),
    *("plot run.results --output p.txt", "plot run.results --optimizers 7 8", "--version"),
    *("plot run.results --search --optimizers 0", "show run.results", "check run.results"),
]


def command_stage() -> None:
    """Record a job, and put what command lines name beside it."""
    recorded()
    lennard_jones()
    Path("parameter_interface.yaml").write_text(PARAMETERS)
    Path("c.tar.gz").write_bytes(checkpoint())


def arguments(data: bytes) -> list[list[str]]:
    """Return a command line, none of whose words leads out of the current folder."""
    words = data.decode("utf-8", "surrogateescape").split("\0")
    return [[word.lstrip("/").replace("..", "_").replace("=/", "=") for word in words if word]]


def changed_words(r: Random, data: bytes) -> bytes:
    """Change, drop, repeat or add words of a command line."""
    words = data.split(b"\0")
    others = " ".join(COMMANDS).split()
    for _ in range(r.choice([1, 1, 2, 3])):
        at, kind = r.randrange(len(words)), r.randrange(6)
        if kind == 0 and len(words) > 1:
            del words[at]
        elif kind == 1:
            words.insert(at, r.choice(others).encode())
        elif kind == 2:
            words[at] = changes.of_bytes(r, words[at])
        elif kind == 3:
            words[at] = changes.of_words(others)(r, words[at])
        elif kind == 4:
            words[at] = r.choice(others).encode()
        else:
            words.append(r.choice(changes.ODD_WORDS).encode("utf-8", "surrogatepass"))
    # Nothing is drawn and no long run begins: these have sources of their own.
    return b"\0".join(words).replace(b".png", b".txt")[:4000]


def cleared() -> None:
    """Remove what runs have left."""
    for path in Path().glob("*"):
        if path.is_dir() and path.name not in (RUN, WHOLE):
            shutil.rmtree(path, ignore_errors=True)


def command_lines() -> list[bytes]:
    """Return the command lines to begin with."""
    return [b"\0".join(map(str.encode, shlex.split(line))) for line in COMMANDS]
