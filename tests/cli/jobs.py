"""Small jobs, and ways to run them."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from select import select
from time import monotonic, sleep

import orjson
from click.testing import CliRunner, Result

from paramsrun.cli.command import main

SPHERE = "def loss(x):\n    return float(x @ x)\n"
PARAMETERS = """\
---
dtype: Parameters
---
name: a
value: -1.0
range: [-2.0, 2.0]
is_active: true
---
name: b
value: 1.0
range: [-2.0, 2.0]
is_active: true
...
"""
SAMPLING = (
    "Optimizer\n  Type RandomSampling\n  RandomSampling\n    NumberOfSamples 10\n  End\nEnd\n"
)
CALLS_25 = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 25\nEnd\n"
SEED = "RandomSeed 7\n"
PROGRAM = [sys.executable, "-c", "from paramsrun.cli.command import main; main()"]


def function_job(
    folder: Path, code: str = SPHERE, text: str = SAMPLING + CALLS_25 + SEED, module: str = "plain"
) -> Path:
    """Write a job that minimises `loss` of a module; return its input file."""
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(code)
    (folder / "parameter_interface.yaml").write_text(PARAMETERS)
    file = folder / "params.in"
    file.write_text(f"Engine Function\n  Call {module}:loss\nEndEngine\n{text}")
    return file


LJ_PARAMETERS = """\
---
dtype: LennardJonesParameters
---
name: eps
value: 3.0e-4
range: [1.0e-4, 1.0e-3]
is_active: true
---
name: rmin
value: 4.1
range: [3.0, 5.0]
is_active: true
...
"""
DISTANCES = (3.5, 3.7, 3.9, 4.2, 4.6, 5.0)


def lennard_jones_job(
    folder: Path, text: str = "", distances: tuple[float, ...] = DISTANCES
) -> Path:
    """Write a job on energies and distances of dimers; return its input file."""
    folder.mkdir(exist_ok=True)
    jobs, entries = ["---\ndtype: JobCollection\n"], ["---\ndtype: DataSet\n"]
    for k, r in enumerate(distances):
        jobs.append(
            f"---\nID: d{k}\nAMSInput: |\n  Task SinglePoint\n  system\n    atoms\n"
            f"      Ar 0.0 0.0 0.0\n      Ar 0.0 0.0 {r}\n    end\n  end\n"
        )
        entries.append(
            f"---\nExpression: energy('d{k}')\nWeight: 1.0\nSigma: 1.0\n"
            f"ReferenceValue: {-0.1 * k}\nUnit: kcal/mol, 627.5\n"
        )
    (folder / "job_collection.yaml").write_text("".join(jobs) + "...\n")
    (folder / "training_set.yaml").write_text("".join(entries) + "...\n")
    (folder / "parameter_interface.yaml").write_text(LJ_PARAMETERS)
    file = folder / "params.in"
    file.write_text(text or SAMPLING + CALLS_25 + SEED)
    return file


def paramsrun(*arguments: object) -> Result:
    """Run a command in this process, in the current folder."""
    return CliRunner().invoke(main, list(map(str, arguments)))


def start(
    *arguments: object,
    folder: Path,
    before: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[str]":
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        preexec_fn=before,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(true: Callable[[], object], what: str, limit_s: float = 90.0) -> None:
    """Wait until something holds that another process brings about; the limit is for hanging."""
    end = monotonic() + limit_s
    while not true():
        assert monotonic() < end, f"not in {limit_s:g} s: {what}"
        sleep(0.02)


class Gated:
    """A job that waits in the middle of an evaluation until it is let on or ended.

    Its function says through a FIFO that it is being evaluated, then waits for another.
    """

    def __init__(self, folder: Path, n_done: int, text: str) -> None:
        code = f"""
n = 0
def loss(x):
    global n
    n += 1
    if n == {n_done} + 2:  # the initial evaluation is the first
        with open("ready", "w") as ready:
            ready.write("ready")
        open("go").close()
    return float(x @ x)
"""
        self._ready, self._go = folder / "ready", folder / "go"
        for fifo in (self._ready, self._go):
            os.mkfifo(fifo)
        self.process = start(function_job(folder / "job", code, text), folder=folder)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self.process.stderr is not None
        with self._ready.open("r+b", buffering=0) as fifo:  # for writing, too: opens at once
            told, _, _ = select([fifo.fileno(), self.process.stderr.fileno()], [], [])
            assert told == [fifo.fileno()], self.process.communicate()

    def go(self) -> None:
        """Let the job on."""
        self._go.write_text("")

    def end(self) -> str:
        """Let it on and wait for its end; return what it printed."""
        self.go()
        return self.rest()

    def rest(self) -> str:
        """Wait for its end; return what it printed."""
        output, errors = self.process.communicate()
        assert (self.process.returncode, errors) == (0, "")
        return output


def journal_of(folder: Path) -> list[dict[str, object]]:
    """Return the events of a results folder as they stand in its journal, but a torn last one."""
    segments = sorted((folder / "optimization/journal").glob("*.jsonl"))
    whole = b"".join(path.read_bytes() for path in segments).split(b"\n")[:-1]
    return [orjson.loads(line) for line in whole]


def story(folder: Path) -> list[dict[str, object]]:
    """Return what two equal journals share: start, eval, inject and end events without t."""
    told = ("start", "eval", "inject", "end")
    return [{k: v for k, v in e.items() if k != "t"} for e in journal_of(folder) if e["e"] in told]


def evaluations_of(folder: Path) -> list[dict[str, object]]:
    """Return the evaluations of a journal, without the initial one."""
    return [e for e in journal_of(folder) if e["e"] == "eval" and e["o"]]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
