"""The jobs that scale.py runs: long, many-headed, wide, with many jobs, and with long lines."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

CODE = """
import numpy as np
from zlib import crc32
def free(x):
    return float(x @ x)
def rough(x):
    return crc32(x.tobytes()) / 2**32
def wavy(x):
    return float(((x - 0.3) ** 2).sum() + 0.1 * (1.0 - np.cos(9.0 * x)).sum())
def residuals(x):
    r = x - 0.3
    r[1:] += 0.5 * x[:-1] ** 2
    return np.concatenate([r, 0.1 * np.sin(3.0 * x)])
ANGLES = np.arange(2000.0) / 2000
def long_residuals(x):
    return np.sin(3.0 * ANGLES * x[0]) - 0.3 + (ANGLES * x[1:].sum()) ** 2
"""
CMAES = "Optimizer\n   Type CMAES\nEnd\n"
SAMPLING = (
    "Optimizer\n   Type RandomSampling\n   RandomSampling\n"
    "      NumberOfSamples 1000000000\n   End\nEnd\n"
)
LEAST_SQUARES = "Optimizer\n   Type LeastSquares\nEnd\n"
INLINE = "Evaluator\n   Type Inline\nEnd\n"
RANDOM = "Generator\n   Type Random\nEnd\n"
SAVED_AT_END = "CheckpointControl\n   EverySeconds -1\n   AtEnd Yes\n   NamingFormat end\nEnd\n"
STOPPERS = (
    "Stopper\n   Type CurrentFunctionValueUnmoving\n   CurrentFunctionValueUnmoving\n"
    "      NumberOfFunctionCalls 10\n      Tolerance 1e-6\n   End\nEnd\n"
    "Stopper\n   Type MaxInteroptimizerDistance\n   MaxInteroptimizerDistance\n"
    "      MaxRelativeDistance 1e-6\n   End\nEnd\n"
    "Stopper\n   Type MaxFunctionCalls\n   MaxFunctionCalls {}\nEnd\n"
    "StopperBooleanCombination 1 | 2 | 3\nApplyStoppersToBestOptimizer Yes\n"
)
CALLS_OF_ONE = 50
"""Evaluations after which an optimizer is stopped, where many are started and stopped."""


def scipy(algorithm: str) -> str:
    """Return the Optimizer block of one of SciPy's algorithms."""
    return f"Optimizer\n   Type Scipy\n   Scipy\n      Algorithm {algorithm}\n   End\nEnd\n"


class Size(NamedTuple):
    """What a job is to be measured on."""

    calls: int
    title: str
    """What is large, in words."""
    n_params: int = 10
    n_jobs: int = 0


class Kind(NamedTuple):
    """A job, and the sizes at which its costs are to be the same."""

    text: str
    sizes: Callable[[float], list[Size]]
    loss: str = "free"
    pycma: bool = False
    """Whether bare pycma is timed beside it."""
    across: bool = False
    """Whether the sizes are compared, per job of the collection; else the run's two ends."""


def _calls(most: int, n_params: int = 10) -> Callable[[float], list[Size]]:
    def sizes(scale: float) -> list[Size]:
        calls = max(100, round(most * scale))
        n = n_params if n_params <= 10 else max(5, round(n_params * min(1.0, scale)))
        return [Size(calls, f"{calls:,} evaluations, {n} parameters", n)]

    return sizes


def _optimizers(scale: float) -> list[Size]:
    n = max(4, round(1000 * scale))
    return [Size(n * CALLS_OF_ONE, f"{n:,} optimizers or more started")]


def _jobs(scale: float) -> list[Size]:
    few, many = max(2, round(100 * scale)), max(20, round(10_000 * scale))
    return [
        Size(max(100, round(4000 * scale)), f"{few:,} jobs", 2, few),
        Size(max(100, round(400 * scale)), f"{many:,} jobs", 2, many),
    ]


def _several(at_once: int) -> str:
    stoppers = STOPPERS.format(CALLS_OF_ONE)
    levels = f"ParallelLevels Optimizations={at_once} ParameterVectors=1\n"
    return levels + RANDOM + stoppers + CMAES + scipy("Nelder-Mead") + INLINE


def _workers(n: int) -> str:
    return CMAES + (f"Evaluator\n   Type Processes\n   Workers {n}\nEnd\n" if n > 1 else INLINE)


KINDS = {
    "sampling": Kind(SAMPLING + INLINE, _calls(1_000_000)),
    "cmaes": Kind(CMAES + RANDOM + INLINE, _calls(1_000_000), pycma=True),
    "nelder-mead": Kind(scipy("Nelder-Mead") + RANDOM + INLINE, _calls(1_000_000)),
    "optimizers-10": Kind(_several(10), _optimizers, "wavy"),
    "optimizers-100": Kind(_several(100), _optimizers, "wavy"),
    "wide-sampling": Kind(SAMPLING + INLINE, _calls(10_000, 500)),
    "wide-cmaes": Kind(CMAES + INLINE, _calls(20_000, 500), pycma=True),
    "wide-nelder-mead": Kind(scipy("Nelder-Mead") + INLINE, _calls(10_000, 500)),
    "wide-l-bfgs-b": Kind(scipy("L-BFGS-B") + INLINE, _calls(10_000, 500), "wavy"),
    "wide-least-squares": Kind(LEAST_SQUARES + INLINE, _calls(10_000, 500), "residuals"),
    "jobs-1": Kind(_workers(1), _jobs, across=True),
    "jobs-2": Kind(_workers(2), _jobs, across=True),
    "journal-points": Kind(SAMPLING + INLINE, _calls(21_000, 500), "rough"),
    "journal-residuals": Kind(LEAST_SQUARES + RANDOM + INLINE, _calls(9_300), "long_residuals"),
}


def write_job(folder: Path, kind: Kind, size: Size) -> None:
    """Write the input of a job, params.in, that of its resume, again.in, and their data."""
    folder.mkdir(parents=True)
    text = f"RandomSeed 1\n{kind.text}{SAVED_AT_END}"
    if size.n_jobs:
        _write_collection(folder, size.n_jobs)
    else:
        (folder / "loss.py").write_text(CODE)
        (folder / "parameter_interface.yaml").write_text(
            "---\ndtype: Parameters\n"
            + "".join(
                f"---\nname: p{i}\nvalue: 0.7\nrange: [0.0, 1.0]\nis_active: true\n"
                for i in range(size.n_params)
            )
        )
        text += f"Engine Function\n   Call loss:{kind.loss}\nEndEngine\n"
    (folder / "params.in").write_text(text + _budget(size.calls))
    more = _budget(size.calls + 10)
    (folder / "again.in").write_text(f"ResumeCheckpoint params.results\n{more}")


def _budget(calls: int) -> str:
    return f"ExitCondition\n   Type MaxTotalFunctionCalls\n   MaxTotalFunctionCalls {calls}\nEnd\n"


def _write_collection(folder: Path, n_jobs: int) -> None:
    """Write a Lennard-Jones job for each of n clusters of two to five atoms, an entry for each."""
    (folder / "parameter_interface.yaml").write_text(
        "---\ndtype: LennardJonesParameters\n"
        "---\nname: eps\nvalue: 3.0e-4\nrange: [1.0e-4, 1.0e-3]\nis_active: true\n"
        "---\nname: rmin\nvalue: 4.1\nrange: [3.0, 5.0]\nis_active: true\n"
    )
    jobs, entries = "---\ndtype: JobCollection\n", "---\ndtype: DataSet\n"
    (folder / "job_collection.yaml").write_text(jobs + "".join(map(_job, range(n_jobs))))
    (folder / "training_set.yaml").write_text(entries + "".join(map(_entry, range(n_jobs))))


def _job(i: int) -> str:
    return (
        f"---\nID: cluster_{i}\nAMSInput: |\n  Task SinglePoint\n  system\n    atoms\n"
        f"{''.join(_atoms(i))}    end\n  end\n"
    )


def _atoms(i: int) -> Iterator[str]:
    distance = 3.5 + 1e-4 * i
    corners = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0))
    for corner in corners[: 2 + i % 4]:
        yield "      Ar " + " ".join(f"{distance * c:.6f}" for c in corner) + "\n"


def _entry(i: int) -> str:
    return (
        f"---\nExpression: energy('cluster_{i}')\nWeight: 1.0\nSigma: 0.001\n"
        f"ReferenceValue: {-0.0004 * (1 + i % 4)}\n"
    )
