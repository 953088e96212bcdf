"""STOP_n, EXIT and CHKPT in a results folder: when they are looked for, what becomes of them."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from paramsrun.manager.events import End, Start
from paramsrun.manager.interruption import Request
from paramsrun.manager.state import RunState
from paramsrun.results.log import Log
from paramsrun.results.requests import LOOK_S, Requests, stop_file

X = np.array([0.5])


class Asked:
    """Requests in a folder, with a clock that stands still until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 100.0
        self._entries: list[str] = []
        self.log = Log(folder / "job.log", self._entries.append)
        self.state = RunState()
        self.requests = Requests(folder, self.log, self.state.optimizers, lambda: self.now)

    def start(self, *numbers: int) -> None:
        for o in numbers:
            self.state.apply(Start(o, 1, "CMAES", {}, (1, 1, o, 0), X, X, X, 0.0))

    def files(self, *names: str) -> None:
        for name in names:
            (self.folder / name).touch()

    def look(self) -> Sequence[Request]:
        """Return what is found when the next look is due."""
        self.now += LOOK_S
        return self.requests()

    @property
    def left(self) -> list[str]:
        return sorted(set(os.listdir(self.folder)) - {"job.log"})

    @property
    def told(self) -> list[str]:
        """The log since the last time, without its stamps."""
        entries, self._entries[:] = [*self._entries], []
        return [re.sub(r"^\[.*?\] ", "", entry) for entry in entries]


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    made = Asked(tmp_path)
    yield made
    made.log.close()


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("STOP_3", Request("stop", "STOP_3", 3)),
        ("STOP_003", Request("stop", "STOP_003", 3)),
        ("STOP_000000000003", Request("stop", "STOP_000000000003", 3)),
        ("EXIT", Request("exit", "EXIT")),
        ("CHKPT", Request("checkpoint", "CHKPT")),
    ],
)
def test_a_file_is_a_request_and_removed_as_it_is_read(
    asked: Asked, name: str, request_: Request
) -> None:
    asked.start(1, 2, 3)
    asked.files(name)
    assert asked.look() == [request_]
    assert asked.left == []
    assert asked.look() == []


def test_a_file_with_something_in_it_counts_as_an_empty_one(asked: Asked) -> None:
    (asked.folder / "EXIT").write_text("please\n")
    assert asked.look() == [Request("exit", "EXIT")]


def test_a_request_may_be_made_again(asked: Asked) -> None:
    for _ in range(2):
        asked.files("CHKPT")
        assert asked.look() == [Request("checkpoint", "CHKPT")]


def test_requests_found_together_are_met_with_the_exit_last(asked: Asked) -> None:
    asked.start(*range(1, 11))
    asked.files("EXIT", "CHKPT", "STOP_10", "STOP_2")
    assert [request.file for request in asked.look()] == ["STOP_2", "STOP_10", "CHKPT", "EXIT"]


def test_two_files_for_one_optimizer_are_one_request(asked: Asked) -> None:
    asked.start(1)
    asked.files("STOP_1", "STOP_01")
    assert [(request.kind, request.o) for request in asked.look()] == [("stop", 1)]
    assert asked.left == []


def test_a_file_that_is_there_at_the_first_call_counts(asked: Asked) -> None:
    asked.files("EXIT")
    assert asked.requests() == [Request("exit", "EXIT")]


def test_the_folder_is_looked_at_no_more_often_than_is_worth_it(asked: Asked) -> None:
    assert asked.requests() == []
    asked.files("EXIT")
    asked.now += 0.9 * LOOK_S
    assert asked.requests() == ()
    assert asked.left == ["EXIT"]
    asked.now += 0.1 * LOOK_S
    assert asked.requests() == [Request("exit", "EXIT")]


def test_only_a_checkpoint_is_acknowledged_here_as_the_rest_are_events(asked: Asked) -> None:
    asked.start(1)
    asked.files("STOP_1", "CHKPT", "EXIT")
    asked.look()
    assert asked.told == ["Asked for a checkpoint (paramsrun checkpoint, or a file CHKPT)"]


def test_stopping_an_optimizer_that_is_not_alive_is_answered_in_the_log(asked: Asked) -> None:
    asked.start(1, 2)
    asked.state.apply(End(2, "converged", "tolfun", 0.0))
    asked.files("STOP_99", "STOP_002", "STOP_0")
    assert asked.look() == []
    assert asked.left == []
    assert asked.told == [
        "STOP_0: there is no optimizer 0",
        "STOP_002: optimizer 2 has ended already",
        "STOP_99: there is no optimizer 99",
    ]


SIMILAR = ["STOP", "STOP_x", "STOP_ALL", "STOP_-1", "STOP3", "stop_3", "STOP_3.txt", "STOP_٣"]
SIMILAR += ["exit", "exit.txt", "EXIT~", "chkpt", "CHECKPOINT"]


@pytest.mark.parametrize("name", SIMILAR)
def test_a_name_that_is_merely_similar_gets_one_hint_and_is_left_alone(
    asked: Asked, name: str
) -> None:
    asked.start(1, 2, 3)
    asked.files(name)
    assert asked.look() == []
    assert asked.told == [
        f"Hint: {name} asks for nothing and is left alone. A file STOP_3 stops optimizer 3, "
        "EXIT ends the run, CHKPT makes a checkpoint"
    ]
    assert asked.look() == []
    assert (asked.left, asked.told) == ([name], [])


@pytest.mark.parametrize("name", ["STOP_3", "EXIT", "CHKPT"])
def test_a_folder_is_no_request(asked: Asked, name: str) -> None:
    asked.start(1, 2, 3)
    (asked.folder / name).mkdir()
    assert asked.look() == []
    assert asked.told[0].startswith(f"Hint: {name} asks for nothing")


def test_what_a_results_folder_holds_gets_no_hint(asked: Asked) -> None:
    for name in ("checkpoints", "optimization", "settings_and_initial_data"):
        (asked.folder / name).mkdir()
    asked.files("run.lock", "summary.txt", ".EXIT.swp", "stopping.md", "exits.csv")
    assert (asked.look(), asked.told) == ([], [])


@pytest.fixture
def unlink_fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[OSError], None]:
    def fails(error: OSError) -> None:
        def unlink(path: Path) -> None:
            raise error

        monkeypatch.setattr("paramsrun.results.requests.os.unlink", unlink)

    return fails


def test_a_file_that_cannot_be_removed_counts_once_until_it_was_gone(
    asked: Asked, unlink_fails: Callable[[OSError], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.files("EXIT")
    unlink_fails(PermissionError(13, "Permission denied"))
    assert asked.look() == [Request("exit", "EXIT")]
    assert asked.told == [
        "Warning: EXIT cannot be removed ([Errno 13] Permission denied): it is acted on this once, "
        "and passed over as long as it stays there"
    ]
    assert asked.look() == asked.look() == []
    assert asked.told == []
    monkeypatch.undo()
    (asked.folder / "EXIT").unlink()
    assert asked.look() == []
    asked.files("EXIT")
    assert asked.look() == [Request("exit", "EXIT")]


def test_a_file_that_was_taken_back_in_time_asks_nothing(
    asked: Asked, unlink_fails: Callable[[OSError], None]
) -> None:
    asked.files("EXIT")
    unlink_fails(FileNotFoundError(2, "No such file or directory"))
    assert (asked.look(), asked.told) == ([], [])


def test_a_folder_that_cannot_be_searched_is_told_once_and_ends_nothing(asked: Asked) -> None:
    asked.files("STOP_x")
    asked.look()
    assert len(asked.told) == 1
    aside = asked.folder.with_name("aside")
    asked.folder.rename(aside)
    assert asked.look() == asked.look() == ()
    assert [entry.partition(":")[0] for entry in asked.told] == ["Warning"]
    aside.rename(asked.folder)
    asked.files("EXIT")
    assert asked.look() == [Request("exit", "EXIT")]
    assert asked.told == []


def test_the_name_of_a_stop_file_is_one_that_is_read(asked: Asked) -> None:
    asked.start(1)
    asked.files(stop_file(1))
    assert asked.look() == [Request("stop", "STOP_1", 1)]
