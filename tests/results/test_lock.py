"""The lock of a results folder says whether its driver lives."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from paramsrun.errors import RunError
from paramsrun.results import lock
from paramsrun.results.lock import Keeper, alive, owner


def write(folder: Path, **fields: object) -> Path:
    path = folder / lock.NAME
    path.write_text(json.dumps(owner() | fields))
    return path


def test_this_process_is_alive(tmp_path: Path) -> None:
    write(tmp_path)
    assert alive(tmp_path) == {"host": socket.gethostname(), "pid": os.getpid()}


def test_another_process_with_the_same_number_is_not_the_driver(tmp_path: Path) -> None:
    write(tmp_path, began="1")
    assert alive(tmp_path) is None


def test_a_process_that_ended_is_not_alive_even_before_its_parent_noticed(tmp_path: Path) -> None:
    waits = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        write(tmp_path, pid=process.pid, began=lock._began(process.pid))
        assert alive(tmp_path) is not None
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert alive(tmp_path) is None
    assert alive(tmp_path) is None


def test_a_lock_of_another_host_is_held_while_it_is_touched(tmp_path: Path) -> None:
    path = write(tmp_path, host="elsewhere", pid=5)
    assert alive(tmp_path) == {"host": "elsewhere", "pid": 5}
    now = path.stat().st_mtime
    os.utime(path, (now - 61, now - 61))
    assert alive(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"host": 1, "pid": "x"}', "null"])
def test_what_is_no_lock_holds_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / lock.NAME).write_text(text)
    assert alive(tmp_path) is None


def test_a_folder_without_a_lock_is_free(tmp_path: Path) -> None:
    assert alive(tmp_path) is None


def test_a_keeper_holds_the_lock_and_leaves_none_behind(tmp_path: Path) -> None:
    with Keeper(tmp_path, lambda: None):
        assert alive(tmp_path) is not None
    assert not (tmp_path / lock.NAME).exists()


def test_a_keeper_leaves_the_lock_of_a_run_that_has_its_folder_s_name_now(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with Keeper(tmp_path, lambda: None):
            began = lock._began(other.pid)
            text = json.dumps(owner() | {"pid": other.pid, "began": began})
            (tmp_path / lock.NAME).write_text(text)
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == other.pid
        other.communicate()


def test_a_keeper_syncs_and_touches_whatever_the_disk_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SYNC_S", 0.001)
    monkeypatch.setattr(lock, "TOUCH_S", 0.002)
    several = threading.Semaphore(0)

    def sync() -> None:
        several.release()
        if not path.stat().st_mtime:
            raise OSError(28, "No space left on device")

    path = tmp_path / lock.NAME
    with Keeper(tmp_path, sync):
        os.utime(path, (0, 0))
        for _ in range(10):
            assert several.acquire(timeout=60)


def test_a_lock_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "nowhere", lambda: None)
    with pytest.raises(RunError, match=r"The lock .*run\.lock cannot be written: "):
        keeper.__enter__()
