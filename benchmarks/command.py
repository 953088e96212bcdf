"""What Engine Command adds to a program: an evaluation against a bare subprocess.run of it.

    python benchmarks/command.py [repeats]

The programs do nothing, so that all that counts is to make and fill a folder, to start the program,
to see it end, to read its loss and to remove the folder. For `true` the loss is read from the file
in which it would find its parameters. Bare runs and evaluations alternate; each ratio is the median
of neighbours. Folders lie in memory where there is /dev/shm, so that the program is measured
and not the disk; the same on the disk of the temporary folder is printed below.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from paramsrun.job import Job
from paramsrun.problem.black_box import HasFolder
from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem

CALLS = 100
INTERFACE = "---\nname: lr\nvalue: 0.5\nrange: [0.0, 1.0]\nis_active: true\n"
FROM_JSON = "LossFile parameters.json\n   LossKey lr\n"
ROWS = (
    ("true, its loss in a JSON file", ("/bin/true",), FROM_JSON, "3"),
    ("true, with a Timeout", ("/bin/true",), f"{FROM_JSON}   Timeout 60\n", "3"),
    ("true, its folder kept", ("/bin/true",), f"{FROM_JSON}   KeepFolders All\n", "none"),
    (
        "true, with a template and a file",
        ("/bin/true",),
        f"{FROM_JSON}   Template t\n   File f\n",
        "3",
    ),
    ("echo, its loss printed", ("/bin/echo", "3.5"), "", "3"),
)


MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


def bare(arguments: tuple[str, ...]) -> float:
    """Return the seconds of one run, what it prints thrown away."""
    began = time.perf_counter()
    for _ in range(CALLS):
        subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) / CALLS


def managed(problem: Problem, first: int) -> float:
    """Return the seconds of one evaluation."""
    x = problem.parameters.x0
    began = time.perf_counter()
    for number in range(first, first + CALLS):
        assert not problem.evaluate(x, Key(1, number)).failures
    return (time.perf_counter() - began) / CALLS


def compare(arguments: tuple[str, ...], keys: str, where: Path | None, repeats: int) -> str:
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        (folder / "parameter_interface.yaml").write_text(INTERFACE)
        (folder / "t").write_text("learning_rate = {{lr}}\n")
        (folder / "f").write_text("0 1 2\n" * 1000)
        (folder / "params.in").write_text(
            f"Engine Command\n   Command {' '.join(arguments)}\n   {keys}EndEngine\n"
        )
        with Job.load(folder / "params.in") as job:
            assert isinstance(job.problem.training, HasFolder)
            job.problem.training.work_in(folder / "bench.results", {})
            pairs = [
                (managed(job.problem, 1 + k * CALLS), bare(arguments)) for k in range(repeats + 1)
            ][1:]
    ms, bare_ms = (1e3 * statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(m / b for m, b in pairs)
    return f"{ms:5.2f} ms against {bare_ms:5.2f} ms  ratio {ratio:.2f}"


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for title, arguments, keys, budget in ROWS:
        print(f"{title:34} {compare(arguments, keys, MEMORY, repeats)}  (budget {budget})")
    print("The same on disk:")
    for title, arguments, keys, _ in ROWS:
        print(f"{title:34} {compare(arguments, keys, None, repeats)}")


if __name__ == "__main__":
    main()
