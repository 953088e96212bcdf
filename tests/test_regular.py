"""Opening files: what is none is told at once, and not read."""

import os
from pathlib import Path

import pytest

from paramsrun.regular import opened


def test_a_file_is_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    with opened(tmp_path / "b") as file:
        assert file.read() == b"x"


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file but a pipe"):
        opened(tmp_path / "pipe")


def test_a_device_is_no_file() -> None:
    with pytest.raises(OSError, match="no file but a pipe or a device"):
        opened(Path("/dev/zero"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        opened(tmp_path)
