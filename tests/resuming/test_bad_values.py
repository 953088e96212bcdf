"""A journal in which some value is another one is refused in one message, or read as it is."""

import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from paramsrun.errors import ParamsrunError
from paramsrun.manager.events import KINDS
from paramsrun.report import curves
from paramsrun.results.evaluations import evaluations
from paramsrun.results.opening import show
from paramsrun.results.status import status, status_of_optimizer
from paramsrun.resuming.origin import opened
from tests.cli.jobs import paramsrun
from tests.results.test_opening import forged
from tests.resuming.runs import PARENT, control, go_on, run_parent, segment, until

VALUES: list[Any] = [
    None, True, -1, 0, 3, 2**63, 0.5, "", "x", "inf", [], [0.5], [[0.5, 0.5]], ["x", "x"], {},
    {"Algorithm": [1]}, {"x": 1},
]  # fmt: skip
GONE = object()
MORE = [
    '{"e":"context","settings":"","seed":5,"objective":"","code":{},"changes":[],'
    '"comparable":true,"t":9.0,"utc":"2026","parameter_vectors":1}\n',
    '{"e":"chosen","evaluator":"Processes","why":"slow","t":9.0}\n',
    '{"e":"inject","o":2,"b":99,"x":[0.5,0.5],"fx":1.0,"t":9.0}\n',
    '{"e":"exit","how":"request","reason":"EXIT","living":[],"t":9.0}\n',
]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a run, to whose journal one event of each further kind is added."""
    folder = tmp_path_factory.mktemp("parent")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_parent(folder, control(EveryFunctionCalls=20))
    with segment(folder / PARENT).open("a") as file:
        file.writelines(MORE)
    return folder / PARENT


def line_of(kind: str, lines: list[bytes]) -> int:
    """Return the place of the last event of a kind."""
    return max(k for k, line in enumerate(lines) if orjson.loads(line)["e"] == kind)


FIELDS = [(kind, name) for kind, event in KINDS.items() for name in ("e", *event._fields)]


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_any_value_of_a_field_is_read_or_refused(
    kind: str, name: str, parent: Path, tmp_path: Path
) -> None:
    folder = tmp_path / PARENT
    shutil.copytree(parent, folder)
    lines = segment(parent).read_bytes().splitlines(keepends=True)
    k = line_of(kind, lines)
    for value in (*VALUES, GONE):
        fields = orjson.loads(lines[k]) | {name: value}
        if value is GONE:
            del fields[name]
        changed = orjson.dumps(fields) + b"\n"
        segment(folder).write_bytes(b"".join([*lines[:k], changed, *lines[k + 1 :]]))
        readers: list[Callable[[], object]] = [
            lambda: status(folder),
            lambda: status_of_optimizer(folder, 1),
            lambda: status_of_optimizer(folder, 2),
            lambda: curves.read(folder),
            lambda: evaluations(folder),
            lambda: show(checkpoint_of(folder)),
            lambda: replayed(folder),
        ]
        for reads in readers:
            with suppress(ParamsrunError):
                reads()


def checkpoint_of(folder: Path) -> Path:
    """Return a checkpoint that holds a folder's journal."""
    listed = [("journal/000001.jsonl", segment(folder).read_bytes())]
    return forged(folder.with_name("c.tar.gz"), listed)


def replayed(folder: Path) -> None:
    with opened(folder) as origin:
        origin.tapes(origin.state())


NAMED = [
    ("run", "names", [], "the run has no parameters"),
    ("run", "names", "x", "names cannot be 'x'"),
    ("run", "ranges", [[0, 1]], "ranges is not 2 pairs of numbers, one for each parameter"),
    ("run", "seed", -1, "seed cannot be -1"),
    ("start", "settings", [], "settings cannot be []"),
    ("start", "x0", [0.5], "x0 is not 2 numbers, one for each parameter"),
    ("start", "lower", [[0.5, 0.5]], "lower is not 2 numbers, one for each parameter"),
    ("start", "o", 9, "optimizer 9 starts after optimizer 3"),
    ("eval", "x", 0.5, "x is not 2 numbers, one for each parameter"),
    ("eval", "b", 90, "of batch 90 of optimizer"),
    ("inject", "x", [], "x is not 2 numbers, one for each parameter"),
    ("end", "how", "x", "how cannot be 'x'"),
    ("exit", "living", [7], "optimizer 7 was never started"),
]


@pytest.mark.parametrize(("kind", "name", "value", "message"), NAMED)
def test_a_resume_names_file_and_line(
    kind: str, name: str, value: object, message: str, parent: Path, tmp_path: Path
) -> None:
    shutil.copytree(parent, tmp_path / PARENT)
    lines = segment(parent).read_bytes().splitlines(keepends=True)
    k = line_of(kind, lines)
    lines[k] = orjson.dumps(orjson.loads(lines[k]) | {name: value}) + b"\n"
    segment(PARENT).write_bytes(b"".join(lines))
    result = go_on(until(60))
    assert result.exit_code == 2
    assert result.output.startswith(f"{segment(PARENT)}:{k + 1}: ")
    assert message in result.output.splitlines()[0]


@pytest.mark.parametrize("where", ["end", "start"])
@pytest.mark.parametrize("kind", ["eval", "start"])
def test_every_reader_fails_alike(kind: str, where: str, parent: Path, tmp_path: Path) -> None:
    shutil.copytree(parent, tmp_path / PARENT)
    lines = segment(parent).read_bytes().splitlines(keepends=True)
    places = [k for k, line in enumerate(lines) if f'"e":"{kind}"'.encode() in line]
    del lines[places[1 if where == "start" else -2]]
    segment(PARENT).write_bytes(b"".join(lines))
    results = [paramsrun(*command, str(PARENT)) for command in (["status"], ["plot"])]
    results += [paramsrun("export", "--csv", str(PARENT)), go_on(until(60))]
    messages = {result.output.splitlines()[0] for result in results}
    assert len(messages) == 1
    assert re.match(rf"{segment(PARENT)}:\d+: damaged journal: ", messages.pop())
    assert [result.exit_code for result in results] == [1, 1, 1, 2]


def test_a_checkpoint_names_the_line_within_it(parent: Path, tmp_path: Path) -> None:
    folder = tmp_path / PARENT
    shutil.copytree(parent, folder)
    lines = segment(folder).read_bytes().splitlines(keepends=True)
    segment(folder).write_bytes(b"".join([*lines[:2], *lines[3:]]))
    checkpoint = checkpoint_of(folder)
    result = go_on(until(60), origin=checkpoint)
    at = r"journal/000001\.jsonl:3: damaged journal: "
    assert re.match(rf"{checkpoint}:{at}", result.output)
    with pytest.raises(ParamsrunError, match=rf"{checkpoint} cannot be used: .* \({at}"):
        show(checkpoint)


def test_a_checkpoint_without_its_input_names_what_it_lacks(parent: Path) -> None:
    checkpoint = checkpoint_of(parent)
    result = go_on(until(60), origin=checkpoint)
    assert result.exit_code == 2
    assert result.output.startswith(f"{checkpoint}:inputs/params.in: cannot read the file")
    assert "paramsrun-" not in result.output
