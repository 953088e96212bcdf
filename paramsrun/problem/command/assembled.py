"""From the keys of Engine Command to the loss that its program gives."""

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from paramsrun.problem.black_box import Surroundings
from paramsrun.problem.command.folders import Folders, Inputs
from paramsrun.problem.command.line import CommandLine, variables
from paramsrun.problem.command.names import PARAMETERS
from paramsrun.problem.command.objective import CommandObjective, Running
from paramsrun.problem.command.reading import Reading
from paramsrun.problem.command.template import Template, Values, read_template

if TYPE_CHECKING:
    from paramsrun.problem.engines.command import Command


def assembled(settings: "Command", around: Surroundings) -> CommandObjective | None:
    """Return the loss; None, and the mistakes, where it cannot be had. Nothing is run."""
    inputs = _inputs(settings, around)
    line = _line(settings, around)
    if around.parameters is None or line is None:
        return None
    _check_variables(around)
    return CommandObjective(
        line,
        around.parameters,
        inputs,
        Reading(settings.loss_file, settings.loss_key, settings.loss_pattern),
        Running(
            settings.timeout,
            settings.repeats,
            settings.ensemble,
            settings.keep_folders,
            settings.progress_pattern,
        ),
        Folders(Path(settings.runs_directory)),
    )


def _line(settings: "Command", around: Surroundings) -> CommandLine | None:
    try:
        line = CommandLine(settings.command, around.folders)
    except ValueError:
        return None  # told by the settings
    at = around.at("Engine%Command")
    for text in line.mistakes:
        around.findings.mistake(at, f"Engine Command%Command: {text}")
    if words := [*line.for_a_shell()]:
        around.findings.warn(
            at,
            f"Engine Command%Command: no shell runs it, and the program gets {' '.join(words)} as "
            "written; write sh -c '...' around what is for a shell",
        )
    copied = [PurePath(path).name for path in (*settings.template, *settings.file)]
    for word in line.bare_files():
        if word not in copied:
            around.findings.warn(
                at,
                f"Engine Command%Command: {word} is a file beside the input, but the program "
                f"runs in a folder of its own and will not find it; write ./{word}",
            )
    return line


def _inputs(settings: "Command", around: Surroundings) -> Inputs:
    files = [around.file(p, k) for p, k in _numbered(settings.file, "Engine%File")]
    templates = [
        _template(path, around)
        for p, k in _numbered(settings.template, "Engine%Template")
        if (path := around.file(p, k)) is not None
    ]
    return Inputs(tuple(templates), tuple((p.name, p) for p in files if p is not None))


def _check_variables(around: Surroundings) -> None:
    assert around.parameters is not None
    _, without = variables(_examples(around))
    if without:
        around.findings.warn(
            around.at("Engine%Command"),
            f"Engine Command: no variable of the environment can stand for {', '.join(without)}"
            f" alone, so there is none; {PARAMETERS} holds all",
        )


def _numbered(paths: tuple[str, ...], name: str) -> Iterator[tuple[str, str]]:
    """Iterate over recurring keys and where the input gives them."""
    for i, path in enumerate(paths, 1):
        yield path, f"{name}[{i}]" if len(paths) > 1 else name


def _examples(around: Surroundings) -> Values:
    assert around.parameters is not None
    return around.parameters.named(around.parameters.x0)


def _template(path: Path, around: Surroundings) -> Template:
    examples = None if around.parameters is None else _examples(around)
    return read_template(path, examples, around.findings)
