"""What fuzz.py changes: each kind of file that paramsrun reads, and who reads it.

A source holds whole inputs to begin with, how to change them, and the commands that a user would
give to have them read. Its stage is a folder with all else that these commands need.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fuzz_changes as changes
import orjson
from fuzz_changes import Change, one_or_several
from fuzz_checkpoints import changed_member, checkpoint, forge, members
from fuzz_commands import arguments, changed_words, cleared, command_lines, command_stage
from fuzz_jobs import (
    COMMAND,
    ENGINES,
    EXAMPLES,
    FUNCTION,
    JOBS,
    JOURNAL,
    LJ,
    PARAMETERS,
    RESUME,
    ROOT,
    RUN,
    SET,
    TWO,
    TYPED,
    UNEVEN,
    WHOLE,
    lennard_jones,
    read_output,
    recorded,
)

from paramsrun.results.lock import owner


@dataclass
class Source:
    """A kind of input."""

    name: str
    share: float
    """Of all inputs, against those of the others."""
    stage: Callable[[], None]
    """Fills the current folder with what the commands need."""
    seeds: Callable[[], Sequence[bytes]]
    """Whole inputs; called in the folder that is filled."""
    change: Change
    put: Callable[[bytes], None]
    """Writes an input to where the commands read it."""
    commands: Callable[[bytes], Sequence[Sequence[str]]]
    """Returns the arguments of the commands, given in turn until one is refused."""
    is_typed: bool = False
    """Whether the user types the input: its own odd characters may stand in the answer."""


def _write(name: str) -> Callable[[bytes], None]:
    return lambda data: _written(Path(name), data)


def _written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _always(*commands: str) -> Callable[[bytes], Sequence[Sequence[str]]]:
    split = [command.split() for command in commands]
    return lambda _: split


def _in_turn(*commands: str) -> Callable[[bytes], Sequence[Sequence[str]]]:
    """Give each input one of the commands, always the same one."""
    return lambda data: [commands[zlib.crc32(data) % len(commands)].split()]


# The inputs to begin with


def inputs() -> list[bytes]:
    """Return the inputs of the examples and those of which mistakes are known."""
    paths = [*EXAMPLES.glob("*/*.in"), *(ROOT / "tests/errors").glob("*.in")]
    given = [_with_interface(path.read_text("utf-8", "surrogateescape")) for path in sorted(paths)]
    return [text.encode("utf-8", "surrogateescape") for text in (*given, LJ, COMMAND)]


def _with_interface(text: str) -> str:
    """Let an input whose loss is a program's or function's name parameters of this stage."""
    file = "typed.yaml" if "Engine Command" in text else "two.yaml"
    if "\nEngine " not in text or "LennardJones" in text:
        return text
    named = text.replace(
        "ParameterInterface parameter_interface.yaml", f"ParameterInterface {file}"
    )
    return named if named != text else f"ParameterInterface {file}\n{text}"


TEXT = one_or_several(
    [changes.of_words([])] * 4 + [changes.of_lines, changes.of_blocks, changes.of_bytes]
)
YAML = one_or_several(
    [changes.of_yaml] * 4 + [changes.of_words([])] * 2 + [changes.of_lines, changes.of_bytes]
)
JSON_LINES = one_or_several(
    [changes.of_json_lines] * 5 + [changes.of_lines, changes.of_bytes, changes.of_words([])]
)
ARCHIVE = one_or_several([changes.of_bytes] * 4 + [changes.of_gzip_members], most=1 << 20)
PYTHON = one_or_several([changes.of_words([]), changes.of_lines, changes.of_bytes])


def _yaml(
    name: str, share: float, file: str, texts: Sequence[str], commands: Sequence[str]
) -> Source:
    seeds = [text.encode() for text in texts]
    return Source(
        name, share, lennard_jones, lambda: seeds, YAML, _write(file), _in_turn(*commands)
    )


def _texts(name: str, texts: Sequence[bytes], share: float, file: str, command: str) -> Source:
    return Source(name, share, lennard_jones, lambda: texts, TEXT, _write(file), _always(command))


def _put_and_clear(path: str) -> Callable[[bytes], None]:
    def put(data: bytes) -> None:
        cleared()
        Path(path).write_bytes(data)

    return put


def _resumes() -> list[bytes]:
    resume = Path(RESUME).read_bytes()
    optimizer = b"Optimizer\n   Type RandomSampling\nEnd\nParallelLevels ParameterVectors=2\n"
    return [resume, resume + b"ParameterInterface parameter_interface.yaml\n", resume + optimizer]


def _journals() -> list[bytes]:
    """Return journals that end in the life of the first optimizer, of the second, and after."""
    lines = Path(WHOLE, JOURNAL).read_bytes().splitlines(keepends=True)
    return [b"".join(lines[:n]) for n in (6, len(lines) - 8, len(lines))]


def _locks() -> list[bytes]:
    load = {"load": {"workers": 2, "in_flight": 1, "per_s": 3.5}}
    return [orjson.dumps(owner() | more) + b"\n" for more in (load, {})]


SEEN = ("status run.results", "status run.results --optimizer 2")
READ = (
    *SEEN,
    "export run.results --csv --output t.csv",
    "check resume.in",
)
INTERFACES = [PARAMETERS, TYPED, TWO]
SOURCES = {
    source.name: source
    for source in (
        Source(
            "input text", 0.24, lennard_jones, inputs, TEXT, _write("p.in"), _always("check p.in")
        ),
        _yaml(
            "parameter interface",
            0.12,
            "parameter_interface.yaml",
            INTERFACES,
            ["check lj.in", "check lj.in", "check named.in"],
        ),
        _yaml("job collection", 0.08, "job_collection.yaml", [JOBS], ["check lj.in"]),
        _yaml("training set", 0.12, "training_set.yaml", [SET], ["check lj.in"]),
        _yaml("validation set", 0.03, "validation_set.yaml", [SET], ["check lj.in"]),
        _yaml("engine collection", 0.04, "engine_collection.yaml", [ENGINES], ["check lj.in"]),
        _texts(
            "template",
            [b"rate {{rate:.3f}}\nwidth \\{{x}} {{ width1 }}\n"],
            0.02,
            "settings.txt",
            "check command.in",
        ),
        Source(
            "user's module",
            0.02,
            lennard_jones,
            lambda: [UNEVEN.encode()],
            PYTHON,
            _write("uneven.py"),
            _always("check function.in"),
        ),
        Source(
            "checkpoint",
            0.04,
            recorded,
            lambda: [checkpoint()],
            ARCHIVE,
            _write("c.tar.gz"),
            _in_turn("show c.tar.gz", "check from_checkpoint.in"),
        ),
        Source(
            "checkpoint's members",
            0.06,
            recorded,
            members,
            changed_member,
            forge,
            _always("show c.tar.gz", "check from_checkpoint.in"),
        ),
        Source(
            "journal",
            0.08,
            recorded,
            _journals,
            JSON_LINES,
            _write(f"{RUN}/{JOURNAL}"),
            _always(*READ),
        ),
        Source(
            "journal gone on with",
            0.02,
            recorded,
            _journals,
            JSON_LINES,
            _put_and_clear(f"{RUN}/{JOURNAL}"),
            _always("resume.in --name again"),
        ),
        Source(
            "input of a resume",
            0.03,
            recorded,
            _resumes,
            TEXT,
            _write("r.in"),
            _always("check r.in"),
        ),
        _texts(
            "included file",
            [FUNCTION.encode(), LJ.encode()],
            0.02,
            "included.in",
            "check including.in",
        ),
        Source(
            "lock",
            0.01,
            recorded,
            _locks,
            JSON_LINES,
            _write(f"{RUN}/run.lock"),
            _in_turn("status run.results", "check resume.in"),
        ),
        Source(
            "list of checkpoints",
            0.01,
            recorded,
            lambda: [Path(WHOLE, "checkpoints/checkpoints.txt").read_bytes()],
            TEXT,
            _write(f"{RUN}/checkpoints/checkpoints.txt"),
            _always("check resume_folder.in"),
        ),
        Source(
            "program's output",
            0.01,
            read_output,
            lambda: [b'loss 1.5\n{"loss": 3.5}\n2.5\n', b'{"loss": [3.5, "x"]}\n'],
            JSON_LINES,
            _put_and_clear("data"),
            _in_turn(*(f"read{k}.in --name again" for k in range(4))),
        ),
        Source(
            "command line",
            0.03,
            command_stage,
            command_lines,
            changed_words,
            lambda _: cleared(),
            arguments,
            is_typed=True,
        ),
    )
}
"""By name; the shares are of their sum."""
