"""Folders for a while, on disks that do not let them go, too."""

import os
from pathlib import Path

import pytest

from paramsrun.temporary import TemporaryFolder


def test_it_is_gone_afterwards_with_all_that_is_in_it() -> None:
    with TemporaryFolder() as folder:
        (folder / "below").mkdir()
        (folder / "below/file").write_text("x")
    assert not folder.exists()


def test_one_that_the_disk_does_not_let_go_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, *, dir_fd: int | None = None) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    with monkeypatch.context() as patch:
        with TemporaryFolder() as folder:
            patch.setattr(os, "rmdir", refuse)
        assert Path(folder).is_dir()
    folder.rmdir()
