"""Results folders made to do harm: links, pipes, devices, locks, and what stands in their files."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.cli.jobs import SAMPLING
from tests.malice.attempt import INPUTS, JOURNAL, Attempt, Den
from tests.malice.journals import ESCAPES

Change = Callable[[Den, Path], object]
NEVER = 4_000_000_000
"""A time of change that is yet to come: the lock of another host stays alive."""


def folder(command: str, change: Change) -> Callable[[Den], Sequence[str]]:
    """Return what makes a results folder and changes it; resume goes on from it."""

    def bait(den: Den) -> Sequence[str]:
        change(den, den.folder())
        return den.resumed("evil.results") if command == "resume" else command.split()

    return bait


def pipe(name: str) -> Change:
    """Put a pipe in place of a file."""

    def change(den: Den, at: Path) -> None:
        (at / name).unlink(missing_ok=True)
        os.mkfifo(at / name)

    return change


def link(name: str, target: str) -> Change:
    """Put a symbolic link in place of a file or folder; OUT is the folder outside."""

    def change(den: Den, at: Path) -> None:
        if (at / name).is_dir():
            shutil.rmtree(at / name)
        (at / name).unlink(missing_ok=True)
        (at / name).symlink_to(target.replace("OUT", str(den.outside)))

    return change


def lock(fields: Any, begin: str = "") -> Change:
    """Write a lock that other hosts' drivers keep."""

    def change(den: Den, at: Path) -> None:
        (at / "run.lock").write_text(begin + json.dumps(fields))
        os.utime(at / "run.lock", (NEVER, NEVER))

    return change


def alive(then: Change = lambda den, at: None, **fields: Any) -> Change:
    """Write the lock of a living driver, and change more."""

    def change(den: Den, at: Path) -> None:
        lock({"host": "elsewhere", "pid": 1, "began": "1", **fields})(den, at)
        then(den, at)

    return change


def _segments(den: Den, at: Path) -> None:
    for k in range(2, 300):
        (at / f"optimization/journal/{k:06d}.jsonl").touch()


def _numbered(den: Den, at: Path) -> None:
    (at / f"optimization/journal/{'9' * 200}.jsonl").touch()


def _folder_as_segment(den: Den, at: Path) -> None:
    (at / JOURNAL).unlink()
    (at / JOURNAL).mkdir()


def _circle(den: Den, at: Path) -> None:
    (at / JOURNAL).unlink()
    (at / JOURNAL).symlink_to("000001.jsonl")


def _list(text: str) -> Change:
    def change(den: Den, at: Path) -> None:
        (at / "checkpoints/checkpoints.txt").write_text(text)

    return change


def _from_checkpoints(change: Change) -> Callable[[Den], Sequence[str]]:
    def bait(den: Den) -> Sequence[str]:
        change(den, den.folder())
        return den.resumed("evil.results/checkpoints")

    return bait


def _draft_is_a_link(den: Den) -> Sequence[str]:
    (den.work / ".params.results.tmp").symlink_to(den.outside)
    return den.job()


def _draft_has_a_pipe(den: Den) -> Sequence[str]:
    (den.work / ".params.results.tmp").mkdir()
    os.mkfifo(den.work / ".params.results.tmp/run.lock")
    return den.job()


def _results_are_a_link(den: Den) -> Sequence[str]:
    (den.work / "params.results").symlink_to(den.outside / "new")
    return den.job()


def _results_lead_outside(den: Den) -> Sequence[str]:
    (den.work / "params.results").symlink_to(den.outside)
    return ["run", *den.job(), "--resume", "auto"]


def _sessions(den: Den) -> Sequence[str]:
    (den.work / f"params.{'9' * 200}.results").mkdir()
    return ["run", *den.job(), "--resume", "auto"]


def _export_through_a_link(den: Den) -> Sequence[str]:
    den.folder()
    (den.work / "evil.csv").symlink_to(den.secret)
    return ["export", "--csv", "evil.results"]


def _export_through_a_draft(den: Den) -> Sequence[str]:
    den.folder()
    (den.work / ".evil.csv.tmp").symlink_to(den.secret)
    return ["export", "--csv", "evil.results"]


def _plot_through_a_link(den: Den) -> Sequence[str]:
    den.folder()
    (den.work / "evil.png").symlink_to(den.secret)
    return ["plot", "evil.results"]


def _data_is_secret(den: Den, at: Path) -> None:
    (at / INPUTS / "training_set.yaml").unlink()
    (at / INPUTS / "training_set.yaml").symlink_to(den.secret)


def _equal_inputs(den: Den, at: Path) -> None:
    shutil.move(at / INPUTS, den.work / "inputs")
    (at / INPUTS).symlink_to(den.work / "inputs")


def _asked(make: str) -> Callable[[Den], Sequence[str]]:
    """A function that puts something odd in place of an intervention file of its own run."""

    def bait(den: Den) -> Sequence[str]:
        den.write(
            "parameter_interface.yaml",
            (den.base / "parameter_interface.yaml")
            .read_text()
            .replace("LennardJonesParameters", "Parameters"),
        )
        den.write(
            "odd.py",
            f"""\
import os
made = []
def loss(x):
    if not made:
        made.append(1)
        {make.replace("OUT", str(den.outside))}
    return float(x @ x)
""",
        )
        text = "Engine Function\n  Call odd:loss\nEndEngine\nRandomSeed 1\nEvaluator Type=Inline\n"
        text += SAMPLING.replace("10", "50")
        den.write("asked.in", text)
        return ["asked.in"]

    return bait


def attempt(
    name: str, command: str, change: Change, wanted: str, fails: bool = True, reads: bool = False
) -> Attempt:
    return Attempt(name, folder(command, change), wanted, fails, reads=reads)


STATUS, RESUME, PLOT = "status evil.results", "resume", "plot evil.results"
STOP, EXPORT = "stop evil.results", "export --csv evil.results"
HERE = socket.gethostname()
NO_FILE = "it is no file but a pipe or a device"
LINKS = (
    attempt("a pipe as journal", STATUS, pipe(JOURNAL), NO_FILE),
    attempt("a pipe as journal to resume", RESUME, pipe(JOURNAL), NO_FILE),
    attempt("a pipe as journal to export", EXPORT, pipe(JOURNAL), NO_FILE),
    attempt("an endless journal", STATUS, link(JOURNAL, "/dev/zero"), NO_FILE),
    attempt("an endless journal to plot", PLOT, link(JOURNAL, "/dev/urandom"), NO_FILE),
    attempt("a terminal as journal", STATUS, link(JOURNAL, "/dev/tty"), "cannot be read|no file"),
    attempt("a journal that is a folder", STATUS, _folder_as_segment, "Is a directory"),
    attempt("a journal that is itself", RESUME, _circle, "symbolic links"),
    attempt("300 empty segments", STATUS, _segments, "Evaluations", fails=False),
    attempt("a segment of 200 digits", STATUS, _numbered, "000002.jsonl is missing"),
    attempt("a pipe as input", RESUME, pipe(f"{INPUTS}/params.in"), NO_FILE),
    attempt("an endless input", RESUME, link(f"{INPUTS}/params.in", "/dev/zero"), NO_FILE),
    attempt("a pipe as data", RESUME, pipe(f"{INPUTS}/training_set.yaml"), "is no file"),
    attempt(
        "endless data", RESUME, link(f"{INPUTS}/job_collection.yaml", "/dev/zero"), "is no file"
    ),
    attempt("inputs elsewhere", RESUME, _equal_inputs, "Done", fails=False),
    attempt(
        "data that is a secret", RESUME, _data_is_secret, r"training_set\.yaml:1:1: ", reads=True
    ),
    attempt("inputs that lead outside", RESUME, link(INPUTS, "OUT"), r"params\.in", reads=True),
    Attempt("results that are a link", _results_are_a_link, "is there already"),
    Attempt("results that lead outside", _results_lead_outside, "no results folder"),
    Attempt("a draft that is a link", _draft_is_a_link, "is a link: remove it"),
    Attempt("a draft whose lock is a pipe", _draft_has_a_pipe, "Done", fails=False),
    Attempt("session 10**200", _sessions, "no results folder"),
    Attempt("an export through a link", _export_through_a_link, "evil.csv", fails=False),
    Attempt("an export through a draft", _export_through_a_draft, "evil.csv", fails=False),
    Attempt("a plot through a link", _plot_through_a_link, "evil.png", fails=False),
)
LOCKS = (
    attempt("a pipe as lock", STATUS, pipe("run.lock"), "cut short", fails=False),
    attempt("an endless lock", RESUME, link("run.lock", "/dev/zero"), "Done", fails=False),
    attempt("a lock nested deeply", STATUS, lock(1, "[" * 4000), "cut short", fails=False),
    attempt("a lock of 50 MB", STATUS, lock(1, " " * (50 << 20)), "cut short", fails=False),
    attempt("a lock of a path", STATUS, lock({"host": HERE, "pid": "../../x"}), "cut", fails=False),
    attempt("an infinite process", STATUS, lock({"host": HERE, "pid": 1e400}), "cut", fails=False),
    attempt("process -1", STATUS, lock({"host": HERE, "pid": -1, "began": ""}), "cut", fails=False),
    attempt("a host of escape codes", STATUS, alive(host=ESCAPES), "Running", fails=False),
    attempt("a host of escape codes to resume", RESUME, alive(host=ESCAPES), "still alive"),
    attempt(
        "a load of texts",
        STATUS,
        alive(load={"workers": ESCAPES, "in_flight": ESCAPES, "per_s": "x"}),
        "Running",
        False,
    ),
    attempt(
        "a load of 10**12 workers",
        STATUS,
        alive(load={"workers": "w" * 10**3, "in_flight": 1, "per_s": 10**400}),
        "Running",
        False,
    ),
    attempt("a load of a list", STATUS, alive(load=[1]), "Running", False),
    attempt("EXIT leads outside", STOP, alive(link("EXIT", "OUT/canary")), "EXIT cannot be made"),
    attempt("EXIT is a pipe", STOP, alive(pipe("EXIT")), "EXIT cannot be made"),
    attempt(
        "STOP_1 leads outside",
        f"{STOP} --optimizer 1",
        alive(link("STOP_1", "OUT/canary")),
        "STOP_1 cannot be made",
    ),
    attempt(
        "CHKPT leads outside",
        "checkpoint evil.results",
        alive(link("CHKPT", "OUT/canary")),
        "CHKPT cannot be made",
    ),
    Attempt(
        "a run asked by a pipe",
        _asked("os.mkfifo('asked.results/EXIT')"),
        "a file EXIT|EXIT",
        fails=False,
        own_code=True,
    ),
    Attempt(
        "a run asked by a link",
        _asked("os.symlink('OUT/secret.txt', 'asked.results/EXIT')"),
        "EXIT",
        fails=False,
        own_code=True,
    ),
    Attempt(
        "a run asked by an odd name",
        _asked("os.mkfifo('asked.results/STOP_\\x1b[2J')"),
        "asks for nothing",
        fails=False,
        own_code=True,
    ),
    Attempt(
        "a run asked to stop 10**200",
        _asked("os.mkfifo('asked.results/STOP_' + '9' * 200)"),
        "there is no optimizer",
        fails=False,
        own_code=True,
    ),
    Attempt("an empty list of checkpoints", _from_checkpoints(_list("")), "no results folder"),
    Attempt("a list of escape codes", _from_checkpoints(_list(ESCAPES)), "no results folder"),
    Attempt(
        "a list that is a pipe",
        _from_checkpoints(pipe("checkpoints/checkpoints.txt")),
        "no results folder",
    ),
    Attempt("a list of 5 MB", _from_checkpoints(_list("x" * (5 << 20))), "no results folder"),
)
CATALOGUE = {"folder: links and pipes": LINKS, "folder: locks and lists": LOCKS}
