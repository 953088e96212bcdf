"""What a terminal shows: log lines, and one live line below them that is gone at the end."""

import os
import pty
import re
import subprocess
import termios
from pathlib import Path

from tests.cli.jobs import PROGRAM, function_job

COLUMNS = 50
CLEAR = "\r\x1b[K"


def shown_on_terminal(file: Path, folder: Path, term: str = "xterm") -> str:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, COLUMNS))
    environment = {**os.environ, "TERM": term}
    environment.pop("COLUMNS", None)
    run = subprocess.Popen(
        [*PROGRAM, str(file)], cwd=folder, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert run.wait() == 0
    return shown.decode().replace("\r\n", "\n")


def test_the_live_line_stays_on_one_line_and_is_gone_at_the_end(tmp_path: Path) -> None:
    shown = shown_on_terminal(function_job(tmp_path / "job"), tmp_path)
    pieces = shown.split(CLEAR)
    live = [piece for piece in pieces if re.match(r"\d+ evaluation", piece)]
    assert live
    assert all(len(piece) < COLUMNS and "\n" not in piece for piece in live)
    assert pieces[-1] == ""
    text = "".join(piece.rpartition("\n")[0] + "\n" for piece in pieces if "\n" in piece)
    assert text == (tmp_path / "params.results/job.log").read_text()


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    shown = shown_on_terminal(function_job(tmp_path / "job"), tmp_path, term="dumb")
    assert shown == (tmp_path / "params.results/job.log").read_text()
