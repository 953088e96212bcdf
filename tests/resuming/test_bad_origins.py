"""What cannot be resumed is refused: with one message, and nothing made."""

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from paramsrun.results import lock
from tests.cli.jobs import contents, paramsrun
from tests.resuming.runs import PARENT, go_on, refused, run_parent, segment, until


@pytest.fixture(autouse=True)
def _parent(tmp_path: Path, _here: None) -> None:
    run_parent(tmp_path)


def edit(change: Callable[[list[bytes]], None]) -> None:
    """Change the lines of the parent's journal."""
    lines = segment(PARENT).read_bytes().splitlines(keepends=True)
    change(lines)
    segment(PARENT).write_bytes(b"".join(lines))


def test_a_run_that_is_alive(tmp_path: Path) -> None:
    held = lock.owner()
    (PARENT / "run.lock").write_text(json.dumps(held))
    before = contents(PARENT)
    message = refused(go_on(until(60)))
    assert message == (
        f"The run of params.results is still alive: process {held['pid']} on {held['host']}. "
        "End it first (Ctrl-C, or a SIGTERM to that process)\n"
    )
    assert contents(PARENT) == before


def test_a_lock_of_a_process_that_is_gone_stops_nothing() -> None:
    held = {**lock.owner(), "began": "1"}
    (PARENT / "run.lock").write_text(json.dumps(held))
    assert go_on(until(60)).exit_code == 0


def test_a_folder_that_is_none() -> None:
    Path("empty").mkdir()
    assert "empty is no results folder" in refused(go_on(until(60), origin="empty"))


def test_a_folder_that_is_part_of_one() -> None:
    message = refused(go_on(until(60), origin=PARENT / "optimization"))
    assert message.endswith("did you mean params.results?\n")
    (PARENT / "checkpoints/checkpoints.txt").write_text("#evaluation checkpoint\n000009 x.tar.gz\n")
    message = refused(go_on(until(60), origin=PARENT / "checkpoints"))
    assert message.endswith("name that, such as params.results/checkpoints/x.tar.gz\n")


def test_a_folder_that_is_missing() -> None:
    message = refused(go_on(until(60), origin="nowhere.results"))
    assert message == "There is no checkpoint or results folder nowhere.results\n"


def test_a_folder_without_its_stored_input() -> None:
    (PARENT / "settings_and_initial_data/params.in").unlink()
    message = refused(go_on(until(60)))
    file = "settings_and_initial_data/params.in"
    assert message.startswith(f"params.results cannot be gone on with: params.results/{file}: ")
    (PARENT / "checkpoints/checkpoints.txt").write_text("#evaluation checkpoint\n000009 x.tar.gz\n")
    message = refused(go_on(until(60)))
    assert message.endswith(
        "; to go on from one of its checkpoints, name that, such as params.results/checkpoints/"
        "x.tar.gz\n"
    )


def test_a_folder_without_its_stored_data() -> None:
    (PARENT / "settings_and_initial_data/parameter_interface.yaml").unlink()
    message = refused(go_on(until(60)))
    assert "settings_and_initial_data/parameter_interface.yaml" in message


def test_a_journal_that_is_empty() -> None:
    for text in (b"", b'{"e":"run","form'):
        segment(PARENT).write_bytes(text)
        assert "params.results holds an empty journal" in refused(go_on(until(60)))


@pytest.mark.parametrize("command", [["run"], ["check"]])
def test_a_journal_that_is_damaged_in_the_middle(command: list[str]) -> None:
    def change(lines: list[bytes]) -> None:
        lines[11] = lines[11][:9] + b"#" + lines[11][10:]

    edit(change)
    before = contents(PARENT)
    Path("resume.in").write_text(f"ResumeCheckpoint {PARENT}\n{until(60)}")
    message = refused(paramsrun(*command, "resume.in"))
    assert message.startswith(f"{segment(PARENT)}:12: damaged journal line")
    assert "\nThe run cannot go on from params.results; if there is another checkpoint" in message
    assert contents(PARENT) == before


def test_a_journal_that_lacks_a_line() -> None:
    def change(lines: list[bytes]) -> None:
        del lines[12]

    edit(change)
    message = refused(go_on(until(60)))
    told = f"{segment(PARENT)}:13: damaged journal: evaluation 11 follows evaluation 9\n"
    assert message.startswith(told)


def test_a_journal_that_lacks_the_start_of_an_optimizer() -> None:
    def change(lines: list[bytes]) -> None:
        (k,) = (
            k
            for k, line in enumerate(lines)
            if orjson.loads(line).get("o") == 2 and orjson.loads(line)["e"] == "start"
        )
        del lines[k]

    edit(change)
    assert "damaged journal: optimizer 2 was never started\n" in refused(go_on(until(60)))


def test_a_journal_that_lacks_a_segment() -> None:
    segment(PARENT).rename(segment(PARENT).with_name("000002.jsonl"))
    message = refused(go_on(until(60)))
    assert "000001.jsonl is missing, a part of the journal" in message


def test_a_journal_of_a_newer_format() -> None:
    def change(lines: list[bytes]) -> None:
        lines[0] = lines[0].replace(b'"format":1', b'"format":2')

    edit(change)
    message = refused(go_on(until(60)))
    assert "format 2" in message
    assert "paramsrun 0.1.0" in message


# The parameters


def interface(*edits: tuple[str, str]) -> str:
    """Write a changed parameter interface; return the key that names it."""
    text = Path("job/parameter_interface.yaml").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    Path("other.yaml").write_text(text)
    return "ParameterInterface other.yaml\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value: -1.0", "value: -1.5", "the value of a was -1.0 and is -1.5 now"),
        ("name: b", "name: c", "b is gone\n  c is new"),
        (
            "value: 1.0\nrange: [-2.0, 2.0]",
            "value: 1.0\nrange: [-2.0, 3.0]",
            "the range of b was -2.0 to 2.0 and is -2.0 to 3.0 now",
        ),
        (
            "value: 1.0\nrange: [-2.0, 2.0]\nis_active: true",
            "value: 1.0\nrange: [-2.0, 2.0]\nis_active: false",
            "b was active and is not now",
        ),
    ],
)
def test_parameters_that_changed_are_named(old: str, new: str, told: str) -> None:
    message = refused(go_on(until(60) + interface((old, new))))
    assert "the parameter interface may not change on resume" in message
    assert told in message


def test_every_difference_of_the_parameters_is_named() -> None:
    message = refused(
        go_on(until(60) + interface(("value: -1.0", "value: -1.5"), ("name: b", "name: c")))
    )
    assert message.count("\n  ") == 3


def test_the_same_parameters_may_be_given_again() -> None:
    assert go_on(until(60) + interface(("---\nname: a", "--- # the first\nname: a"))).exit_code == 0


def test_parameters_in_another_order_are_refused() -> None:
    text = Path("job/parameter_interface.yaml").read_text()
    head, a, b = text.removesuffix("...\n").split("---\nname", 2)
    Path("other.yaml").write_text(f"{head}---\nname{b}---\nname{a}...\n")
    message = refused(go_on(until(60) + "ParameterInterface other.yaml\n"))
    assert "another order" in message


def test_stored_parameters_that_were_edited_are_told() -> None:
    stored = PARENT / "settings_and_initial_data/parameter_interface.yaml"
    stored.write_text(stored.read_text().replace("range: [-2.0, 2.0]", "range: [-3.0, 2.0]"))
    message = refused(go_on(until(60)))
    assert f"{stored} was changed since the run of params.results began" in message
